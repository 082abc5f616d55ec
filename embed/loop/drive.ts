/** Running an execution to its end on an event loop: waits for host calls, keeps to fuel and time. */
import { AMOUNT, CALLBACK, COUNT, type OptionChecks, readOptions, SIGNAL } from '../../src/checks';
import type { BacktraceFrame, Execution, Outcome, RunOptions, RuntimeError, Value } from '../../src/index';
import { nextTurn } from '../../src/js-api/turns';

/** When a run stops. */
export interface DriveLimits {
  /** Units of fuel that may be used (src/interpreter/fuel.ts). */
  readonly fuel?: number;
  /** Milliseconds of wall-clock time, waiting included. */
  readonly timeout?: number;
  /** Stops the guest when aborted. */
  readonly signal?: AbortSignal;
}

/** How an execution is driven on an event loop: its limits, and how often the loop has a turn. */
export interface DriveOptions extends DriveLimits {
  /** Give the event loop a turn after so many milliseconds of computing. Default: never. */
  readonly slice?: number;
  /** Told when a slice is over, with the guest where it is: its backtrace can be read. */
  readonly onSlice?: (execution: Execution) => void;
  /**
   * Asked when a limit is reached, with the guest at a safepoint (or waiting for the host): a snapshot can be taken. Gives the limits to
   * go on with, counted from now; undefined ends the run.
   */
  readonly onStop?: (reason: StopReason, execution: Execution) => DriveLimits | undefined;
}

/** What a run is driven with that no user chooses. */
export interface DriveHost {
  /** Milliseconds, from any point on. */
  now(): number;
  /** What short runs do without. */
  readonly later?: Later;
}

/** What is waited for once, when the guest has computed for a while and it is due. */
export interface Later {
  /** Milliseconds of computing between two questions. */
  readonly after: number;
  isDue(execution: Execution): boolean;
  load(): Promise<void>;
}

const DEFAULT_HOST: DriveHost = { now: () => performance.now() };

/** @internal */
export const DRIVE_OPTIONS: OptionChecks<DriveOptions> = {
  fuel: COUNT,
  timeout: AMOUNT,
  signal: SIGNAL,
  slice: AMOUNT,
  onSlice: CALLBACK,
  onStop: CALLBACK,
};

/** Why a run was stopped: its fuel or time was used up, a signal was aborted, or somebody asked for it. */
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

/** Limits as points in time and fuel. */
interface Ends {
  readonly time: number;
  readonly fuel: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function endsOf({ timeout, fuel, signal }: DriveLimits, execution: Execution, { now }: DriveHost): Ends {
  return {
    time: timeout === undefined ? Number.POSITIVE_INFINITY : now() + timeout,
    fuel: fuel === undefined ? undefined : execution.fuelPaid + fuel,
    signal,
  };
}

/** Exceptions of host functions (WasiExit among them) pass through. */
export async function drive(
  execution: Execution,
  options: DriveOptions = {},
  host: DriveHost = DEFAULT_HOST,
): Promise<Ending> {
  const {
    slice = Number.POSITIVE_INFINITY,
    onSlice,
    onStop,
    ...limits
  } = readOptions('drive', options, DRIVE_OPTIONS);
  const { now } = host;
  let { later } = host;
  /** Milliseconds of computing until it is asked whether `later` is due. */
  let patience = later?.after ?? Number.POSITIVE_INFINITY;
  let ends = endsOf(limits, execution, host);
  let reason: StopReason | undefined;
  for (;;) {
    const begun = later && now();
    const isToBeAsked = patience < slice;
    const outcome = execution.run(
      reason === undefined ? runOptions(execution, ends, Math.min(slice, patience), now) : { fuel: 0 },
    );
    if (outcome.kind === 'done' || outcome.kind === 'trapped') return outcome;
    onSlice?.(execution);
    if (later !== undefined) patience -= now() - begun!;
    if (later !== undefined && patience <= 0) {
      patience = later.after;
      if (later.isDue(execution)) {
        await later.load();
        later = undefined;
        patience = Number.POSITIVE_INFINITY;
      }
    }
    // It has stopped for that alone: nobody has asked for a turn of the event loop.
    const isOurs = isToBeAsked && outcome.kind === 'paused' && outcome.reason === 'deadline';
    if (isOurs && reason === undefined && !ends.signal?.aborted && now() < ends.time) continue;
    reason ??= await goOn(execution, outcome, ends, now);
    // Where one is asked, the guest is at a safepoint: the middle of a bulk operation is left first.
    if (reason === undefined || (onStop !== undefined && !execution.atSafepoint)) continue;
    while (reason !== undefined) {
      const more = onStop?.(reason, execution);
      if (more === undefined) return { kind: 'stopped', reason, backtrace: execution.backtrace() };
      ends = endsOf(more, execution, host);
      reason = outcome.kind === 'waiting' ? await goOn(execution, outcome, ends, now) : undefined;
    }
  }
}

function runOptions(
  execution: Execution,
  { time, fuel, signal }: Ends,
  slice: number,
  now: () => number,
): RunOptions {
  const until = slice === Number.POSITIVE_INFINITY ? time : Math.min(time, now() + slice);
  return {
    ...(fuel === undefined ? {} : { fuel: Math.max(0, fuel - execution.fuelPaid) }),
    ...(until === Number.POSITIVE_INFINITY ? {} : { deadline: () => now() >= until }),
    ...(signal ? { signal } : {}),
    now,
  };
}

/** Why the run is over; undefined when it goes on, after a wait perhaps. */
async function goOn(
  execution: Execution,
  outcome: Extract<Outcome, { kind: 'paused' | 'waiting' }>,
  { time, signal }: Ends,
  now: () => number,
): Promise<StopReason | undefined> {
  if (outcome.kind === 'paused' && outcome.reason === 'fuel') return 'fuel';
  if (outcome.kind === 'paused' && outcome.reason === 'request' && !signal?.aborted) return 'request';
  // An abort that has already been will not be told again.
  if (signal?.aborted) return 'signal';
  do {
    await (outcome.kind === 'paused' ? nextTurn() : settled(outcome.promise, time - now(), signal));
    if (signal?.aborted) return 'signal';
    if (now() >= time) return 'timeout';
    // Timers come a little early at times, and cannot be set for months.
  } while (execution.waitsFor !== undefined);
  return undefined;
}

const LONGEST_TIMEOUT = 0x7fffffff;

/** Until the promise is settled, so many milliseconds are over, or the signal is aborted. */
function settled(promise: PromiseLike<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
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
