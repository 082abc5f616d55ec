/** What `tswasm run` loads at its start, by the imports in the sources: tools that few runs need are loaded by those. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files that are loaded with one, those of types alone left out. */
function loadedWith(entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(path.join(root, file), 'utf8');
    const { code } = transformSync(text, {
      loader: 'ts',
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    for (const [, from] of code.matchAll(/^(?:import|export)\b[^;]*?['"](\.[^'"]+)['"];/gms)) {
      const target = path.posix.join(path.posix.dirname(file), from);
      const found = [`${target}.ts`, `${target}/index.ts`, target].find(
        (one) => one.includes('.') && existsSync(path.join(root, one)),
      );
      if (found?.endsWith('.ts')) visit(found);
    }
  };
  visit(entry);
  return seen;
}

it('is nothing of other commands, tiers, snapshots, sockets, the tools, the REPL, debug information and scripts', () => {
  const files = [...loadedWith('src/cli/main.ts'), ...loadedWith('src/cli/commands/run.ts')];
  expect(files).toContain('src/interpreter/execution.ts');
  const late =
    /^(src\/cli\/commands\/(?!run)|src\/cli\/(repl\/|snapshots)|src\/cli\/tools\/(?!index)|src\/debug\/|src\/compiler\/|embed\/node\/(sockets|tiers)|spec-tests\/)/;
  expect(files.filter((file) => late.test(file))).toEqual([]);
  expect([...loadedWith('src/cli/tools/coverage.ts')].some((file) => late.test(file))).toBe(true);
});
