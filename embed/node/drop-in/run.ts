/** Bundles the programs of this folder and runs each of them twice: on the host's own `WebAssembly` and on tswasm's. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import type { Moved, Moves } from './moving';
import type { Job, Outcome } from './worker';

/** Below node_modules, so that the programs find their packages. */
const cache = join(import.meta.dirname, '../../../node_modules/.cache/tswasm-drop-in');

function bundle(entry: string, outfile: string, format: 'esm' | 'cjs' = 'esm'): string {
  mkdirSync(cache, { recursive: true });
  const path = join(cache, outfile);
  const entryPoints = [join(import.meta.dirname, entry)];
  buildSync({ entryPoints, outfile: path, bundle: true, packages: 'external', platform: 'node', format });
  return pathToFileURL(path).href;
}

let engine: string | undefined;

/** The entry `tswasm/webassembly` as the package ships it for Node: with the full set of factories in a file beside it. */
function buildEngine(): string {
  bundle('../../../src/factories.ts', 'factories.cjs', 'cjs');
  return bundle('../webassembly.ts', 'engine.mjs');
}

type Engine = { readonly kind: 'native' | 'dropIn' } | { readonly kind: 'moving'; readonly moves: Moves };

function entryOf({ kind }: Engine): string | undefined {
  if (kind === 'native') return undefined;
  if (kind === 'moving') return bundle('moving.ts', 'moving.mjs');
  engine ??= buildEngine();
  return engine;
}

function runOnce(program: string, input: unknown, by: Engine): Promise<Outcome> {
  const worker = new URL(bundle('worker.ts', 'worker.mjs'));
  const url = bundle(`programs/${program}.ts`, `${program}.mjs`);
  const moves = by.kind === 'moving' ? by.moves : undefined;
  const job: Job = { program: url, engine: entryOf(by), input, moves };
  return new Promise((resolve, reject) => {
    const thread = new Worker(worker, { workerData: job });
    thread.on('message', resolve);
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`the program exited with code ${code}`)));
  });
}

/** Both outputs; the times and their ratio are printed. */
export async function compare(
  program: string,
  input?: unknown,
): Promise<{ native: unknown; dropIn: unknown }> {
  const native = await runOnce(program, input, { kind: 'native' });
  const dropIn = await runOnce(program, input, { kind: 'dropIn' });
  const ratio = dropIn.milliseconds / native.milliseconds;
  const times = `native ${native.milliseconds.toFixed(0)} ms, tswasm ${dropIn.milliseconds.toFixed(0)} ms`;
  process.stdout.write(`drop-in ${program}: ${times}, ratio ${ratio.toFixed(1)}\n`);
  return { native: native.output, dropIn: dropIn.output };
}

/** The outputs on the host's own namespace and on the one whose calls move, and where it has been. */
export async function compareMoved(
  program: string,
  moves: Moves,
): Promise<{ native: unknown; moving: unknown; moved: Moved }> {
  const native = await runOnce(program, undefined, { kind: 'native' });
  const moving = await runOnce(program, undefined, { kind: 'moving', moves });
  return { native: native.output, moving: moving.output, moved: moving.moved! };
}
