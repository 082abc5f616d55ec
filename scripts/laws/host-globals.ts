/**
 * Law 4: the core names no host. The files are type-checked against ECMAScript alone, without the types of Node or of a browser:
 * a name that resolves to nothing is a host's global. What ECMAScript has and the core must not use is listed here.
 */
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

/** Ambient globals of ECMAScript that would make a guest depend on its host, or that evaluate code. */
const BANNED = new Set(['Date', 'eval', 'Function', 'globalThis', 'Intl']);
const BANNED_MEMBERS = new Set(['Math.random', 'DataView.getBigInt64', 'DataView.setBigInt64']);
const BIG = new Set(['BigInt', 'BigInt64Array', 'BigUint64Array']);
const UNRESOLVED = new Set([2304, 2552, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2867, 2868]);

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

function inTypePosition(node: ts.Node): boolean {
  for (let n = node; n; n = n.parent) {
    if (ts.isTypeNode(n)) return true;
    if (ts.isExpression(n) && !ts.isIdentifier(n) && !ts.isPropertyAccessExpression(n)) return false;
    if (ts.isStatement(n)) return false;
  }
  return false;
}

function memberName(checker: ts.TypeChecker, node: ts.Identifier): string | undefined {
  if (!ts.isPropertyAccessExpression(node.parent) || node.parent.name !== node) return undefined;
  const owner = checker.getTypeAtLocation(node.parent.expression).symbol?.name;
  return owner && `${owner}.${node.text}`;
}

/** Whether the language, not the program, declares a name: all its declarations are in TypeScript's own libraries. */
function isAmbient(program: ts.Program, symbol: ts.Symbol | undefined): boolean {
  if (symbol?.name === 'globalThis') return true;
  const declarations = symbol?.declarations ?? [];
  return (
    declarations.length > 0 &&
    declarations.every((d) => program.isSourceFileDefaultLibrary(d.getSourceFile()))
  );
}

function forbidden(program: ts.Program, node: ts.Node, bigIntAllowed: boolean): string | undefined {
  const checker = program.getTypeChecker();
  if (ts.isMetaProperty(node)) return 'import.meta';
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'import()';
  if (!bigIntAllowed) {
    if (ts.isBigIntLiteral(node)) return `${node.text} (BigInt)`;
    if (node.kind === ts.SyntaxKind.BigIntKeyword) return 'type bigint';
  }
  if (!ts.isIdentifier(node)) return undefined;
  const member = memberName(checker, node);
  if (member !== undefined) return BANNED_MEMBERS.has(member) ? member : undefined;
  const banned = BANNED.has(node.text) || (!bigIntAllowed && BIG.has(node.text));
  if (!banned || !isAmbient(program, checker.getSymbolAtLocation(node))) return undefined;
  // `Function` as a type says only that something can be called.
  return node.text === 'Function' && inTypePosition(node) ? undefined : node.text;
}

/** "Cannot find name 'process'. Do you need..." */
function nameIn(message: string | ts.DiagnosticMessageChain): string {
  const text = ts.flattenDiagnosticMessageText(message, ' ');
  return /'([^']+)'/.exec(text)?.[1] ?? text;
}

/** Uses of host globals in `files`; BigInt counts as one except in `bigIntFiles`. */
export function hostGlobals(files: readonly string[], bigIntFiles: readonly string[]): Finding[] {
  const program = ts.createProgram({
    rootNames: files.map((f) => path.join(root, f)),
    options: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2022.d.ts'],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
    },
  });
  const findings: Finding[] = [];
  for (const file of files) {
    const source = program.getSourceFile(path.join(root, file))!;
    const report = (position: number, what: string) =>
      findings.push({ file, line: source.getLineAndCharacterOfPosition(position).line + 1, what });
    for (const { code, start, messageText } of program.getSemanticDiagnostics(source)) {
      if (UNRESOLVED.has(code)) report(start ?? 0, nameIn(messageText));
    }
    const visit = (node: ts.Node): void => {
      const what = forbidden(program, node, bigIntFiles.includes(file));
      if (what !== undefined) report(node.getStart(source), what);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return findings;
}
