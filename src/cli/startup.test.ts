/** What `tswasm run` loads at its start, by the imports in the sources: tools that few runs need are loaded by those. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import ts from 'typescript';
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

/** What is loaded when `tswasm run` starts. */
const startFiles = () => [...loadedWith('src/cli/main.ts'), ...loadedWith('src/cli/commands/run.ts')];

function parsed(file: string, text = readFileSync(path.join(root, file), 'utf8')): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}

/** Loops that run when the file is loaded, without a function of their own. */
function loopsOnLoading(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isIterationStatement(node, false)) found.push(node.getText().split('\n')[0]!);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it('is one function for V8, which compiles all of it to machine code that is never used when it has a loop', () => {
  const loops = startFiles().flatMap((file) =>
    loopsOnLoading(parsed(file)).map((loop) => `${file}: ${loop}`),
  );
  expect(loops).toEqual([]);
  const text = 'const a = []; for (const b of a) c(b); function d() { while (e()); } { do f(); while (g) }';
  expect(loopsOnLoading(parsed('some.ts', text))).toEqual(['for (const b of a) c(b);', 'do f(); while (g)']);
});

it("names what it takes of Node's modules: esbuild copies a module of which all is taken", () => {
  const whole = /^import (?:\w+|\* as \w+)(?:,.*)? from 'node:.*$/gm;
  const imports = startFiles().flatMap((file) =>
    (readFileSync(path.join(root, file), 'utf8').match(whole) ?? []).map((line) => `${file}: ${line}`),
  );
  expect(imports).toEqual([]);
  expect("import fs, { constants } from 'node:fs';".match(whole)).toHaveLength(1);
});
