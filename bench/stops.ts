/**
 * How late whole runs stop: decoding, validation, instantiation, lowering and running of modules that are large or hostile, stopped at random
 * moments by a deadline, by a signal, and by the command line's `--timeout`. Milliseconds over all stops of a shape.
 *   node scripts/run-ts.mjs bench/stops.ts [--stops 200] [--way deadline|signal|cli] [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
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

const { values, positionals } = parseArgs({
  options: { stops: { type: 'string', default: '200' }, way: { type: 'string', multiple: true } },
  allowPositionals: true,
});
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

/** The command line's start and end, with a time that is over at once, are not its lateness. */
function cliStops(stops: number): number[] {
  const run = (ms: number) => {
    const begun = performance.now();
    const args = ['run', '--timeout', `${ms}ms`, '--invoke', 'run', file, '0'];
    const { status } = spawnSync(process.execPath, [path.join(root, 'dist/cli.cjs'), ...args]);
    return { took: performance.now() - begun, isStopped: status === 134 };
  };
  const starts = Array.from({ length: 5 }, () => run(1).took).sort((a, b) => a - b);
  const whole = run(600_000).took - starts[2];
  const late: number[] = [];
  while (late.length < stops) {
    const due = 1 + Math.floor(Math.random() * whole * 0.9);
    const { took, isStopped } = run(due);
    if (isStopped) late.push(took - due - starts[2]);
  }
  return late;
}

function ownStops(way: Way, stops: number): number[] {
  const args = ['--expose-gc', child, way, file, `${stops}`];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}

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
const together = new Map<Way, number[]>();
for (const { name, make } of chosen) {
  writeFileSync(file, make());
  for (const way of ways) {
    const late = way === 'cli' ? cliStops(stopsEach) : ownStops(way, stopsEach);
    together.set(way, [...(together.get(way) ?? []), ...late]);
    row([name, way, `${late.length}`, ...figures(late)]);
  }
}
for (const [way, late] of together) row(['all', way, `${late.length}`, ...figures(late)]);
rmSync(folder, { recursive: true });
