/** One hostile module in a process of its own: `hostile-child.ts FILE` decodes it, instantiates it, calls `run(0)`, and prints a line of JSON. */
import { readFileSync } from 'node:fs';
import {
  Execution,
  type Func,
  i32,
  instantiatePaused,
  LinkError,
  Module,
  RuntimeError,
  Store,
} from '../../src/index.ts';
import type { HostileRun } from './hostile.ts';

/** Processor time in milliseconds: other work on the machine counts little. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Longest time between two looks at the clock so far, which is how late a stop may be. */
let longest = 0;
let before = cpu();
function look(): boolean {
  const now = cpu();
  longest = Math.max(longest, now - before);
  before = now;
  return false;
}

/** What `work` gives, the milliseconds it took and the longest of them in one go. */
function timed<T>(work: () => T): { result: T; ms: number; longest: number } {
  const begun = cpu();
  longest = 0;
  before = begun;
  const result = work();
  look();
  return { result, ms: before - begun, longest };
}

function decode(bytes: Uint8Array): Module {
  const parts = Module.decodeInParts(bytes);
  for (;;) {
    const { done, value } = parts.next();
    look();
    if (done) return value;
  }
}

const bytes = readFileSync(process.argv[2]);
const decoded = timed(() => decode(bytes));
/** Instantiates and calls; what neither done nor trapped is told as it is. */
function run(module: Module): string {
  try {
    const instance = instantiatePaused(new Store(), module, []);
    look();
    const execution = new Execution(instance.exports.get('run') as Func, [i32(0)]);
    const outcome = execution.run({ deadline: look, now: () => performance.now() });
    return outcome.kind === 'trapped' ? outcome.error.message : outcome.kind;
  } catch (error) {
    if (error instanceof LinkError || error instanceof RuntimeError) return error.message;
    throw error;
  }
}
const ran = timed(() => run(decoded.result));
const told: HostileRun = {
  outcome: ran.result,
  decodeMs: decoded.ms,
  decodeLongest: decoded.longest,
  runMs: ran.ms,
  runLongest: ran.longest,
  peakMiB: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(told));
