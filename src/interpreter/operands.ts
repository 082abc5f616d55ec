/** What instructions that work on canonical slots find there, and what they are made of. */
import type { Instance } from '../runtime';
import type { Stack } from './registers';

/** Runs on the operands whose first stands at word index `at`. */
export type Effect = (at: number) => void;

export interface EffectContext {
  readonly instance: Instance;
  /** The immediates: a memory, table, segment, global or function; of an access its memory and its static offset. */
  readonly x: number;
  readonly y: number;
}
export type EffectMaker = (context: EffectContext, frames: Stack) => Effect;

/** An unsigned operand of 32 or 64 bits, as a double. */
export function operand(frames: Stack, word: number, wide: boolean): number {
  const low = frames.ints[word] >>> 0;
  return wide ? (frames.ints[word + 1] >>> 0) * 4294967296 + low : low;
}
