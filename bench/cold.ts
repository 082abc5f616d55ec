/**
 * Programs as whole processes: processor time of `tswasm run`, and of Node with `node:wasi`, both from the process's start to its end. Each
 * program does what native code does in --size milliseconds when it is warm. `first`: nothing is known of the program; `again`: earlier runs
 * have kept what they found out. Medians over interleaved rounds; needs bash.
 *   npm run bench:cold -- [--rounds 3] [--size 100] [--tier auto] [part of a name...]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { loadNamespace } from './namespace.ts';
import { dist, root } from './paths.ts';
import { buildProgram, PROGRAMS } from './programs.ts';
import { geomean, median } from './protocol.ts';
import { functionStubs } from './stubs.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      size: { type: 'string', default: '100' },
      tier: { type: 'string', default: 'auto' },
    },
  },
  { rounds: 1, size: 1 },
);
const child = await bundleTs(path.join(root, 'bench', 'cold-child.ts'));
const native = await loadNamespace('native');

/** As many repetitions as take that long. */
function repetitions(file: string, ms: number): number {
  const module = new native.Module(readFileSync(file));
  const run = new native.Instance(module, functionStubs(module)).exports['run'] as (n: number) => void;
  for (let n = 1; ; n *= 2) {
    const begun = performance.now();
    run(n);
    const took = performance.now() - begun;
    if (took > ms / 2) return Math.max(1, Math.round((n * ms) / took));
  }
}

/** Milliseconds of processor time of a process. A shell tells: whoever is measured may have no flags, which keep tswasm from its bytecode. */
function processorTime(command: readonly string[], cache?: string): number {
  const words = ['-c', '"$@" > /dev/null && times', 'bash', ...command];
  const env = { ...process.env, TSWASM_CACHE: cache ?? process.env['TSWASM_CACHE'] };
  const { stdout, stderr, status } = spawnSync('bash', words, { encoding: 'utf8', env });
  const found = /\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s\n$/.exec(stdout);
  if (status !== 0 || found === null) throw new Error(`${command.join(' ')}: ${stderr}`);
  const [userMinutes, user, systemMinutes, system] = found.slice(1).map(Number) as number[];
  return 1000 * (60 * (userMinutes! + systemMinutes!) + user! + system!);
}

/** Where runs keep what they find out, and how many of them find out something. */
const kept = mkdtempSync(path.join(tmpdir(), 'tswasm-cold-'));
process.on('exit', () => rmSync(kept, { recursive: true, force: true }));
const RUNS_BEFORE = 3;

const all = { first: [] as number[], again: [] as number[] };
for (const program of PROGRAMS) {
  const { name } = program;
  if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) continue;
  let file: string;
  try {
    file = await buildProgram(program);
  } catch (error) {
    console.error(`${name} is left out: ${(error as Error).message}`);
    continue;
  }
  const words = [file, String(repetitions(file, Number(options.size)))];
  const ours = [path.join(dist, 'cli.cjs'), 'run', '--unknown-imports-trap', '--tier', options.tier];
  const run = (cache?: string) =>
    processorTime([process.execPath, ...ours, '--invoke', 'run', ...words], cache);
  for (let k = 0; k < RUNS_BEFORE; k++) run(kept);
  const rounds = Array.from({ length: Number(options.rounds) }, () => ({
    theirs: processorTime([process.execPath, '--no-warnings', child, ...words]),
    first: run(),
    again: run(kept),
  }));
  const before = median(rounds.map((one) => one.theirs));
  const told = (['first', 'again'] as const).map((which) => {
    const after = median(rounds.map((one) => one[which]));
    all[which].push(after / before);
    return `${which} ${after.toFixed(0)} ms: ${(after / before).toFixed(2)}`;
  });
  console.log(`${name}: node:wasi ${before.toFixed(0)} ms, tswasm ${told.join(', ')}`);
}
const means = [geomean(all.first), geomean(all.again)].map((mean) => mean.toFixed(2));
console.log(`geometric means of ${all.first.length}: first ${means[0]}, again ${means[1]}`);
