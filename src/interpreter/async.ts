/** Running without keeping the host's event loop from its other work. */
import { AMOUNT, CALLBACK, COUNT, check, type OptionChecks, readOptions, SIGNAL } from '../checks';
import type { Execution } from './execution';
import type { Outcome, RunOptions } from './outcome';
import { addCallers } from './trace';

/** What the host gives: a clock, and a turn of its event loop. */
export interface Scheduler {
  /** Milliseconds; only differences count. */
  now(): number;
  /** Settles when the host has done what was waiting. */
  turn(): PromiseLike<void>;
  /**
   * Calls back after so many milliseconds; gives the way to call that off. Without it, a timeout that comes while a host function's
   * promise is pending takes effect when that is settled.
   */
  after?(milliseconds: number, callback: () => void): () => void;
}

/** An AbortSignal. One that only says whether it is aborted is not noticed while a host function's promise is pending. */
export interface AsyncSignal {
  readonly aborted: boolean;
  addEventListener?(type: 'abort', listener: () => void): void;
  removeEventListener?(type: 'abort', listener: () => void): void;
}

/** How `runAsync` runs: as `Execution.run` does, with a time limit and a signal for all of it. */
export interface AsyncRunOptions extends Omit<RunOptions, 'deadline' | 'signal' | 'now'> {
  /** Stops the run when it is aborted. */
  readonly signal?: AsyncSignal;
  /** Milliseconds to run before the host gets a turn. */
  readonly slice?: number;
  /** Milliseconds after which the execution pauses. */
  readonly timeout?: number;
}

/** Everything but `waiting`: promises of host functions are awaited. */
const ASYNC_OPTIONS: OptionChecks<AsyncRunOptions> = {
  fuel: COUNT,
  signal: SIGNAL,
  slice: AMOUNT,
  timeout: AMOUNT,
};

/** How `runAsync` ends. Waiting is no end: it waits itself. */
export type AsyncOutcome = Exclude<Outcome, { kind: 'waiting' }>;

/** A signal from the event loop is seen after a slice, which is longer while all is cold: within 5 ms. A turn takes about 10 microseconds. */
const DEFAULT_SLICE = 2;

/**
 * Runs in slices, and lets the host have a turn between them and while a host function's promise is pending; several executions that run
 * like this take turns. Ends like `Execution.run`, but never waits. A pause may find the execution waiting for the host (its state says
 * so): it can be snapshotted then, and `runAsync` goes on with that wait.
 */
export async function runAsync(
  execution: Execution,
  scheduler: Scheduler,
  options: AsyncRunOptions = {},
): Promise<AsyncOutcome> {
  check('scheduler.now', scheduler?.now, CALLBACK);
  check('scheduler.turn', scheduler.turn, CALLBACK);
  if (scheduler.after !== undefined) check('scheduler.after', scheduler.after, CALLBACK);
  const given = readOptions('runAsync', options, ASYNC_OPTIONS);
  const { slice = DEFAULT_SLICE, timeout = Number.POSITIVE_INFINITY, signal, fuel } = given;
  const end = scheduler.now() + timeout;
  const limit = fuel === undefined ? undefined : execution.fuelPaid + fuel;
  for (;;) {
    if (execution.waitsFor !== undefined) {
      await settledOr(execution.waitsFor, scheduler, end, signal);
      if (execution.waitsFor !== undefined) {
        return { kind: 'paused', reason: signal?.aborted ? 'request' : 'deadline' };
      }
    }
    const until = Math.min(scheduler.now() + slice, end);
    const outcome = execution.run({
      fuel: limit === undefined ? undefined : Math.max(0, limit - execution.fuelPaid),
      signal,
      now: () => scheduler.now(),
      deadline: () => scheduler.now() >= until,
    });
    if (outcome.kind === 'trapped') addCallers(outcome.error, runAsync);
    if (outcome.kind === 'waiting') continue;
    if (outcome.kind !== 'paused' || outcome.reason !== 'deadline' || scheduler.now() >= end) return outcome;
    await scheduler.turn();
  }
}

/** Until the promise is settled, the time is over, or the signal is aborted. */
function settledOr(
  promise: PromiseLike<void>,
  scheduler: Scheduler,
  end: number,
  signal: AsyncSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    let callOff: (() => void) | undefined;
    const done = () => {
      callOff?.();
      signal?.removeEventListener?.('abort', done);
      resolve();
    };
    if (signal?.aborted) return done();
    signal?.addEventListener?.('abort', done);
    if (end !== Number.POSITIVE_INFINITY)
      callOff = scheduler.after?.(Math.max(0, end - scheduler.now()), done);
    promise.then(done, done);
  });
}
