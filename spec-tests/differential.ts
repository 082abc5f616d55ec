/**
 * Differential tests from the command line:
 *   npm run differential -- [--seeds 10000] [--start 0] [--seed 17] [--engine tswasm|native|exact|...] [--generator own|wasm-opt]
 *     [--keep-going]
 * Exit code 1 when a seed differs. `--engine host` compares the host's engine with itself, which tests the generator; `--engine exact`
 * every tier with the interpreter, whose NaNs, fuel and snapshots must be the same to the last bit. `--generator wasm-opt` takes programs of
 * binaryen's generator in place of our own.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { misused, optionsOf } from '../scripts/options';
import { available, check, enableNativeFeatures, type Failure } from './differential/check';
import { fixtureSeeds } from './differential/fixtures';
import { checkForeign } from './differential/foreign';
import type { Target } from './differential/target';
import { targetNamed } from './differential/tswasm-target';
import { WasmOpt } from './differential/wasm-opt';

const outDir = path.join('node_modules', '.cache', 'tswasm-differential');

type Checker = (seed: number) => Promise<Failure | undefined>;
const GENERATORS = ['own', 'wasm-opt'] as const;

function options() {
  const { values } = optionsOf(
    import.meta.url,
    {
      options: {
        seeds: { type: 'string', default: '1000' },
        start: { type: 'string', default: '0' },
        seed: { type: 'string' },
        engine: { type: 'string', default: 'tswasm' },
        generator: { type: 'string', default: 'own' },
        'keep-going': { type: 'boolean', default: false },
      },
    },
    { seeds: 1, start: 0, seed: 0 },
  );
  const generator = GENERATORS.find((name) => name === values.generator);
  if (generator === undefined) misused(import.meta.url, `unknown generator ${values.generator}`);
  const start = Number(values.start);
  const range = Array.from({ length: Number(values.seeds) }, (_, i) => start + i);
  const kept = generator === 'own' ? fixtureSeeds() : [];
  const seeds = values.seed === undefined ? [...kept, ...range] : [Number(values.seed)];
  return { seeds, engine: values.engine, generator, keepGoing: values['keep-going'] };
}

function checkerOf(generator: (typeof GENERATORS)[number], target: Target): Checker {
  if (generator === 'wasm-opt') {
    const tool = new WasmOpt();
    process.on('exit', () => tool.close());
    return (seed) => checkForeign(seed, tool, target);
  }
  const features = available();
  console.log(JSON.stringify(features));
  return (seed) => check(seed, features, target);
}

async function main(): Promise<number> {
  const { seeds, engine, generator, keepGoing } = options();
  const target = targetNamed(engine);
  if (!target) misused(import.meta.url, `unknown engine ${engine}`);
  await enableNativeFeatures();
  const checkSeed = checkerOf(generator, target);
  const began = Date.now();
  let failures = 0;
  let done = 0;
  for (const seed of seeds) {
    const failure = await checkSeed(seed);
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
    `${done} seeds of ${generator} on ${engine} against ${target.reference?.engine.name ?? 'host'}, ${failures} differ, ${seconds} s`,
  );
  return failures > 0 ? 1 : 0;
}

process.exitCode = await main();
