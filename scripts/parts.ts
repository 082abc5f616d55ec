/**
 * Writes src/compiler/javascript/ahead/parts.generated.ts: each function of src/runtime/numerics.ts and of ahead/parts/ as a text in
 * ECMAScript 5, with the names that it needs. Functions of `Math` become names too (`imul` for `Math.imul`), which a dialect defines.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import ts from 'typescript';

const FOLDER = 'src/compiler/javascript/ahead/parts';
const SOURCES = ['src/runtime/numerics.ts', ...readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`)];
const TARGET = 'src/compiler/javascript/ahead/parts.generated.ts';
/** What numerics.ts calls otherwise. */
const RENAMED: Readonly<Record<string, string>> = { words: 'W' };
/** Of numerics.ts: shared.ts has `W`. */
const LEFT_OUT = ['var Words =', 'var W = new Words('];
const BUILT_IN: Readonly<Record<string, string>> = {
  'Number.isNaN': 'isNaN',
  'Object.is': 'is',
  'Number.NaN': 'NaN',
};
/** Functions of `Math` that every engine has, and has right. */
const COMMON_MATH = new Set(['floor', 'ceil', 'abs']);

/** Names that a dialect gives a meaning (ahead/file.ts). */
const GIVEN = ['imul', 'clz32', 'fround', 'trunc', 'min', 'max', 'sqrt', 'messages', 'toI64', 'fromI64'];

interface Found {
  readonly name: string;
  readonly text: string;
}

/** Names in parts that files of modules do not use are short: what is not exported, or at the end of its file, for other parts. */
const SHORT = new Map<string, string>();
for (const source of SOURCES.filter((name) => name.startsWith(FOLDER))) {
  const file = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.ES2022);
  for (const statement of file.statements) {
    const isFunction = ts.isFunctionDeclaration(statement);
    if (!isFunction && !ts.isVariableStatement(statement)) continue;
    const kinds = (statement.modifiers ?? []).map(({ kind }) => kind);
    if (kinds.includes(ts.SyntaxKind.ExportKeyword) || kinds.includes(ts.SyntaxKind.DeclareKeyword)) continue;
    const names = isFunction
      ? [statement.name!]
      : statement.declarationList.declarations.map(({ name }) => name);
    for (const name of names) {
      const { text } = name as ts.Identifier;
      if (SHORT.has(text)) throw new Error(`two parts have the name ${text}`);
      SHORT.set(text, `$${SHORT.size.toString(36)}`);
    }
  }
}

/** Those that a file declares or imports. */
function shortNames(file: ts.SourceFile): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const add = (name: ts.Node): void => {
    const { text } = name as ts.Identifier;
    const short = SHORT.get(text);
    if (short !== undefined) names.set(text, short);
  };
  for (const statement of file.statements) {
    if (ts.isFunctionDeclaration(statement)) add(statement.name!);
    else if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) add(name);
    else if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings !== undefined && ts.isNamedImports(bindings))
        for (const { name } of bindings.elements) add(name);
    }
  }
  return names;
}

/**
 * A power of two as a number that every engine reads exactly. `Math.pow`, which ECMAScript 5 has in its place, is inexact in Espruino, and so
 * are constants of 2^53 and more there: write those as products.
 */
function powerOfTwo(node: ts.BinaryExpression): ts.Expression {
  const { left, right } = node;
  const power = ts.isNumericLiteral(right) ? Number(right.text) : Number.NaN;
  if (!ts.isNumericLiteral(left) || left.text !== '2' || !(power <= 53)) {
    throw new Error(`${node.getText()}: only powers of two up to 2 ** 53 can stand in a part`);
  }
  return ts.factory.createNumericLiteral(2 ** power);
}

/** `Math.imul` and others as names, and renamed names. */
const asNames: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const own = file.fileName.startsWith(FOLDER) ? shortNames(file) : new Map<string, string>();
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isShorthandPropertyAssignment(node) && own.has(node.name.text)) {
      throw new Error(`${file.fileName}: ${node.name.text} is a name that is made short`);
    }
    if (ts.isPropertyAssignment(node)) {
      return ts.factory.updatePropertyAssignment(
        node,
        node.name,
        ts.visitNode(node.initializer, visit) as ts.Expression,
      );
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken) {
      return powerOfTwo(node);
    }
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const whole = `${node.expression.text}.${node.name.text}`;
      const name = BUILT_IN[whole];
      if (name !== undefined) return ts.factory.createIdentifier(name);
      if (
        node.expression.text === 'Math' &&
        !file.fileName.startsWith(FOLDER) &&
        !COMMON_MATH.has(node.name.text)
      ) {
        return ts.factory.createIdentifier(node.name.text);
      }
    }
    if (ts.isPropertyAccessExpression(node)) {
      const from = ts.visitNode(node.expression, visit) as ts.Expression;
      return ts.factory.updatePropertyAccessExpression(node, from, node.name);
    }
    if (ts.isIdentifier(node)) {
      const renamed = RENAMED[node.text] ?? own.get(node.text);
      if (renamed !== undefined) return ts.factory.createIdentifier(renamed);
    }
    return ts.visitEachChild(node, visit, context);
  };
  return ts.visitNode(file, visit) as ts.SourceFile;
};

function declarations(source: string): Found[] {
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: { target: ts.ScriptTarget.ES5, module: ts.ModuleKind.ESNext, removeComments: true },
    transformers: { before: [asNames] },
  });
  const file = ts.createSourceFile('parts.js', outputText, ts.ScriptTarget.ES5, true);
  const found: Found[] = [];
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) continue;
    const text = statement.getText(file).replace(/^export /, '');
    if (ts.isFunctionDeclaration(statement)) found.push({ name: statement.name!.text, text });
    else if (ts.isVariableStatement(statement)) {
      const [declaration] = statement.declarationList.declarations;
      found.push({ name: (declaration.name as ts.Identifier).text, text });
    } else throw new Error(`${source}: neither a function nor a variable: ${text}`);
  }
  return found.filter(({ text }) => !LEFT_OUT.some((start) => text.startsWith(start)));
}

/** Names that a text uses and others define. */
function needsOf({ name, text }: Found): string[] {
  const needs = new Set<string>();
  const file = ts.createSourceFile('part.js', text, ts.ScriptTarget.ES5, true);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isProperty =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      if (!isProperty && node.text !== name) needs.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...needs];
}

/** Characters in strings that a terminal or a board's console takes for commands. */
function escaped(code: string): string {
  return [...code]
    .map((char) => (char < ' ' ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}` : char))
    .join('');
}

const all = SOURCES.flatMap(declarations);
const names = new Set(all.map(({ name }) => name));
const twice = all.find(({ name }, k) => all.findIndex((other) => other.name === name) < k);
if (twice !== undefined) throw new Error(`two parts have one name: ${twice.text}`);
for (const name of GIVEN) names.add(name);
const rows = all.map((found) => {
  const { code } = transformSync(found.text, { minify: true, target: 'es5', charset: 'ascii' });
  const needs = needsOf({ name: found.name, text: code }).filter((name) => names.has(name));
  const text = escaped(code.trim());
  return `  ${JSON.stringify(found.name)}: { text: ${JSON.stringify(text)}, needs: ${JSON.stringify(needs)} },\n`;
});
const written = `/** Written by scripts/parts.ts. */\nexport const PARTS: Readonly<Record<string, { readonly text: string; readonly needs: readonly string[] }>> = {\n${rows.join('')}};\n`;
// What is the same stays: a compiler may be reading it.
if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== written) writeFileSync(TARGET, written);
