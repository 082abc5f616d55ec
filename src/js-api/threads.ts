/** Hands the core what JavaScript has for threads that share memory, where it has that. */
import { type Threads, useThreads } from '../runtime/index';

const host = globalThis as unknown as Threads | { readonly SharedArrayBuffer: undefined };

/** For all stores. */
export function useHostThreads(): void {
  if (host.SharedArrayBuffer) useThreads(host);
}
