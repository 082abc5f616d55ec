/** Running without keeping the host's event loop from its other work. */
import type { Execution, Outcome, RunOptions } from './execution';

/** What the host gives: a clock, and a turn of its event loop. */
export interface Scheduler {
  /** Milliseconds; only differences count. */
  now(): number;
  /** Settles when the host has done what was waiting. */
  turn(): PromiseLike<void>;
}

export interface AsyncRunOptions extends Omit<RunOptions, 'deadline'> {
  /** Milliseconds to run before the host gets a turn. */
  readonly slice?: number;
  /** Milliseconds after which the execution pauses. */
  readonly timeout?: number;
}

/** Everything but `waiting`: promises of host functions are awaited. */
export type AsyncOutcome = Exclude<Outcome, { kind: 'waiting' }>;

const DEFAULT_SLICE = 8;

/**
 * Runs in slices, and lets the host have a turn between them and while a host function's promise is pending; several executions that run
 * like this take turns. Ends like `Execution.run`, but never waits.
 */
export async function runAsync(
  execution: Execution,
  scheduler: Scheduler,
  options: AsyncRunOptions = {},
): Promise<AsyncOutcome> {
  const { slice = DEFAULT_SLICE, timeout = Number.POSITIVE_INFINITY, signal } = options;
  const end = scheduler.now() + timeout;
  const limit = options.fuel === undefined ? undefined : execution.fuelUsed + options.fuel;
  for (;;) {
    const until = Math.min(scheduler.now() + slice, end);
    const outcome = execution.run({
      fuel: limit === undefined ? undefined : limit - execution.fuelUsed,
      signal,
      deadline: () => scheduler.now() >= until,
    });
    if (outcome.kind === 'waiting') {
      await outcome.promise;
      continue;
    }
    if (outcome.kind !== 'paused' || outcome.reason !== 'deadline' || scheduler.now() >= end) return outcome;
    await scheduler.turn();
  }
}
