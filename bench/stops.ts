/**
 * How late whole runs stop: decoding, validation, instantiation, lowering and running of modules that are large or hostile, stopped at random
 * moments by a deadline, by a signal, and by the command line's `--timeout`: until it tells so, and until its process has ended, which takes
 * longer by what the system needs to free its memory. Milliseconds over all stops of a shape.
 *   node scripts/run-ts.mjs bench/stops.ts [--stops 200] [--way deadline|signal|cli] [part of a name...]
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { HOSTILE, justBelow } from '../src/interpreter/testing.ts';
import { root } from './paths.ts';

/** How runs are stopped. */
export const WAYS = ['deadline', 'signal', 'cli'] as const;
export type Way = (typeof WAYS)[number];

/** Shapes at 1 MB: each of what takes long in one go, in validation or in lowering. */
const SHAPES = [
  'local.set over constants',
  'call over divisions',
  'loop that turns over constants',
  'br_if with 1000 values',
  'blocks with 1000 values',
  'calls with 1000 values',
  'br_table with 1000 values',
  'deep: blocks',
  'deep: long br_table',
  'deep: many locals',
  'deep: many groups of locals',
];
/** And larger, up to the largest body there may be. */
const LARGE: readonly (readonly [name: string, megabytes: number])[] = [
  ['deep: dead code', 7],
  ['deep: many locals of references', 1],
  ['store over loads', 7],
];

const { values, positionals } = optionsOf(
  import.meta.url,
  {
    options: { stops: { type: 'string', default: '200' }, way: { type: 'string', multiple: true } },
    allowPositionals: true,
  },
  { stops: 1 },
);
const ways = WAYS.filter((way) => values.way === undefined || values.way.includes(way));

function shape(name: string, megabytes: number) {
  const hostile = HOSTILE.find((one) => one.name === name);
  if (hostile === undefined) throw new Error(`there is no shape ${name}`);
  return { name: `${name}, ${megabytes} MB`, make: () => justBelow(hostile, megabytes * 1_000_000) };
}
const all = [...SHAPES.map((name) => shape(name, 1)), ...LARGE.map(([name, mb]) => shape(name, mb))];
const chosen = all.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);

const child = await bundleTs(path.join(root, 'bench/stops-child.ts'));
const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-stops-'));
const file = path.join(folder, 'module.wasm');

/** How late the command line tells that it stopped, and how late its process has ended: both from when its time is over. */
interface CommandStop {
  readonly told: number;
  readonly ended: number;
}

/** Runs the command with this time, in milliseconds, which it counts from when it first asks for the time (`stops-begun.cjs`). */
async function runCommand(due: number): Promise<CommandStop & { readonly isStopped: boolean }> {
  const args = ['run', '--timeout', `${due}ms`, '--invoke', 'run', file, '0'];
  const command = spawn(
    process.execPath,
    ['--require', path.join(root, 'bench/stops-begun.cjs'), path.join(root, 'dist/cli.cjs'), ...args],
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] },
  );
  let told: number | undefined;
  command.stderr?.once('data', () => {
    told = monotonic();
  });
  const begun = text(command.stdio[3] as Readable);
  const [status] = (await once(command, 'exit')) as [number];
  const ended = monotonic();
  const over = Number(await begun) + due;
  return { told: (told ?? ended) - over, ended: ended - over, isStopped: status === 134 };
}

async function commandStops(stops: number): Promise<CommandStop[]> {
  let whole = 600_000 + (await runCommand(600_000)).ended;
  const late: CommandStop[] = [];
  while (late.length < stops) {
    const due = 1 + Math.floor(Math.random() * whole * 0.9);
    const stop = await runCommand(due);
    if (stop.isStopped) late.push(stop);
    else whole = due + stop.ended;
  }
  return late;
}

function ownStops(way: Exclude<Way, 'cli'>, stops: number): number[] {
  const args = ['--expose-gc', child, way, file, `${stops}`];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}

/** Milliseconds of the clock that all processes of this machine share. */
const monotonic = () => Number(process.hrtime.bigint()) / 1e6;

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
const row = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);
const figures = (late: readonly number[]) =>
  [0.5, 0.99, 1].map((part) => Math.max(0, quantile(late, part)).toFixed(1));
const stopsEach = Math.ceil(Number(values.stops) / chosen.length);
row(['shape', 'stopped by', 'stops', 'p50', 'p99', 'max']);
row(['---', '---', '--:', '--:', '--:', '--:']);
const together = new Map<string, number[]>();
for (const { name, make } of chosen) {
  writeFileSync(file, make());
  for (const way of ways) {
    const rows: [by: string, late: number[]][] = [];
    if (way === 'cli') {
      const late = await commandStops(stopsEach);
      rows.push(['--timeout, until told', late.map(({ told }) => told)]);
      rows.push(['--timeout, until the process has ended', late.map(({ ended }) => ended)]);
    } else rows.push([way, ownStops(way, stopsEach)]);
    for (const [by, late] of rows) {
      together.set(by, [...(together.get(by) ?? []), ...late]);
      row([name, by, `${late.length}`, ...figures(late)]);
    }
  }
}
for (const [by, late] of together) row(['all', by, `${late.length}`, ...figures(late)]);
rmSync(folder, { recursive: true });
