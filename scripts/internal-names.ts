/**
 * Names of members that no user of the package can see, so that `dist/tswasm.min.js` may shorten them.
 *
 * A name is internal when some class, interface or type of the core declares a member of it and nothing else could mean it: no public
 * type (the exports of the entries and the data shapes reachable from them; no class that entries do not export, no `@internal` member),
 * nothing in JavaScript's own library, and no string in the core (a key may be computed from it).
 */
import path from 'node:path';
import ts from 'typescript';
import { root, sourcesOf } from './laws/files.ts';

const CORE = ['src/errors.ts', 'src/decoder', 'src/interpreter', 'src/js-api'];
const ENTRIES = ['src/index.ts', 'src/webassembly.ts'];

export function internalNames(entries = ENTRIES): string[] {
  const files = [...entries, ...CORE.flatMap(sourcesOf)].filter(
    (f) => !/\/templates\/|\/testing\.ts$/.test(f),
  );
  const program = ts.createProgram([...new Set(files)].map(absolute), {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
  });
  const names = new Set<string>();
  const used = publicNames(program, entries);
  for (const source of program.getSourceFiles()) {
    if (program.isSourceFileDefaultLibrary(source)) visitMembers(source, (name) => used.add(name));
    else {
      visitMembers(source, (name) => names.add(name));
      visitStrings(source, (text) => used.add(text));
    }
  }
  return [...names].filter((name) => !used.has(name)).sort();
}

function absolute(file: string): string {
  return path.join(root, file);
}

/** Members that classes, interfaces, object types and enums declare. */
function visitMembers(node: ts.Node, found: (name: string) => void): void {
  if (ts.isClassElement(node) || ts.isTypeElement(node)) {
    if (node.name !== undefined && ts.isIdentifier(node.name)) found(node.name.text);
  } else if (ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent)) {
    if (ts.isIdentifier(node.name)) found(node.name.text);
  }
  ts.forEachChild(node, (child) => visitMembers(child, found));
}

/** Strings where the program runs, not in its types. Text with something before or behind the name is no key. */
function visitStrings(node: ts.Node, found: (text: string) => void): void {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
  if (ts.isStringLiteralLike(node)) found(node.text);
  ts.forEachChild(node, (child) => visitStrings(child, found));
}

function publicNames(program: ts.Program, entries: readonly string[]): Set<string> {
  const checker = program.getTypeChecker();
  const names = new Set<string>();
  const exported = entries
    .flatMap((entry) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(absolute(entry))!)!;
      return checker.getExportsOfModule(module);
    })
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
  const seen = new Set<ts.Node>();
  const visitSymbol = (symbol: ts.Symbol | undefined): void => {
    for (const declaration of symbol?.declarations ?? []) {
      if (program.isSourceFileDefaultLibrary(declaration.getSourceFile())) continue;
      if (ts.isClassDeclaration(declaration) && !exported.includes(symbol!)) continue;
      visit(declaration);
    }
  };
  /** Everything that a declaration says about its type; not what its body does. */
  const visit = (node: ts.Node): void => {
    if (seen.has(node) || ts.isBlock(node)) return;
    seen.add(node);
    if (ts.canHaveModifiers(node) && node.modifiers?.some((m) => m.kind === ts.SyntaxKind.PrivateKeyword)) {
      return;
    }
    if (ts.getJSDocTags(node).some((tag) => tag.tagName.text === 'internal')) return;
    const { name } = node as ts.NamedDeclaration;
    if (name !== undefined && ts.isIdentifier(name) && !ts.isParameter(node)) names.add(name.text);
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      visitSymbol(symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
    }
    ts.forEachChild(node, visit);
  };
  for (const symbol of exported) {
    names.add(symbol.name);
    visitSymbol(symbol);
  }
  return names;
}
