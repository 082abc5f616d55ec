/** What an execution is run with, and how a run ends. */
import { CALLBACK, COUNT, type OptionChecks, SIGNAL } from '../checks';
import type { RuntimeError } from '../errors';
import type { Value } from '../runtime';

export type PauseReason = 'fuel' | 'request' | 'deadline';

/** How a run ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly results: Value[] }
  | { readonly kind: 'paused'; readonly reason: PauseReason }
  /** A host function returned this promise. After it is settled, `run` goes on. */
  | { readonly kind: 'waiting'; readonly promise: PromiseLike<void> }
  | { readonly kind: 'trapped'; readonly error: RuntimeError };

/** How far to run: what ends a run before the program does. */
export interface RunOptions {
  /**
   * Units of fuel (fuel.ts) that may be used before the execution pauses. It pauses at a safepoint, so an instruction that works in bulk may
   * use more; that is owed, and taken from what the next `run` gives, before anything runs.
   */
  readonly fuel?: number;
  /** Asked every few thousand safepoints, or as `now` says; true pauses. */
  readonly deadline?: () => boolean;
  /** Looked at together with the deadline; aborted pauses. */
  readonly signal?: { readonly aborted: boolean };
  /** A clock in milliseconds. With it they are looked at about twice a millisecond, however much there is between two safepoints. */
  readonly now?: () => number;
}

export const RUN_OPTIONS: OptionChecks<RunOptions> = {
  fuel: COUNT,
  deadline: CALLBACK,
  signal: SIGNAL,
  now: CALLBACK,
};
