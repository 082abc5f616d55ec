/** Running an execution to its end on Node's event loop: waits for host calls, keeps to fuel and time. */
import type { BacktraceFrame, Execution, Outcome, RuntimeError, Value } from '../../src/index';

export interface DriveOptions {
  /** Safepoints that may be passed. */
  readonly fuel?: number;
  /** Milliseconds of wall-clock time, waiting included. */
  readonly timeout?: number;
  /** Stops the guest when aborted. */
  readonly signal?: AbortSignal;
  /** Give the event loop a turn after so many milliseconds of computing. Default: never. */
  readonly slice?: number;
}

export type StopReason = 'fuel' | 'timeout' | 'signal' | 'request';

/** How a run ends. A stopped execution is paused or waiting, and could go on. */
export type Ending =
  | { readonly kind: 'done'; readonly results: readonly Value[] }
  | { readonly kind: 'trapped'; readonly error: RuntimeError }
  | {
      readonly kind: 'stopped';
      readonly reason: StopReason;
      readonly backtrace: readonly BacktraceFrame[];
    };

/** Exceptions of host functions (WasiExit among them) pass through. */
export async function drive(execution: Execution, options: DriveOptions = {}): Promise<Ending> {
  const { timeout = Number.POSITIVE_INFINITY, slice = Number.POSITIVE_INFINITY, signal } = options;
  const end = performance.now() + timeout;
  const lastFuel = execution.fuelUsed + (options.fuel ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const turn = performance.now() + slice;
    const until = Math.min(end, turn);
    const outcome = execution.run({
      ...(options.fuel === undefined ? {} : { fuel: lastFuel - execution.fuelUsed }),
      ...(until === Number.POSITIVE_INFINITY ? {} : { deadline: () => performance.now() >= until }),
      ...(signal ? { signal } : {}),
    });
    if (outcome.kind === 'done' || outcome.kind === 'trapped') return outcome;
    const reason = await goOn(outcome, end, signal);
    if (reason !== undefined) return { kind: 'stopped', reason, backtrace: execution.backtrace() };
  }
}

/** Why the run is over; undefined when it goes on, after a wait perhaps. */
async function goOn(
  outcome: Extract<Outcome, { kind: 'paused' | 'waiting' }>,
  end: number,
  signal: AbortSignal | undefined,
): Promise<StopReason | undefined> {
  if (outcome.kind === 'paused' && outcome.reason === 'fuel') return 'fuel';
  if (outcome.kind === 'paused' && outcome.reason === 'request' && !signal?.aborted) return 'request';
  const over = outcome.kind === 'paused' ? nextTurn() : settled(outcome.promise, end, signal);
  await over;
  if (signal?.aborted) return 'signal';
  return performance.now() >= end ? 'timeout' : undefined;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const LONGEST_TIMEOUT = 0x7fffffff;

/** Until the promise is settled, the time is over, or the signal is aborted. */
function settled(promise: PromiseLike<void>, end: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const ms = end - performance.now();
    const timer =
      ms === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => done(), Math.min(Math.ceil(ms), LONGEST_TIMEOUT));
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    signal?.addEventListener('abort', done);
    promise.then(done, done);
  });
}
