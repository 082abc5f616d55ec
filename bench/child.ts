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

/** Repetitions that take about `ms`, found while running for at least `warmUpMs`. */
function warmUp(run: Run, warmUpMs: number, ms: number): number {
  const start = performance.now();
  let n = 1;
  let took = time(run, n);
  while (performance.now() - start < warmUpMs || took < ms / 2) {
    if (took < ms / 2) n *= 2;
    took = time(run, n);
  }
  return Math.max(1, Math.round((n * ms) / took));
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
