/** Whether everything that users can name says what it is: exported names of every entry, and the members of their classes and interfaces. */
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

/** Members that have a meaning of their own in the language. */
const KNOWN_MEMBERS = /^(__@|prototype$)/;

function isInternal(declaration: ts.Declaration): boolean {
  return ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal');
}

function isHidden(symbol: ts.Symbol): boolean {
  const declarations = symbol.declarations ?? [];
  return declarations.every((declaration) => {
    const flags = ts.getCombinedModifierFlags(declaration);
    return (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 || isInternal(declaration);
  });
}

/** Declared in this repository: what comes from the language is described there. */
function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => {
    const { fileName } = declaration.getSourceFile();
    return fileName.startsWith(root) && !fileName.includes('/node_modules/');
  });
}

/** What of these files (from the root) has no words, as `entry: Name.member`. */
export function undocumented(entries: readonly string[], more: ts.CompilerOptions = {}): string[] {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const files = entries.map((entry) => path.resolve(root, entry));
  const program = ts.createProgram(files, { ...parsed.options, ...more });
  const checker = program.getTypeChecker();
  const silent = (symbol: ts.Symbol): boolean =>
    symbol.getDocumentationComment(checker).length === 0 &&
    !symbol.getJsDocTags(checker).some(({ name }) => name === 'inheritDoc');
  const found = new Map<ts.Symbol, string>();
  const seen = new Set<ts.Symbol>();

  const look = (exported: ts.Symbol, entry: string): void => {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol) || isHidden(symbol) || !isOurs(symbol)) return;
    seen.add(symbol);
    const name = exported.name;
    if (silent(symbol) && !(isAlias && !silent(exported))) found.set(symbol, `${entry}: ${name}`);
    for (const member of membersOf(symbol)) {
      if (KNOWN_MEMBERS.test(member.name) || isHidden(member) || !isOurs(member)) continue;
      if (silent(member)) found.set(member, `${entry}: ${name}.${member.name}`);
    }
  };
  files.forEach((file, k) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!);
    if (module === undefined) return;
    for (const exported of checker.getExportsOfModule(module)) look(exported, entries[k]);
  });
  return [...found.values()].sort();
}

/** Of classes (their own and static ones), interfaces and object types. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const own = [...(symbol.members?.values() ?? [])];
  const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0;
  // A class says its own name, which bundlers would change.
  const statics = isClass ? [...(symbol.exports?.values() ?? [])].filter(({ name }) => name !== 'name') : [];
  const literals = (symbol.declarations ?? []).flatMap((declaration) =>
    ts.isTypeAliasDeclaration(declaration) && ts.isTypeLiteralNode(declaration.type)
      ? declaration.type.members.flatMap((member) => {
          const { symbol: of } = member as unknown as { symbol?: ts.Symbol };
          return of === undefined ? [] : [of];
        })
      : [],
  );
  return [...own, ...statics, ...literals].filter(
    ({ flags }) => (flags & (ts.SymbolFlags.TypeParameter | ts.SymbolFlags.Constructor)) === 0,
  );
}
