/** Runs one file of `test/js-api` in a fresh realm and posts its results to the parent. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInThisContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { Harness } from './shim';

export interface Job {
  /** The `test/js-api` folder. */
  readonly root: string;
  /** Path of the file below it. */
  readonly file: string;
  /** A script whose value is the namespace object to test; the host's own when undefined. */
  readonly engine: string | undefined;
  /** Define the functions that testharness.js has retired but some tests still call. */
  readonly retired: boolean;
}

/** `META: script=` addresses are those of web-platform-tests, where this folder is `/wasm/jsapi`. */
const MOUNT = '/wasm/jsapi/';

function run(path: string): void {
  runInThisContext(readFileSync(path, 'utf8'), { filename: path });
}

async function main({ root, file, engine, retired }: Job): Promise<void> {
  const path = join(root, file);
  const harness = new Harness();
  Object.assign(globalThis, { self: globalThis });
  if (engine !== undefined) {
    Object.assign(globalThis, { WebAssembly: runInThisContext(engine, { filename: 'tswasm' }) });
  }
  harness.install(retired);
  harness.guard(() => {
    for (const [, script] of readFileSync(path, 'utf8').matchAll(/^\/\/ META: script=(.*)$/gm)) {
      run(script.startsWith(MOUNT) ? join(root, script.slice(MOUNT.length)) : join(dirname(path), script));
    }
    run(path);
  }, 'file');
  await harness.finished();
  parentPort?.postMessage(harness.results);
}

void main(workerData as Job);
