/**
 * The library's types: the compiler's declarations of each file, in `types/` for ES modules and in `types-cjs/` for CommonJS, and a file for each
 * entry. Specifiers are made full paths, as Node's own resolution wants them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Where the two kinds lie, and how their files end. */
const KINDS = [
  { folder: 'types', module: '.js', types: '.d.ts' },
  { folder: 'types-cjs', module: '.cjs', types: '.d.cts' },
];

function options() {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  return {
    ...parsed.options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    rootDir: root,
  };
}

function isInternal(node) {
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal');
}

/** What a file hands on of others although it is internal there: its declaration is not emitted. */
function internalNames(file, checker) {
  const names = new Set();
  for (const statement of file.statements) {
    if (
      !ts.isExportDeclaration(statement) ||
      !statement.exportClause ||
      !ts.isNamedExports(statement.exportClause)
    )
      continue;
    for (const { name } of statement.exportClause.elements) {
      const symbol = checker.getSymbolAtLocation(name);
      const target =
        symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (target?.declarations?.some(isInternal)) names.add(name.text);
    }
  }
  return names;
}

/** The declarations of a program: source file, text, and the names that it must not hand on. */
function emit(entries) {
  const settings = options();
  const program = ts.createProgram(
    entries.map((file) => path.join(root, file)),
    settings,
  );
  const checker = program.getTypeChecker();
  const emitted = [];
  const failed = [];
  const { diagnostics } = program.emit(
    undefined,
    (_file, text, _mark, _error, sources) => {
      const [source] = sources;
      emitted.push({ source: source.fileName, text, internal: internalNames(source, checker) });
    },
    undefined,
    true,
  );
  for (const { messageText } of diagnostics) failed.push(ts.flattenDiagnosticMessageText(messageText, '\n'));
  if (failed.length > 0) throw new Error(failed.join('\n'));
  // Declarations beside generated JavaScript are sources that the compiler does not emit.
  for (const { fileName, isDeclarationFile, text } of program.getSourceFiles()) {
    if (isDeclarationFile && fileName.startsWith(root) && !fileName.includes('node_modules')) {
      emitted.push({ source: fileName, text, internal: new Set() });
    }
  }
  return { emitted, settings, program };
}

const bare = (file) => path.relative(root, file).replace(/(\.d)?\.ts$/, '');

/** The text with each relative specifier as the path of a module of this kind, and without internal names. */
function withPaths({ source, text, internal }, settings, { module }) {
  const file = ts.createSourceFile('declaration.d.ts', text, ts.ScriptTarget.ES2022, true);
  const edits = [];
  const pathOf = (specifier) => {
    const { resolvedModule } = ts.resolveModuleName(specifier, source, settings, ts.sys);
    if (resolvedModule === undefined) throw new Error(`${source}: nothing at ${specifier}`);
    const target = path.relative(path.dirname(bare(source)), bare(resolvedModule.resolvedFileName));
    return `${target.startsWith('.') ? '' : './'}${target.replaceAll(path.sep, '/')}${module}`;
  };
  const visit = (node) => {
    const literal =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined;
    if (literal !== undefined && ts.isStringLiteral(literal) && literal.text.startsWith('.')) {
      edits.push({ start: literal.getStart(), end: literal.end, text: `'${pathOf(literal.text)}'` });
    }
    if (ts.isExportSpecifier(node) && internal.has(node.name.text)) {
      const comma = text[node.end] === ',' ? 1 : 0;
      edits.push({ start: node.getStart(), end: node.end + comma, text: '' });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  let result = text;
  for (const { start, end, text: replacement } of edits.sort((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + replacement + result.slice(end);
  }
  return result;
}

/** The public names of an entry, sorted. A list: some tools do not follow `export *`. */
function exportedNames(program, file) {
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(path.join(root, file)));
  const names = checker.getExportsOfModule(symbol).flatMap((exported) => {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const { declarations } = isAlias ? checker.getAliasedSymbol(exported) : exported;
    return declarations?.some(isInternal) ? [] : [exported.name];
  });
  return names.sort();
}

/** Writes the types of the entries (built file -> source file) into the folder. */
export function buildDeclarations(out, entries) {
  const { emitted, settings, program } = emit(Object.values(entries));
  for (const kind of KINDS) {
    for (const one of emitted) {
      const target = path.join(out, kind.folder, `${bare(one.source)}${kind.types}`);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, withPaths(one, settings, kind));
    }
    for (const [name, file] of Object.entries(entries)) {
      const target = path.join(out, `${name}${kind.types}`);
      mkdirSync(path.dirname(target), { recursive: true });
      const up = '../'.repeat(name.split('/').length - 1) || './';
      const from = `'${up}${kind.folder}/${bare(path.join(root, file))}${kind.module}'`;
      writeFileSync(target, `export {\n  ${exportedNames(program, file).join(',\n  ')},\n} from ${from};\n`);
    }
  }
}
