/** The public API as text: every exported name of every entry, as a value or only as a type. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './files.ts';

export const ENTRIES: Record<string, string> = {
  tswasm: 'src/index.ts',
  'tswasm/webassembly': 'src/webassembly.ts',
  'tswasm/webassembly-snapshot': 'src/webassembly-snapshot.ts',
  'tswasm/snapshot': 'src/snapshot/index.ts',
  'tswasm/factories': 'src/factories.ts',
  'tswasm/debug': 'src/debug/index.ts',
  'tswasm/wasi': 'src/wasi/index.ts',
  'tswasm/wasi-nn': 'src/wasi-nn/index.ts',
  'tswasm/node': 'src/node.ts',
  'tswasm/browser': 'src/browser.ts',
};

export function publicApi(): string {
  const configFile = path.join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(configFile, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const files = Object.values(ENTRIES).filter((f) => existsSync(path.join(root, f)));
  const program = ts.createProgram(
    files.map((f) => path.join(root, f)),
    options,
  );
  const checker = program.getTypeChecker();
  const lines: string[] = [];
  for (const [entry, file] of Object.entries(ENTRIES)) {
    const source = program.getSourceFile(path.join(root, file));
    const symbol = source && checker.getSymbolAtLocation(source);
    if (!symbol) continue;
    lines.push(`# ${entry}`);
    const names = checker.getExportsOfModule(symbol).map((exported) => {
      const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const isValue = (target.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnlyExport(exported);
      return `${isValue ? '' : 'type '}${exported.name}`;
    });
    lines.push(...names.sort(), '');
  }
  return lines.join('\n');
}

function isTypeOnlyExport(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((d) => ts.isTypeOnlyExportDeclaration(d));
}
