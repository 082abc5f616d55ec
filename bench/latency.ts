/**
 * How long after its deadline an endless program stops, in milliseconds, interpreted, natively, and on Node without a compiler.
 *   npm run bench:latency -- [--seconds 2] [--in native] [part of a name...]
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import type { TierChoice } from '../src/index.ts';
import type { Lateness } from './latency-child.ts';
import { type Endless, endlessPrograms } from './latency-programs.ts';
import { cache, root } from './paths.ts';

const { values, positionals } = optionsOf(
  import.meta.url,
  {
    options: { seconds: { type: 'string', default: '2' }, in: { type: 'string' } },
    allowPositionals: true,
  },
  { seconds: 0 },
);
const child = await bundleTs(path.join(root, 'bench', 'latency-child.ts'));

mkdirSync(cache, { recursive: true });

/** What runs the programs. */
interface Setting {
  readonly name: string;
  readonly flags: readonly string[];
  readonly tier: TierChoice;
}
const SETTINGS: readonly Setting[] = [
  { name: 'interpreted', flags: [], tier: 'interpret' },
  { name: 'native', flags: [], tier: 'native' },
  { name: 'jitless', flags: ['--jitless'], tier: 'interpret' },
];

/** A process for each case: no case makes another's code warm, or leaves it a heap to tidy up. */
function measure({ flags, tier }: Setting, { name, bytes, start, signal }: Endless): Lateness {
  const file = path.join(cache, `${name.replaceAll(/\W+/g, '-')}.wasm`);
  writeFileSync(file, bytes);
  const mode = start ? 'start' : signal ? 'signal' : 'run';
  const args = [...flags, child, values.seconds, name, file, mode, tier];
  const { stdout, stderr, status } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as Lateness;
}

const programs = await endlessPrograms();
const chosen = programs.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
for (const setting of SETTINGS) {
  if (values.in !== undefined && values.in !== setting.name) continue;
  console.log(
    `\n| ${setting.name}: stopped in | first | more stops | median | p99 | max |\n| --- | --: | --: | --: | --: | --: |`,
  );
  for (const program of chosen) {
    const { first, samples, median, p99, max } = measure(setting, program);
    const late = [median, p99, max].map((ms) => ms.toFixed(2)).join(' | ');
    console.log(`| ${program.name} | ${first.toFixed(2)} | ${samples} | ${late} |`);
  }
}
