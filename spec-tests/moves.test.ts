/**
 * The suite in motion (issue 3, acceptance 2): scripts whose every call is stopped and goes on from a snapshot in fresh instances, and in
 * other engines too. A handful here; the whole suite is `npm run spec -- --engine migrate1` and `--engine moves1`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Engine } from './engine';
import { migrateEngine } from './engines/migrate';
import { movesEngine } from './engines/moves';
import { tswasmEngine } from './engines/tswasm';
import { locateTestsuite, missingNotice } from './locate';
import { type FileResult, runScript } from './runner';

const suite = locateTestsuite();

/** Control flow, bulk operations, references, and scripts of several linked modules. Quiet functions have no stops. */
const MIGRATED = [
  'block.wast',
  'bulk.wast',
  'call_indirect.wast',
  'labels.wast',
  'linking.wast',
  'loop.wast',
  'memory_grow.wast',
  'start.wast',
];
const MOVED = ['labels.wast', 'linking0.wast', 'ref_func.wast', 'table_grow.wast'];

async function run(engine: Engine, name: string, folder: string): Promise<FileResult> {
  return await runScript(engine, name, readFileSync(path.join(folder, name), 'utf8'));
}

/** Of our own, beside this file. Deep stacks in motion take long: those of `call_indirect.wast` are here, ours in `npm run check:full`. */
const OWN = ['block-values', 'i64-division', 'nan-bits', 'tail-calls'].map((name) => `own/${name}.wast`);

/** Same results as without a stop, and nothing stayed where it was. What was told of it. */
async function compare(
  make: () => Engine,
  names: readonly string[],
  folder: string,
): Promise<string | undefined> {
  const engine = make();
  for (const name of names)
    expect(await run(engine, name, folder)).toEqual(await run(tswasmEngine, name, folder));
  const told = await engine.finish?.();
  expect(told).toContain('NOT MOVED: none');
  expect(told).not.toMatch(/^0 calls|; 0 stops/);
  return told;
}

const LINKED = /^[1-9]\d* of them of several instances/m;

describe('our own scripts in motion', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  it('in fresh instances', { timeout: 300_000 }, async () => {
    await compare(() => migrateEngine(1), OWN, folder);
  });
});

if ('missing' in suite) {
  console.warn(missingNotice(suite.missing));
  describe.skip('the suite in motion', () => {
    it(`skipped: ${suite.missing}`, () => undefined);
  });
} else {
  describe('the suite in motion', () => {
    it('in fresh instances', { timeout: 300_000 }, async () => {
      expect(await compare(() => migrateEngine(1), MIGRATED, suite.path)).toMatch(LINKED);
    });
    it('between engines', { timeout: 300_000 }, async () => {
      expect(await compare(() => movesEngine(1), MOVED, suite.path)).toMatch(LINKED);
    });
  });
}
