/** Decoding a module under the limits of its run. */
import { type DecodeOptions, Module } from '../../src/index';
import { nextTurn } from '../../src/js-api/turns';
import type { DriveOptions, StopReason } from './drive';

/**
 * Decodes in parts, and looks at the time and the signal between them. The event loop gets its turns, so that a signal can be. Gives why
 * the run is over when it is; throws CompileError.
 */
export async function decodeWithin(
  bytes: Uint8Array,
  { timeout = Number.POSITIVE_INFINITY, signal, slice = Number.POSITIVE_INFINITY }: DriveOptions,
  options: DecodeOptions = {},
): Promise<Module | StopReason> {
  const end = performance.now() + timeout;
  let turn = performance.now() + slice;
  const parts = Module.decodeInParts(bytes, options);
  for (;;) {
    const { done, value } = parts.next();
    if (signal?.aborted) return 'signal';
    const now = performance.now();
    if (now >= end) return 'timeout';
    if (done) return value;
    if (now < turn) continue;
    await nextTurn();
    turn = performance.now() + slice;
  }
}
