/** One engine: how late executions stop. `node [--jitless] latency-child.mjs <seconds> <name> <file> run|start|signal <tier>` prints a line of JSON. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Tswasm from '../src/index.ts';
import type { Endless } from './latency-programs.ts';
import { dist } from './paths.ts';

export interface Lateness {
  readonly name: string;
  /** Of the first stop: what is cold is slow, translation included. */
  readonly first: number;
  /** The others. */
  readonly samples: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

const { Execution, Func, instantiatePaused, Module, runAsync, Store } = (await import(
  pathToFileURL(path.join(dist, 'index.node.js')).href
)) as typeof Tswasm;

function begin({ bytes, start }: Endless, tier: Tswasm.TierChoice): Tswasm.Execution {
  const instance = instantiatePaused(new Store({ tier }), Module.decode(bytes), []);
  const func = start ? instance.startFunc : instance.exports.get('run');
  if (!(func instanceof Func)) throw new Error('nothing to run');
  return new Execution(func, []);
}

/** How late the next stop is, which is due in so many milliseconds. */
async function stop(execution: Tswasm.Execution, due: number, signal: boolean): Promise<number> {
  const end = performance.now() + due;
  const outcome = signal
    ? await stopBySignal(execution, due)
    : execution.run({ deadline: () => performance.now() >= end, now: () => performance.now() });
  if (outcome.kind !== 'paused') throw new Error(`it is ${outcome.kind}`);
  return performance.now() - end;
}
async function stopBySignal(execution: Tswasm.Execution, due: number): Promise<Tswasm.AsyncOutcome> {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), due);
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const scheduler = { now: () => performance.now(), turn };
  return runAsync(execution, scheduler, { signal: controller.signal });
}

/** Stops it again and again, some milliseconds later each time. */
async function measure(program: Endless, seconds: number, tier: Tswasm.TierChoice): Promise<Lateness> {
  const execution = begin(program, tier);
  const late: number[] = [];
  const until = performance.now() + seconds * 1000;
  // The first, and one more at least.
  while (late.length < 2 || performance.now() < until) {
    late.push(await stop(execution, 1 + Math.random() * 6, program.signal === true));
  }
  const first = late.shift() ?? Number.NaN;
  late.sort((a, b) => a - b);
  const at = (part: number) => late[Math.min(late.length - 1, Math.floor(late.length * part))];
  return { name: program.name, first, samples: late.length, median: at(0.5), p99: at(0.99), max: at(1) };
}

const [, , seconds, name, file, mode, tier] = process.argv;
const program = { name, bytes: readFileSync(file), start: mode === 'start', signal: mode === 'signal' };
console.log(JSON.stringify(await measure(program, Number(seconds), tier as Tswasm.TierChoice)));
