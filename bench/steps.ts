/**
 * Where a run could not be stopped for long: the longest steps between two looks at a deadline, from decoding on, each module in one process.
 *   node scripts/run-ts.mjs bench/steps.ts FILE...     (modules that export `run` of type [i32] -> [])
 * Milliseconds of each, of which the host's garbage collection, and when it ended. With node's --cpu-prof what ran in it can be looked up.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import '../embed/node/fresh-factories.ts';
import '../embed/node/native-memory.ts';
import { optionsOf } from '../scripts/options.ts';
import { Execution, type Func, i32, instantiatePaused, Module, Store } from '../src/index.ts';
import { root } from './paths.ts';

/** Shorter ones are not worth telling. */
const TOLD_MS = 10;
const TOLD = 3;

interface Span {
  readonly start: number;
  readonly end: number;
}
interface Step extends Span {
  readonly phase: string;
}

async function longest(file: string): Promise<void> {
  const collections: Span[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      collections.push({ start: startTime, end: startTime + duration });
  });
  observer.observe({ entryTypes: ['gc'] });
  const steps: Step[] = [];
  const bytes = readFileSync(file);
  let phase = 'decoding';
  let last = performance.now();
  const look = (): boolean => {
    const now = performance.now();
    if (now - last >= TOLD_MS) steps.push({ start: last, end: now, phase });
    last = now;
    return false;
  };
  const parts = Module.decodeInParts(bytes);
  let part = parts.next();
  for (; !part.done; part = parts.next()) look();
  look();
  phase = 'running';
  const instance = instantiatePaused(new Store(), part.value, []);
  const execution = new Execution(instance.exports.get('run') as Func, [i32(0)]);
  const { kind } = execution.run({ deadline: look, now: () => performance.now() });
  look();
  // The observer hears of collections in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`${file}: ${kind} after ${last.toFixed(0)} ms`);
  const collected = ({ start, end }: Span) =>
    collections.reduce(
      (sum, one) => sum + Math.max(0, Math.min(end, one.end) - Math.max(start, one.start)),
      0,
    );
  const own = (step: Step) => step.end - step.start - collected(step);
  for (const step of steps.sort((a, b) => own(b) - own(a)).slice(0, TOLD)) {
    const [took, collection] = [step.end - step.start, collected(step)].map((ms) =>
      ms.toFixed(0).padStart(5),
    );
    console.log(`${took} ms, collection ${collection}, ${step.phase}, until ${step.end.toFixed(0)}`);
  }
}

const { positionals: files } = optionsOf(import.meta.url, { allowPositionals: true });
if (files.length === 1) await longest(files[0]);
const again = [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'bench/steps.ts')];
for (const file of files.length > 1 ? files : []) {
  spawnSync(process.execPath, [...process.execArgv, ...again, path.resolve(file)], {
    cwd: root,
    stdio: 'inherit',
  });
}
