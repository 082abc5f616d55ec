/**
 * Stops whole runs of a module at random moments: `stops-child.ts deadline|signal FILE STOPS` prints how late each stop was, in milliseconds.
 * The processor time since a stop was due is an upper bound too: other work on the machine counts little. What a run leaves behind (hundreds
 * of megabytes) is collected before the next one begins, whose lateness it is not; collections within a run count.
 */
import { readFileSync } from 'node:fs';
import '../embed/node/fresh-factories.ts';
import '../embed/node/native-memory.ts';
import { Execution, type Func, i32, instantiatePaused, Module, runAsync, Store } from '../src/index.ts';
import type { Way } from './stops.ts';

/** Milliseconds of decoding between two turns of the event loop. */
const SLICE = 2;

interface Moment {
  readonly wall: number;
  readonly cpu: number;
}
function moment(): Moment {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}
const since = (then: Moment): number => {
  const now = moment();
  return Math.min(now.wall - then.wall, now.cpu - then.cpu);
};
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function begin(module: Module): Execution {
  const instance = instantiatePaused(new Store(), module, []);
  return new Execution(instance.exports.get('run') as Func, [i32(0)]);
}

/** How late the run is stopped; undefined when it ends before. */
function stopByDeadline(bytes: Uint8Array, due: number): number | undefined {
  const end = performance.now() + due;
  // The last look before the time is over: not later than when it is.
  let before = moment();
  const isOver = () => {
    if (performance.now() >= end) return true;
    before = moment();
    return false;
  };
  const lateness = () => Math.min(performance.now() - end, since(before));
  const parts = Module.decodeInParts(bytes);
  let part = parts.next();
  for (; !part.done; part = parts.next()) if (isOver()) return lateness();
  if (isOver()) return lateness();
  const execution = begin(part.value);
  const { kind } = execution.run({ deadline: isOver, now: () => performance.now() });
  return kind === 'paused' ? lateness() : undefined;
}

async function stopBySignal(bytes: Uint8Array, due: number): Promise<number | undefined> {
  const controller = new AbortController();
  const { signal } = controller;
  const end = performance.now() + due;
  let before = moment();
  const look = () => {
    if (performance.now() < end) before = moment();
  };
  const timer = setTimeout(() => controller.abort(), due);
  const lateness = () => Math.min(performance.now() - end, since(before));
  const parts = Module.decodeInParts(bytes);
  let next = performance.now() + SLICE;
  let part = parts.next();
  for (; !part.done; part = parts.next()) {
    look();
    if (performance.now() < next) continue;
    await turn();
    if (signal.aborted) return lateness();
    next = performance.now() + SLICE;
  }
  const now = () => {
    look();
    return performance.now();
  };
  const { kind } = await runAsync(begin(part.value), { now, turn }, { signal });
  clearTimeout(timer);
  return kind === 'paused' ? lateness() : undefined;
}

const [, , way, file, stops] = process.argv;
const bytes = readFileSync(file);
const stop = (due: number) =>
  (way as Way) === 'deadline' ? stopByDeadline(bytes, due) : stopBySignal(bytes, due);
const late: number[] = [];
const begun = performance.now();
await stop(600_000);
let whole = performance.now() - begun;
const { gc } = globalThis as unknown as { gc: () => void };
while (late.length < Number(stops)) {
  gc();
  const start = performance.now();
  const found = await stop(Math.random() * whole * 0.9);
  // It is warm now, and gets there sooner.
  if (found === undefined) whole = performance.now() - start;
  else late.push(found);
}
console.log(JSON.stringify(late));
