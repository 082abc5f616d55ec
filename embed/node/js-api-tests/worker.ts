/** Runs one file of `test/js-api` in a fresh realm and posts its results to the parent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { Harness } from './shim';

export interface Job {
  /** The `test/js-api` folder. */
  readonly root: string;
  /** Paths of the scripts below it. */
  readonly scripts: readonly string[];
  /** A script whose value is the namespace object to test; the host's own when undefined. */
  readonly engine: string | undefined;
  /** Define the functions that testharness.js has retired but some tests still call. */
  readonly retired: boolean;
}

function run(path: string): void {
  runInThisContext(readFileSync(path, 'utf8'), { filename: path });
}

async function main({ root, scripts, engine, retired }: Job): Promise<void> {
  const harness = new Harness();
  Object.assign(globalThis, { self: globalThis });
  if (engine !== undefined) {
    Object.assign(globalThis, { WebAssembly: runInThisContext(engine, { filename: 'tswasm' }) });
  }
  harness.install(retired);
  harness.guard(() => {
    for (const script of scripts) run(join(root, script));
  }, 'file');
  await harness.finished();
  parentPort?.postMessage(harness.results);
}

void main(workerData as Job);
