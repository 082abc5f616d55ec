/**
 * Calls within limits: a namespace that is made with `fuel`, `deadline` or `total` stops calls that use more, so that a plug-in cannot hang
 * its page. Calls that host functions make count as part of the call from JavaScript that they are inside of.
 */
import { AMOUNT, CALLBACK, COUNT, OBJECT, type OptionChecks, readOptions } from '../checks';
import { type BacktraceFrame, RuntimeError } from '../errors';
import {
  type Execution,
  fuelLeft,
  invokeWithin,
  type PauseReason,
  type RunOptions,
} from '../interpreter/index';
import { addFrames } from '../interpreter/trace';
import type { Func, Value } from '../runtime/index';

/** What calls may use. */
export interface CallLimits {
  /** Units of fuel: the safepoints that are passed, and what bulk operations cost. The same on every host. */
  readonly fuel?: number;
  /** Milliseconds of the host's clock. */
  readonly deadline?: number;
}

/** Which limit a call has reached. */
export type CallStopReason = 'fuel' | 'deadline';

/** What calls of a namespace may use, each and together. */
export interface MeteringOptions extends CallLimits {
  /** What all calls may use together. */
  readonly total?: CallLimits;
  /**
   * Asked when a limit is reached, with the call paused where it is. Gives the limits to go on with, counted from now; undefined ends the
   * call: it throws a `CallStoppedError`, and what the instance was about stays half done.
   */
  readonly onStop?: (reason: CallStopReason, execution: Execution) => CallLimits | undefined;
}

export const METERING_OPTIONS: OptionChecks<MeteringOptions> = {
  fuel: COUNT,
  deadline: AMOUNT,
  total: OBJECT,
  onStop: CALLBACK,
};
const CALL_LIMITS: OptionChecks<CallLimits> = { fuel: COUNT, deadline: AMOUNT };

/** A call has used up what it may use. Also an instance of the namespace's `RuntimeError`. */
export class CallStoppedError extends RuntimeError {
  constructor(
    /** Which limit was reached. */
    readonly reason: CallStopReason,
    backtrace: readonly BacktraceFrame[],
  ) {
    super(`the call was stopped: it has used up its ${reason === 'fuel' ? 'fuel' : 'time'}`);
    this.backtrace = backtrace;
    addFrames(this, backtrace);
  }
}

/** Milliseconds; whatever clock the host has. */
function now(): number {
  return typeof performance === 'object' ? performance.now() : Date.now();
}

/** Whether any limit is asked for: a namespace without calls as the machine does. */
export function isMetered({ fuel, deadline, total }: MeteringOptions): boolean {
  return fuel !== undefined || deadline !== undefined || total !== undefined;
}

/** How the exported functions of one namespace are called. */
export class CallMeter {
  private readonly perCall: CallLimits;
  private readonly onStop: MeteringOptions['onStop'];
  /** What all calls have left. */
  private fuelLeft: number;
  private timeLeft: number;
  /** When the call from JavaScript that is under way must have ended; undefined when there is none. */
  private end: number | undefined;

  constructor({ total, onStop, ...perCall }: MeteringOptions) {
    const { fuel, deadline } = readOptions('total', total, CALL_LIMITS);
    this.fuelLeft = fuel ?? Number.POSITIVE_INFINITY;
    this.timeLeft = deadline ?? Number.POSITIVE_INFINITY;
    this.perCall = perCall;
    this.onStop = onStop;
  }

  invoke(func: Func, args: readonly Value[]): Value[] {
    // Inside another call, its end is theirs, and its fuel is what is left there.
    if (this.end !== undefined) return this.run(func, args, fuelLeft());
    const { fuel = Number.POSITIVE_INFINITY, deadline = Number.POSITIVE_INFINITY } = this.perCall;
    const begun = now();
    this.end = begun + Math.min(deadline, this.timeLeft);
    try {
      return this.run(func, args, Math.min(fuel, this.fuelLeft), (used) => {
        this.fuelLeft -= used;
      });
    } finally {
      this.timeLeft -= now() - begun;
      this.end = undefined;
    }
  }

  private run(
    func: Func,
    args: readonly Value[],
    given: number,
    spend: (used: number) => void = () => {},
  ): Value[] {
    let execution: Execution | undefined;
    let budget = given;
    try {
      return invokeWithin(func, args, (running, paused) => {
        execution = running;
        const reason = this.reasonToStop(budget - running.fuelPaid, paused);
        if (reason !== undefined) budget = running.fuelPaid + this.moreFuel(reason, running);
        return this.optionsWith(budget - running.fuelPaid);
      });
    } finally {
      spend(execution?.fuelUsed ?? 0);
    }
  }

  private reasonToStop(fuel: number, paused: PauseReason | undefined): CallStopReason | undefined {
    if (fuel <= 0) return 'fuel';
    return paused === 'deadline' || now() >= this.end! ? 'deadline' : undefined;
  }

  /** Asks what to do. Gives the fuel to go on with. */
  private moreFuel(reason: CallStopReason, execution: Execution): number {
    const more = this.onStop?.(reason, execution);
    if (more === undefined) throw new CallStoppedError(reason, execution.backtrace());
    const { fuel, deadline } = readOptions('onStop', more, CALL_LIMITS);
    this.end = now() + (deadline ?? Number.POSITIVE_INFINITY);
    return fuel ?? Number.POSITIVE_INFINITY;
  }

  private optionsWith(fuel: number): RunOptions {
    if (this.end === Number.POSITIVE_INFINITY) return { fuel };
    return { fuel, deadline: () => now() >= this.end!, now };
  }
}
