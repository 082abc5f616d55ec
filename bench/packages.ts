/**
 * Packages from npm on the drop-in namespace, against the host's own `WebAssembly`: processor time until each has done its work once, and
 * of a repetition when it is warm. Ratios, the medians of some interleaved rounds.
 *   npm run bench:packages -- [--rounds N] [--limit RATIO] [package...]
 * `metered` is a namespace with fuel and a deadline; `kept` has the native code that earlier processes have kept. Exit code 1: what a package computes differs, or it is warm above --limit.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { root } from './paths.ts';
import { median } from './protocol.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '3' }, limit: { type: 'string' } },
  },
  { rounds: 1, limit: 0 },
);
const ENGINES = ['tswasm', 'metered', 'kept'] as const;
/** Where they keep it, and how many of them find out something. */
const cache = mkdtempSync(path.join(tmpdir(), 'tswasm-packages-'));
process.on('exit', () => rmSync(cache, { recursive: true, force: true }));
const RUNS_BEFORE = 3;
const child = await bundleTs(path.join(root, 'bench', 'packages-child.ts'));

interface Measured {
  readonly first: number;
  readonly warm: number;
  readonly result: string;
}

function asked(...args: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, [child, ...args, cache], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

const known = asked('names') as string[];
for (const name of positionals) {
  if (known.includes(name)) continue;
  console.error(`no package ${name}: there are ${known.join(', ')}`);
  process.exit(2);
}
console.log(
  'package               engine   first  warm   (times of the host; warm in milliseconds, there and here)',
);
for (const name of positionals.length > 0 ? positionals : known) {
  const native: Measured[] = [];
  const measured = ENGINES.map((): Measured[] => []);
  for (let k = 0; k < RUNS_BEFORE; k++) asked('kept', name);
  for (let round = 0; round < Number(options.rounds); round++) {
    native.push(asked('native', name) as Measured);
    for (const [k, engine] of ENGINES.entries()) measured[k].push(asked(engine, name) as Measured);
  }
  ENGINES.forEach((engine, k) => {
    const ratio = (of: 'first' | 'warm') =>
      median(measured[k].map((one, round) => one[of] / native[round][of]));
    const times = [native, measured[k]].map((list) => median(list.map(({ warm }) => warm)).toFixed(1));
    const ratios = [ratio('first'), ratio('warm')].map((value) => value.toFixed(2).padStart(5));
    console.log(`${name.padEnd(20)}  ${engine.padEnd(7)}  ${ratios.join('  ')}   ${times.join(' ')}`);
    const differs = measured[k].some(({ result }) => result !== native[0].result);
    if (differs) console.error(`${name} computes something else on ${engine}`);
    if (differs || ratio('warm') > Number(options.limit ?? Number.POSITIVE_INFINITY)) process.exitCode = 1;
  });
}
