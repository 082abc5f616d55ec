/**
 * Says a minified module with fewer bytes, after esbuild; what it does stays the same:
 * - Top-level function declarations become arrow functions in one `let` at the start: declarations are hoisted, and so are these. What
 *   needs a function stays one (`this`, `arguments`, generators), and so does what statements may redefine.
 * - What occurs often gets a name: strings, long numbers, `void 0`, JavaScript's own classes, functions of `Math`, `Object`, `Number`.
 * - `this` gets a one-letter name in methods that say it often.
 * - Fields without a value that the constructor sets anyway are not declared.
 */
import ts from 'typescript';

export function squeeze(text: string): string {
  return nameRepetitions(declarationsToArrows(text));
}

function parse(text: string): ts.SourceFile {
  return ts.createSourceFile('min.js', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
}

function declarationsToArrows(text: string): string {
  const source = parse(text);
  const assigned = assignedNames(source);
  const arrows: string[] = [];
  let rest = '';
  let done = 0;
  for (const statement of source.statements) {
    if (!ts.isFunctionDeclaration(statement) || !statement.name || !statement.body) continue;
    if (statement.asteriskToken || assigned.has(statement.name.text) || needsFunction(statement.body))
      continue;
    arrows.push(`${statement.name.text}=${arrow(statement, statement.body)}`);
    rest += text.slice(done, statement.getStart(source));
    done = statement.end;
  }
  rest += text.slice(done);
  return arrows.length === 0 ? text : `let ${arrows.join(',')};${rest}`;
}

function arrow(node: ts.FunctionDeclaration, body: ts.Block): string {
  const [only] = node.parameters;
  const simple =
    node.parameters.length === 1 && ts.isIdentifier(only.name) && !only.initializer && !only.dotDotDotToken;
  const parameters = node.parameters.map((parameter) => parameter.getText()).join(',');
  const prefix = node.modifiers?.some((m) => m.kind === ts.SyntaxKind.AsyncKeyword) ? 'async' : '';
  const head = simple ? `${prefix && 'async '}${parameters}` : `${prefix}(${parameters})`;
  const [statement] = body.statements;
  if (body.statements.length === 1 && ts.isReturnStatement(statement) && statement.expression) {
    const value = statement.expression.getText();
    const bare = !value.startsWith('{') && !isSequence(statement.expression);
    return `${head}=>${bare ? value : `(${value})`}`;
  }
  return `${head}=>${body.getText()}`;
}

function isSequence(node: ts.Expression): boolean {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.CommaToken;
}

/** `this` and `arguments` of the function itself; arrow functions inside have no others. */
function needsFunction(node: ts.Node): boolean {
  if (node.kind === ts.SyntaxKind.ThisKeyword || ts.isMetaProperty(node)) return true;
  if (ts.isIdentifier(node) && node.text === 'arguments') return true;
  if (ts.isFunctionLike(node) && !ts.isArrowFunction(node)) return false;
  if (ts.isClassLike(node)) return false;
  return ts.forEachChild(node, needsFunction) ?? false;
}

/** Names that are assigned to, or made with `new`, anywhere. */
function assignedNames(source: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && ts.isIdentifier(node.left)) {
      const { kind } = node.operatorToken;
      if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment)
        names.add(node.left.text);
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) names.add(node.expression.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Puts the edits in, with spaces where words would touch. None overlaps another. */
function apply(text: string, edits: readonly Edit[]): string {
  let result = '';
  let done = 0;
  for (const { start, end, text: by } of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(done, start);
    if (by !== '' && /[\w$]$/.test(result)) result += ' ';
    result += by;
    if (by !== '' && !/[;,]$/.test(by) && /[\w$]/.test(text[end])) result += ' ';
    done = end;
  }
  return result + text.slice(done);
}

function nameRepetitions(text: string): string {
  const source = parse(text);
  const places = new Map<string, ts.Node[]>();
  const words = new Set<string>();
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) words.add(node.text);
    const value = repeated(node);
    if (value !== undefined) places.set(value, [...(places.get(value) ?? []), node]);
    else ts.forEachChild(node, visit);
    if (ts.isMethodDeclaration(node) || ts.isGetAccessor(node) || ts.isConstructorDeclaration(node)) {
      edits.push(...nameThis(node));
    } else if (ts.isClassLike(node)) edits.push(...withoutFields(node));
  };
  visit(source);
  const named: string[] = [];
  const name = names(words);
  for (const [value, nodes] of places) {
    // Two letters for each use; `x$=value,` once.
    if (nodes.length * (value.length - 2) <= value.length + 4) continue;
    const word = name();
    named.push(`${word}=${value}`);
    for (const node of nodes) edits.push({ start: node.getStart(source), end: node.end, text: word });
  }
  const edited = apply(text, edits);
  if (named.length === 0) return edited;
  // The module may begin with the `let` of its functions.
  return `let ${named.join(',')}${edited.startsWith('let ') ? `,${edited.slice(4)}` : `;${edited}`}`;
}

