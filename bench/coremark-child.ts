/**
 * CoreMark (a WASI program) in one engine: `node [--jitless] coremark-child.mjs <engine> <file>` prints its output. The eight
 * WASI calls it makes are the same few lines of JavaScript for every engine, so that only the engine differs.
 *
 * CoreMark chooses its iterations by runs of ten times as many until one takes a second, which is before a just-in-time compiler
 * is warm; the measured run then falls short of the ten seconds that it demands. Here such a run must take three: the clock
 * shows half a second for shorter ones, and half the time for this one. The measured run sees the real clock.
 */
import { readFileSync, writeSync } from 'node:fs';
import { loadNamespace } from './namespace.ts';
import type { JsEngine } from './protocol.ts';

class Exit extends Error {}

const [engine, file, tier] = process.argv.slice(2) as [JsEngine, string, string?];
const api = await loadNamespace(engine, tier);
let memory: { readonly buffer: ArrayBuffer };
const view = () => new DataView(memory.buffer);

const CALIBRATION_MS = 3000;
let calibrating = true;
let started: number | undefined;

/** CoreMark reads the clock in pairs: before a run and after it. */
function clock(): number {
  const now = performance.now();
  if (started === undefined) {
    started = now;
    return now;
  }
  const begin = started;
  started = undefined;
  if (calibrating && now - begin < CALIBRATION_MS) return begin + Math.min(now - begin, 500);
  if (!calibrating) return now;
  calibrating = false;
  return begin + (now - begin) / 2;
}

const calls = {
  proc_exit: () => {
    throw new Exit();
  },
  clock_time_get: (_id: number, _precision: bigint, at: number) => {
    view().setBigUint64(at, BigInt(Math.round(clock() * 1e6)), true);
    return 0;
  },
  args_sizes_get: (count: number, size: number) => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return 0;
  },
  args_get: () => 0,
  fd_seek: () => 70,
  fd_close: () => 0,
  fd_fdstat_get: (_fd: number, at: number) => {
    new Uint8Array(memory.buffer, at, 24).fill(0)[0] = 2;
    view().setBigUint64(at + 8, ~0n & 0xffff_ffff_ffff_ffffn, true);
    return 0;
  },
  fd_write: (fd: number, vectors: number, count: number, written: number) => {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const start = view().getUint32(vectors + i * 8, true);
      const length = view().getUint32(vectors + i * 8 + 4, true);
      if (length > 0) writeSync(fd, new Uint8Array(memory.buffer, start, length));
      total += length;
    }
    view().setUint32(written, total, true);
    return 0;
  },
};

const instance = new api.Instance(new api.Module(readFileSync(file)), { wasi_snapshot_preview1: calls });
memory = instance.exports['memory'] as { readonly buffer: ArrayBuffer };
try {
  (instance.exports['_start'] as () => void)();
} catch (error) {
  if (!(error instanceof Exit)) throw error;
}
