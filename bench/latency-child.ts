/** One engine: how late executions stop. `node [--jitless] latency-child.mjs <seconds> <name> <file> [start]` prints a line of JSON. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Tswasm from '../src/index.ts';
import type { Endless } from './latency-programs.ts';
import { root } from './paths.ts';

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

const { Execution, Func, instantiatePaused, Module, Store } = (await import(
  pathToFileURL(path.join(root, 'dist', 'index.node.js')).href
)) as typeof Tswasm;

function begin({ bytes, start }: Endless): Tswasm.Execution {
  const instance = instantiatePaused(new Store(), Module.decode(bytes), []);
  const func = start ? instance.startFunc : instance.exports.get('run');
  if (!(func instanceof Func)) throw new Error('nothing to run');
  return new Execution(func, []);
}

/** Stops it again and again, some milliseconds later each time. */
function measure(program: Endless, seconds: number): Lateness {
  const execution = begin(program);
  const late: number[] = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const end = performance.now() + 1 + Math.random() * 6;
    const outcome = execution.run({ deadline: () => performance.now() >= end, now: () => performance.now() });
    late.push(performance.now() - end);
    if (outcome.kind !== 'paused') throw new Error(`${program.name}: ${outcome.kind}`);
  }
  const first = late.shift() ?? Number.NaN;
  late.sort((a, b) => a - b);
  const at = (part: number) => late[Math.min(late.length - 1, Math.floor(late.length * part))];
  return { name: program.name, first, samples: late.length, median: at(0.5), p99: at(0.99), max: at(1) };
}

const [, , seconds, name, file, start] = process.argv;
console.log(
  JSON.stringify(measure({ name, bytes: readFileSync(file), start: start === 'start' }, Number(seconds))),
);