const CLASSES =
  /^((Int|Uint|Float)\d\d?Array|ArrayBuffer|DataView|TypeError|RangeError|Map|Set|WeakMap|WeakSet|Array|Object|Promise|String|Number)$/;

/** A use of one of JavaScript's classes, not a member of that name. */
function isClass(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || !CLASSES.test(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isNewExpression(parent) || (ts.isBinaryExpression(parent) && parent.right === node);
}

/** The text of an expression that means the same everywhere. */
function repeated(node: ts.Node): string | undefined {
  const { parent } = node;
  if (ts.isStringLiteral(node)) {
    if (ts.isExportDeclaration(parent) || ts.isImportDeclaration(parent) || ts.isCaseClause(parent))
      return undefined;
    if ((ts.isPropertyAssignment(parent) || ts.isClassElement(parent)) && parent.name === node)
      return undefined;
    // Engines know comparisons of `typeof` with a literal.
    if (ts.isBinaryExpression(parent) && [parent.left, parent.right].some(ts.isTypeOfExpression))
      return undefined;
    return node.getText();
  }
  if (ts.isVoidExpression(node) || isClass(node)) return node.getText();
  if (ts.isNumericLiteral(node) && !(ts.isPropertyAssignment(parent) && parent.name === node)) {
    return node.getText().length > 6 ? node.getText() : undefined;
  }
  const isFunction =
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    ['Math', 'Object', 'Number'].includes(node.expression.text) &&
    !(ts.isPropertyAccessExpression(parent) && parent.expression === node);
  return isFunction ? node.getText() : undefined;
}

/** Names of two letters that occur nowhere. */
function names(words: ReadonlySet<string>): () => string {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const free = [...'$_0123456789']
    .flatMap((second) => [...letters].map((first) => first + second))
    .filter((n) => !words.has(n));
  return () => {
    const next = free.shift();
    if (next === undefined) throw new Error('too many names');
    return next;
  };
}

type Method = ts.MethodDeclaration | ts.GetAccessorDeclaration | ts.ConstructorDeclaration;

function nameThis(method: Method): Edit[] {
  const uses: ts.Node[] = [];
  const words = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.ThisKeyword) uses.push(node);
    if (ts.isIdentifier(node)) words.add(node.text);
    const other = ts.isClassLike(node) || (ts.isFunctionLike(node) && !ts.isArrowFunction(node));
    if (!other) ts.forEachChild(node, visit);
    else
      (node.getText().match(/[\w$]+/g) ?? []).forEach((word) => {
        words.add(word);
      });
  };
  // Before `super()` there is no `this`.
  const derived = ts.isConstructorDeclaration(method) && method.parent.heritageClauses !== undefined;
  if (derived || method.body === undefined) return [];
  for (const parameter of method.parameters) visit(parameter);
  const inParameters = uses.length;
  visit(method.body);
  const letter = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].find((l) => !words.has(l));
  const start = method.body.getStart() + 1;
  const first = method.body.statements[0]?.getText() ?? '';
  // `let a=this,{b}=a` is shorter than two statements.
  const more = /^let[\s{[]/.test(first);
  const text = more ? `let ${letter}=this,` : `let ${letter}=this;`;
  const end = more ? start + (first[3] === ' ' ? 4 : 3) : start;
  if (inParameters > 0 || letter === undefined || uses.length * 3 <= text.length - (end - start)) return [];
  return [
    { start, end, text },
    ...uses.map((node) => ({ start: node.getStart(), end: node.end, text: letter })),
  ];
}

function withoutFields(node: ts.ClassLikeDeclaration): Edit[] {
  const maker = node.members.find(ts.isConstructorDeclaration);
  const set = new Set<string>();
  for (const statement of maker?.body?.statements ?? []) {
    for (const [, name] of statement.getText().matchAll(/(?:^|,)this\.(\w+)=/g)) set.add(name);
  }
  return node.members
    .filter((member) => ts.isPropertyDeclaration(member) && !member.initializer && !member.modifiers?.length)
    .filter((member) => set.has(member.name!.getText()))
    .map((member) => ({ start: member.getStart(), end: member.end, text: '' }));
}
