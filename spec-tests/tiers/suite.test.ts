/**
 * Scripts in two tiers mixed at random, with moves at every safepoint, and in the native tier: the same results as in the interpreter alone.
 * A handful here; the whole suite is `npm run spec -- --engine mixed`, `native` and `native-mixed`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { javascriptEngine, javascriptMixedEngine } from '../engines/javascript-tier';
import { mixedEngine } from '../engines/mixed';
import { nativeMixedEngine, nativeTierEngine } from '../engines/native-tier';
import { tswasmEngine } from '../engines/tswasm';
import { locateTestsuite, missingNotice } from '../locate';
import { runScript } from '../runner';
import { Walker } from './walker';

const SCRIPTS = [
  'br_table.wast',
  'bulk.wast',
  'call_indirect.wast',
  'fac.wast',
  'left-to-right.wast',
  'linking0.wast',
  'loop.wast',
  'memory_grow.wast',
  'return_call_indirect.wast',
  'start.wast',
  'type-subtyping.wast',
];

async function compare(folder: string, names: readonly string[]): Promise<void> {
  const walker = new Walker();
  const engines = [
    mixedEngine(walker),
    nativeTierEngine,
    nativeMixedEngine,
    javascriptEngine,
    javascriptMixedEngine,
  ];
  for (const name of names) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    const expected = await runScript(tswasmEngine, name, text);
    for (const engine of engines) expect(await runScript(engine, name, text), engine.name).toEqual(expected);
  }
  const { entered, continued, left, called } = walker.counts;
  expect(Math.min(entered, continued, left, called)).toBeGreaterThan(100);
}

it('runs our own scripts', { timeout: 300_000 }, async () => {
  // By a name in a folder: the engines tell them from the suite's by that.
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const names = readdirSync(path.join(folder, 'own')).filter((name) => name.endsWith('.wast'));
  await compare(
    folder,
    names.map((name) => `own/${name}`),
  );
});

const suite = locateTestsuite();
if ('missing' in suite) {
  console.warn(missingNotice(suite.missing));
  describe.skip('the official suite', () => {
    it(`skipped: ${suite.missing}`, () => undefined);
  });
} else {
  it('runs the official suite', { timeout: 300_000 }, () => compare(suite.path, SCRIPTS));
}
