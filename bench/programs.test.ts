/**
 * Every bench program computes the same on tswasm as on the host's own `WebAssembly` (the harness only warns), and every function of them and of
 * sql.js is printed as lowered code, for which nothing is instantiated (DESIGN.md, law 9). One file, as building the programs takes longest.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { instantiate, Module, Store } from '../src/index.ts';
import { lower, printLowered } from '../src/lowering/index.ts';
import { buildProgram, TESTED } from './programs.ts';
import type { Namespace } from './protocol.ts';

const native = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;

/** The text of every function that the module defines. */
function printed(module: Module): string[] {
  return Array.from(module.codeStart, (_, k) => {
    const funcidx = module.importedFuncs + k;
    return [...printLowered(module, lower(module, funcidx))].join('\n');
  });
}

/** Each says whose it is, and prints neither an object nor what is not there. */
function checkTexts(texts: readonly string[], imported: number): void {
  expect(texts.length).toBeGreaterThan(0);
  texts.forEach((text, k) => {
    expect(text.startsWith(`(func ${imported + k} [`), text.slice(0, 80)).toBe(true);
    expect(text.endsWith('\n)')).toBe(true);
    expect(text).not.toMatch(/undefined|\[object|=>|\bNaN\b(?!:)/);
  });
}

describe.each(TESTED)('$name', (program) => {
  it('computes what it computes natively', async () => {
    const bytes = readFileSync(await buildProgram(program));
    const { exports } = new native.Instance(new native.Module(bytes), {});
    const expected = (exports['run'] as (n: number) => number)(2);
    const run = instantiate(new Store(), Module.decode(bytes), []).exports.get('run') as {
      call(n: number): unknown;
    };
    expect(run.call(2)).toBe(expected);
  });

  it('is printed as lowered code', async () => {
    const module = Module.decode(readFileSync(await buildProgram(program)));
    checkTexts(printed(module), module.importedFuncs);
  });
});

it('sql.js is printed as lowered code', () => {
  const bytes = readFileSync(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm'));
  const module = Module.decode(bytes);
  const texts = printed(module);
  expect(texts.length).toBeGreaterThan(1000);
  checkTexts(texts, module.importedFuncs);
});
