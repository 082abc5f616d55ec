/** Lowered code is a value (DESIGN.md, law 9): every function of the bench programs and of sql.js is printed, and nothing is instantiated. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { Module } from '../src/index.ts';
import { lower, printLowered } from '../src/lowering/index.ts';
import { buildProgram, TESTED } from './programs.ts';

/** The text of every function that the module defines. */
function printed(bytes: Uint8Array): string[] {
  const module = Module.decode(bytes);
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

describe('lowered code of a whole module', () => {
  it.each(TESTED)('$name', async (program) => {
    const bytes = readFileSync(await buildProgram(program));
    checkTexts(printed(bytes), Module.decode(bytes).importedFuncs);
  });

  it('sql.js', () => {
    const bytes = readFileSync(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm'));
    const texts = printed(bytes);
    expect(texts.length).toBeGreaterThan(1000);
    checkTexts(texts, Module.decode(bytes).importedFuncs);
  });
});
