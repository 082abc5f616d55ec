/**
 * Seeded modules on tswasm and on native. TSWASM_DIFF_SEEDS says how many; a third as many also run with the fused
 * forms, with stops at safepoints, and with stops and hot code lowered again; a tenth goes on from a snapshot in a fresh store at every stop. A
 * thirtieth as many are programs of binaryen's generator.
 */
import { describe, expect, it } from 'vitest';
import { available, check, enableNativeFeatures } from './check';
import { fixtureSeeds } from './fixtures';
import { checkForeign } from './foreign';
import { targetNamed } from './tswasm-target';
import { WasmOpt } from './wasm-opt';

const SEEDS_PER_TEST = 50;
const count = Number(process.env['TSWASM_DIFF_SEEDS'] ?? 150);

function batches(seeds: readonly number[]): (readonly [first: number, last: number, seeds: number[]])[] {
  return Array.from({ length: Math.ceil(seeds.length / SEEDS_PER_TEST) }, (_, i) => {
    const batch = seeds.slice(i * SEEDS_PER_TEST, (i + 1) * SEEDS_PER_TEST);
    return [batch[0], batch.at(-1)!, batch] as const;
  });
}
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe.each([
  ['tswasm', upTo(count)],
  ['tswasm-full', upTo(Math.ceil(count / 3))],
  ['tswasm-step1', upTo(Math.ceil(count / 3))],
  ['tswasm-hot2', upTo(Math.ceil(count / 3))],
  ['migrate1', upTo(Math.ceil(count / 10))],
] as const)('%s', (engine, seeds) => {
  const target = targetNamed(engine)!;
  it.each(batches([...fixtureSeeds(), ...seeds]))('seeds %i to %i', async (_first, _last, batch) => {
    await enableNativeFeatures();
    const features = available();
    for (const seed of batch) {
      const failure = await check(seed, features, target);
      if (failure) expect.fail(`${failure.difference}\n${failure.shrunk}`);
    }
  });
});

it('programs of wasm-opt', async () => {
  await enableNativeFeatures();
  const tool = new WasmOpt();
  const target = targetNamed('tswasm')!;
  try {
    for (const seed of upTo(Math.ceil(count / 30))) {
      const failure = await checkForeign(seed, tool, target);
      if (failure) expect.fail(failure.shrunk);
    }
  } finally {
    tool.close();
  }
});
