/** One engine, one program, one process: `node [--jitless] child.mjs <task>` prints a Measurement, or what a cold run took. */
import { readFileSync } from 'node:fs';
import { bareTexts, evaluateBare } from './bare.ts';
import { loadNamespace } from './namespace.ts';
import {
  type ColdAnswer,
  type ColdTask,
  type Measurement,
  median,
  type Namespace,
  PAUSE,
  type Task,
} from './protocol.ts';

type Run = (n: number) => number;

const IMPORTS = { [PAUSE.module]: { [PAUSE.name]: () => {} } };

function load(api: Namespace, file: string): Run {
  const instance = new api.Instance(new api.Module(readFileSync(file)), IMPORTS);
  return instance.exports['run'] as Run;
}

/** Milliseconds of processor time: other work on the machine counts little. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function time(run: Run, n: number): number {
  const start = processorTime();
  run(n);
  return processorTime() - start;
}

/** A program is warm when so many batches in a row took the same time, within STEADY, or after LONGEST times `warmUpMs`. */
const BATCHES = 5;
const STEADY = 1.1;
const LONGEST = 8;

/** Runs until the program's speed no longer changes. Returns the repetitions that now take about `ms`. */
function warmUp(run: Run, warmUpMs: number, ms: number): number {
  const start = performance.now();
  let n = 1;
  let latest: number[] = [];
  for (;;) {
    const took = time(run, n);
    latest = [...latest, took / n].slice(-BATCHES);
    const spent = performance.now() - start;
    const steady = latest.length === BATCHES && Math.max(...latest) < Math.min(...latest) * STEADY;
    if (took < ms / 2) n *= 2;
    else if ((steady && spent > warmUpMs) || spent > warmUpMs * LONGEST) break;
  }
  return Math.max(1, Math.round(ms / median(latest)));
}

function measure(api: Namespace, task: Task): Measurement {
  if (task.warmFile) warmUp(load(api, task.warmFile), task.warmUpMs, task.sampleMs);
  const start = processorTime();
  const run = load(api, task.file);
  const loaded = processorTime();
  const checksum = run(2);
  const first = processorTime();
  const n = warmUp(run, task.warmUpMs, task.sampleMs);
  const samples = Array.from({ length: task.samples }, () => time(run, n) / n);
  return { checksum, loadMs: loaded - start, firstMs: first - loaded, repMs: median(samples) };
}

function runCold(api: Namespace, { file, repetitions }: ColdTask): ColdAnswer {
  load(api, file)(repetitions);
  return { processMs: processorTime() };
}

const task = JSON.parse(process.argv[2]!) as Task | ColdTask;
const isBare = process.env['TSWASM_BARE'] !== undefined;
if (isBare) evaluateBare();
const api = await loadNamespace(task.engine, task.tier);
console.log(JSON.stringify('repetitions' in task ? runCold(api, task) : measure(api, task)));
if (isBare && bareTexts() === 0) throw new Error('no text had a check');
