/**
 * One fixed piece of work in one build of tswasm (TSWASM_DIST): prints the processor time that it took in milliseconds, and a checksum.
 *   node [--jitless] against-child.mjs <Work as JSON> [tier; default: what the build chooses]
 */
import { existsSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { coremarkInQuickjs } from './against-quickjs.ts';
import type { Work, Worked } from './against-work.ts';
import { CLOCK } from './coremark-clock.ts';
import { loadNamespace } from './namespace.ts';
import type { Namespace } from './protocol.ts';
import { importsOf } from './stubs.ts';

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
function tell(worked: Worked): void {
  writeSync(1, `\n${JSON.stringify(worked)}\n`);
}

function program(api: Namespace, file: string, warm: number, n: number): Worked {
  const instance = new api.Instance(new api.Module(readFileSync(file)), {});
  const run = instance.exports['run'] as (n: number) => number;
  if (warm > 0) run(warm);
  const begun = processorTime();
  const checksum = run(n);
  return { ms: processorTime() - begun, checksum };
}

function startUp(api: Namespace, work: Extract<Work, { kind: 'startup' }>): Worked {
  const imports = importsOf(api, work.stubs);
  const bytes = readFileSync(work.file);
  const begun = processorTime();
  for (let k = 0; k < work.times; k++) new api.Instance(new api.Module(bytes), imports);
  return { ms: processorTime() - begun, checksum: 0 };
}

class Exit extends Error {}

/** CoreMark with a clock of our own (coremark-clock.ts). */
function coremark(api: Namespace, file: string): Worked {
  let memory: { readonly buffer: ArrayBuffer } | undefined;
  const view = () => new DataView(memory!.buffer);
  let looked = 0;
  const ok = () => 0;
  const calls = {
    proc_exit: () => {
      throw new Exit();
    },
    clock_time_get: (_id: number, _precision: bigint, at: number) => {
      const seconds = CLOCK[Math.min(looked++, CLOCK.length - 1)]!;
      view().setBigUint64(at, BigInt(seconds * 1e9), true);
      return 0;
    },
    args_sizes_get: (count: number, size: number) => {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return 0;
    },
    args_get: ok,
    fd_seek: () => 70,
    fd_close: ok,
    fd_fdstat_get: (_fd: number, at: number) => {
      new Uint8Array(memory!.buffer, at, 24).fill(0)[0] = 2;
      return 0;
    },
    fd_write: (_fd: number, vectors: number, count: number, written: number) => {
      let total = 0;
      for (let i = 0; i < count; i++) total += view().getUint32(vectors + i * 8 + 4, true);
      view().setUint32(written, total, true);
      return 0;
    },
  };
  const instance = new api.Instance(new api.Module(readFileSync(file)), { wasi_snapshot_preview1: calls });
  memory = instance.exports['memory'] as { readonly buffer: ArrayBuffer };
  const begun = processorTime();
  try {
    (instance.exports['_start'] as () => void)();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  }
  return { ms: processorTime() - begun, checksum: looked };
}

/** The whole process of a small program on the command line. */
async function commandLine(dist: string, file: string): Promise<void> {
  process.argv.splice(2, process.argv.length, 'run', file);
  process.on('exit', (code) => tell({ ms: processorTime(), checksum: code }));
  // Older states have an ES module.
  const started = ['cli.cjs', 'cli.js'].map((name) => path.join(dist, name)).find(existsSync)!;
  await import(pathToFileURL(started).href);
}

const work = JSON.parse(process.argv[2]!) as Work;
if (work.kind === 'cli') await commandLine(process.env['TSWASM_DIST']!, work.file);
else if (work.kind === 'quickjs') tell(await coremarkInQuickjs(process.env['TSWASM_DIST']!, work.file));
else {
  const api = await loadNamespace('tswasm', process.argv[3]);
  if (work.kind === 'accepted') tell({ ms: 0, checksum: Number(api.validate(readFileSync(work.file))) });
  else if (work.kind === 'program') tell(program(api, work.file, work.warm, work.n));
  else tell(work.kind === 'startup' ? startUp(api, work) : coremark(api, work.file));
}
