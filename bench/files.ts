/**
 * A file written and read through WASI: tswasm against `node:wasi`, and the same with `node:fs` alone, in turn, each run in a fresh process.
 *   npm run bench:files -- [--rounds N] [--megabytes N] [--passes N] [--buffers 65536,4096] [--dir FOLDER]
 * The first pass of a process is cold; the figure for "later" is the median of its other passes.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { buildFilesProgram } from './files-program.ts';
import { cache, root } from './paths.ts';
import { median } from './protocol.ts';

const ENGINES = ['tswasm', 'node:wasi', 'node:fs'] as const;
type Engine = (typeof ENGINES)[number];
const KINDS = ['write, first', 'read, first', 'write, later', 'read, later'] as const;
type Kind = (typeof KINDS)[number];

const { values: options } = optionsOf(
  import.meta.url,
  {
    options: {
      rounds: { type: 'string', default: '5' },
      megabytes: { type: 'string', default: '256' },
      passes: { type: 'string', default: '4' },
      buffers: { type: 'string', default: '65536,4096' },
      dir: { type: 'string', default: tmpdir() },
    },
  },
  { rounds: 1, megabytes: 1, passes: 1 },
);
const rounds = Number(options.rounds);
const megabytes = Number(options.megabytes);
const passes = Number(options.passes);

mkdirSync(cache, { recursive: true });
const child = await bundleTs(path.join(root, 'bench', 'files-child.ts'));

/** Speeds of the passes in MB/s (10^6 bytes): write, read, write, read... */
function run(engine: Engine, program: string, buffer: number): number[] {
  const folder = mkdtempSync(path.join(options.dir, 'tswasm-files-'));
  try {
    const task = JSON.stringify({ megabytes, buffer, passes });
    const args = ['--no-warnings', child, engine, program, folder, task];
    const { status, stdout, stderr } = spawnSync(process.execPath, args);
    if (status !== 0 || stdout.length !== passes * 16) {
      throw new Error(`${engine} ended with ${status}: ${stderr.toString()}`);
    }
    return Array.from({ length: passes * 2 }, (_, k) => {
      return (megabytes * 2 ** 20 * 1e3) / Number(stdout.readBigUInt64LE(k * 8));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function kindsOf(speeds: readonly number[]): Partial<Record<Kind, number>> {
  const first = { 'write, first': speeds[0], 'read, first': speeds[1] };
  if (passes === 1) return first;
  const later = (which: number) => median(speeds.filter((_, k) => k >= 2 && k % 2 === which));
  return { ...first, 'write, later': later(0), 'read, later': later(1) };
}

console.log(
  `Node ${process.version}, ${megabytes} MiB, ${passes} passes, ${rounds} processes each; MB/s, median (least to most)\n`,
);
console.log('| buffer | pass | tswasm | node:wasi | node:fs | tswasm/node:wasi | in each round |');
console.log('|-------:|------|-------:|----------:|--------:|-----------------:|---------------|');
for (const buffer of options.buffers.split(',').map(Number)) {
  const program = await buildFilesProgram({ megabytes, buffer, passes }, cache);
  const results: Record<Engine, Partial<Record<Kind, number>>[]> = {
    tswasm: [],
    'node:wasi': [],
    'node:fs': [],
  };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ENGINES : [...ENGINES].reverse();
    for (const engine of order) results[engine].push(kindsOf(run(engine, program, buffer)));
  }
  for (const kind of KINDS) {
    const of = (engine: Engine) => results[engine].flatMap((result) => result[kind] ?? []);
    const [ours, theirs, bare] = [of('tswasm'), of('node:wasi'), of('node:fs')];
    if (ours.length === 0) continue;
    const cell = (all: readonly number[]) =>
      `${median(all).toFixed(0)} (${Math.min(...all).toFixed(0)}-${Math.max(...all).toFixed(0)})`;
    const each = ours.map((speed, k) => (speed / theirs[k]!).toFixed(2)).join(' ');
    const ratio = (median(ours) / median(theirs)).toFixed(2);
    const cells = [buffer, kind, cell(ours), cell(theirs), cell(bare), ratio, each];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
