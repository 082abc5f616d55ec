/** One program in a process of its own: `node first-child.mjs <task>` prints how much its first second does (first.ts). */
import { existsSync, readFileSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';
import type { JsEngine, Namespace } from './protocol.ts';

export interface FirstTask {
  readonly engine: JsEngine;
  readonly tier?: string;
  readonly file: string;
}
export interface FirstSecond {
  /** Work of the first second, by that of the last. */
  readonly share: number;
  /** Of a repetition in the last second. */
  readonly us: number;
}

const SECONDS = 6;
/** Milliseconds that a call shall take: short beside a second, and long beside a call. */
const SHORTEST = 2;
const LONGEST = 8;

/**
 * Milliseconds that this thread has run, as Linux tells; elsewhere those that have passed. What others compile beside does not count, nor what
 * else the machine does.
 */
const SCHEDULED = `/proc/self/task/${process.pid}/schedstat`;
const isTold = existsSync(SCHEDULED);
function now(): number {
  return isTold ? Number.parseInt(readFileSync(SCHEDULED, 'utf8'), 10) / 1e6 : performance.now();
}

function measure(api: Namespace, file: string): FirstSecond {
  const bytes = readFileSync(file);
  const start = now();
  const run = new api.Instance(new api.Module(bytes)).exports['run'] as (n: number) => number;
  /** Repetitions a millisecond, up to the end of the first second and of those behind it. */
  const speeds: number[] = [];
  let begun = start;
  let done = 0;
  let n = 1;
  while (speeds.length < SECONDS) {
    const before = now();
    run(n);
    const after = now();
    done += n;
    if (after - before < SHORTEST) n *= 2;
    else if (after - before > LONGEST) n = Math.max(1, n >> 1);
    if (after < start + 1000 * (speeds.length + 1)) continue;
    speeds.push(done / (after - begun));
    begun = after;
    done = 0;
  }
  const steady = speeds[SECONDS - 1]!;
  return { share: speeds[0]! / steady, us: 1000 / steady };
}

const { engine, tier, file } = JSON.parse(process.argv[2]!) as FirstTask;
console.log(JSON.stringify(measure(await loadNamespace(engine, tier), file)));
