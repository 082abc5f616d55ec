/** Seeded modules on tswasm and on native. TSWASM_DIFF_SEEDS says how many. */
import { expect, it } from 'vitest';
import { available, check, enableNativeFeatures } from './check';
import { fixtureSeeds } from './fixtures';
import { tswasmTarget } from './tswasm-target';

const SEEDS_PER_TEST = 50;
const count = Number(process.env['TSWASM_DIFF_SEEDS'] ?? 300);
const seeds = [...fixtureSeeds(), ...Array.from({ length: count }, (_, i) => i)];
const batches = Array.from({ length: Math.ceil(seeds.length / SEEDS_PER_TEST) }, (_, i) =>
  seeds.slice(i * SEEDS_PER_TEST, (i + 1) * SEEDS_PER_TEST),
);

it.each(batches.map((batch) => [batch[0], batch.at(-1), batch] as const))(
  'seeds %i to %i',
  async (_a, _b, batch) => {
    await enableNativeFeatures();
    const features = available();
    for (const seed of batch) {
      const failure = await check(seed, features, tswasmTarget);
      if (failure) expect.fail(`${failure.difference}\n${failure.shrunk}`);
    }
  },
);
