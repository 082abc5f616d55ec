/**
 * One program in one way, in QuickJS itself: `qjs main.mjs` prints a line of JSON. The ways are modules of their own beside this one (quickjs.ts
 * writes them), each of which exports `load(bytes, imports)` and gives the instance's exports as functions.
 */
import { PAUSE } from './protocol.ts';

/** What QuickJS's own module `std` has, of what is used here. */
interface Std {
  open(file: string, mode: string): { getline(): string; close(): void } | null;
}
export interface Exports {
  readonly memory?: { readonly buffer: ArrayBuffer };
  readonly [name: string]: unknown;
}
export interface Given {
  readonly std: Std;
  readonly bytes: Uint8Array;
  readonly load: (bytes: Uint8Array, imports: object) => Exports;
  /** Milliseconds for one sample; 0: `_start` is called once. */
  readonly sampleMs: number;
  /** Seconds that CoreMark is told. */
  readonly clock: readonly number[];
}
export interface Told {
  readonly repMs: number;
  readonly checksum: number;
}

const SAMPLES = 3;

/** Milliseconds of this process: Linux tells nanoseconds on a processor. */
function processorTime(std: Std): number {
  const file = std.open('/proc/self/schedstat', 'r');
  if (file === null) throw new Error('no /proc/self/schedstat: Linux is needed');
  const line = file.getline();
  file.close();
  return Number(line.split(' ')[0]) / 1e6;
}

/** A program's repetitions. */
function repetitions(run: (n: number) => number, now: () => number, sampleMs: number): Told {
  const took = (n: number) => {
    const begun = now();
    run(n);
    return now() - begun;
  };
  const checksum = run(2);
  let n = 1;
  while (took(n) < sampleMs) n *= 2;
  const samples = Array.from({ length: SAMPLES }, () => took(n) / n);
  return { checksum, repMs: Math.min(...samples) };
}

/** CoreMark, whose clock is a list, so that it does the same everywhere. */
class CoreMark {
  memory: { readonly buffer: ArrayBuffer } | undefined;
  looked = 0;
  constructor(private readonly clock: readonly number[]) {}

  private view(): DataView {
    return new DataView(this.memory!.buffer);
  }
  readonly calls = {
    proc_exit: () => {
      throw new Error('over');
    },
    clock_time_get: (_id: number, _precision: bigint, at: number) => {
      const seconds = this.clock[Math.min(this.looked++, this.clock.length - 1)]!;
      this.view().setBigUint64(at, BigInt(seconds * 1e9), true);
      return 0;
    },
    args_sizes_get: (count: number, size: number) => {
      this.view().setUint32(count, 0, true);
      this.view().setUint32(size, 0, true);
      return 0;
    },
    args_get: () => 0,
    fd_seek: () => 70,
    fd_close: () => 0,
    fd_fdstat_get: (_fd: number, at: number) => {
      this.view().setUint8(at, 2);
      return 0;
    },
    fd_write: (_fd: number, vectors: number, count: number, written: number) => {
      let total = 0;
      for (let i = 0; i < count; i++) total += this.view().getUint32(vectors + i * 8 + 4, true);
      this.view().setUint32(written, total, true);
      return 0;
    },
  };
}

export function measured({ std, bytes, load, sampleMs, clock }: Given): Told {
  const now = () => processorTime(std);
  const coreMark = new CoreMark(clock);
  const exports = load(bytes, {
    [PAUSE.module]: { [PAUSE.name]: () => {} },
    wasi_snapshot_preview1: coreMark.calls,
  });
  if (sampleMs > 0) return repetitions(exports['run'] as (n: number) => number, now, sampleMs);
  coreMark.memory = exports.memory;
  const begun = now();
  try {
    (exports['_start'] as () => void)();
  } catch (error) {
    if (!String(error).includes('over')) throw error;
  }
  return { repMs: now() - begun, checksum: coreMark.looked };
}
