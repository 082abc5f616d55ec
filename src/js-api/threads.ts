/** Hands the core what JavaScript has for threads that share memory, where it has that. */
import { type Threads, useThreads } from '../runtime/index';

const { SharedArrayBuffer: Shared, Atomics: atomics } = globalThis as unknown as Partial<Threads>;

/** For all stores that are made. */
export function useHostThreads(): void {
  if (Shared === undefined || atomics === undefined) return;
  useThreads({
    SharedArrayBuffer: Shared,
    Atomics: atomics,
    wideView: (buffer, length) => new BigInt64Array(buffer, 0, length),
    fromWords: ({ low, high }) => (BigInt(high) << 32n) | BigInt(low >>> 0),
    toWords: (wide) => ({
      low: Number(BigInt.asIntN(32, wide as bigint)),
      high: Number(BigInt.asIntN(32, (wide as bigint) >> 32n)),
    }),
  });
}
