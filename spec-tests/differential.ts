/**
 * Differential tests from the command line:
 *   npm run differential -- [--seeds 10000] [--start 0] [--seed 17] [--engine tswasm|native|exact|...] [--keep-going]
 * Exit code 1 when a seed differs. `--engine host` compares the host's engine with itself, which tests the generator; `--engine exact`
 * every tier with the interpreter, whose NaNs, fuel and snapshots must be the same to the last bit.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { available, check, enableNativeFeatures } from './differential/check';
import { fixtureSeeds } from './differential/fixtures';
import { targetNamed } from './differential/tswasm-target';

const outDir = path.join('node_modules', '.cache', 'tswasm-differential');

function options(): { seeds: number[]; engine: string; keepGoing: boolean } {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      start: { type: 'string', default: '0' },
      seed: { type: 'string' },
      engine: { type: 'string', default: 'tswasm' },
      'keep-going': { type: 'boolean', default: false },
    },
  });
  const start = Number(values.start);
  const range = Array.from({ length: Number(values.seeds) }, (_, i) => start + i);
  const seeds = values.seed === undefined ? [...fixtureSeeds(), ...range] : [Number(values.seed)];
  return { seeds, engine: values.engine, keepGoing: values['keep-going'] };
}

async function main(): Promise<number> {
  const { seeds, engine, keepGoing } = options();
  const target = targetNamed(engine);
  if (!target) throw new Error(`unknown engine ${engine}`);
  await enableNativeFeatures();
  const features = available();
  const began = Date.now();
  let failures = 0;
  let done = 0;
  for (const seed of seeds) {
    const failure = await check(seed, features, target);
    done++;
    if (!failure) continue;
    failures++;
    mkdirSync(outDir, { recursive: true });
    const file = path.join(outDir, `${seed}.wasm`);
    writeFileSync(file, failure.bytes);
    writeFileSync(path.join(outDir, `${seed}.shrunk.wasm`), failure.shrunkBytes);
    console.log(`seed ${seed}: ${failure.difference}\n  whole module in ${file}\n${failure.shrunk}\n`);
    if (!keepGoing) break;
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(
    `${done} seeds on ${engine} against ${target.reference?.engine.name ?? 'host'}, ${failures} differ, ${seconds} s; ${JSON.stringify(features)}`,
  );
  return failures > 0 ? 1 : 0;
}

process.exitCode = await main();
