/** One engine, one program, one process: `node [--jitless] child.mjs <task>` prints a Measurement. */
import { readFileSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';
import { type Measurement, median, type Namespace, type Task } from './protocol.ts';

type Run = (n: number) => number;

function load(api: Namespace, file: string): Run {
  const instance = new api.Instance(new api.Module(readFileSync(file)), {});
  return instance.exports['run'] as Run;
}

function time(run: Run, n: number): number {
  const start = performance.now();
  run(n);
  return performance.now() - start;
}

/** Batches without progress after which a program counts as warm, and how many times `warmUpMs` it may take to get there. */
const PATIENCE = 4;
const LONGEST = 8;

/** Runs until the program gets no faster. Returns the repetitions that now take about `ms`. */
function warmUp(run: Run, warmUpMs: number, ms: number): number {
  const start = performance.now();
  let n = 1;
  let best = Number.POSITIVE_INFINITY;
  let idle = 0;
  while (performance.now() - start < warmUpMs * LONGEST) {
    const took = time(run, n);
    idle = took / n < best * 0.97 ? 0 : idle + 1;
    best = Math.min(best, took / n);
    if (took < ms / 2) n *= 2;
    else if (idle >= PATIENCE && performance.now() - start > warmUpMs) break;
  }
  return Math.max(1, Math.round(ms / best));
}

function measure(api: Namespace, task: Task): Measurement {
  if (task.warmFile) warmUp(load(api, task.warmFile), task.warmUpMs, task.sampleMs);
  const start = performance.now();
  const run = load(api, task.file);
  const loaded = performance.now();
  const checksum = run(2);
  const first = performance.now();
  const n = warmUp(run, task.warmUpMs, task.sampleMs);
  const samples = Array.from({ length: task.samples }, () => time(run, n) / n);
  return { checksum, loadMs: loaded - start, firstMs: first - loaded, repMs: median(samples) };
}

const task = JSON.parse(process.argv[2]!) as Task;
console.log(JSON.stringify(measure(await loadNamespace(task.engine), task)));
