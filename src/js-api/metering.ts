/**
 * Calls within limits: a namespace that is made with `fuel`, `deadline` or `total` stops calls that use more, so that a plug-in cannot hang
 * its page. Calls that host functions make count as part of the call from JavaScript that they are inside of.
 */
import { AMOUNT, CALLBACK, COUNT, OBJECT, type OptionChecks, readOptions } from '../checks';
import { type BacktraceFrame, RuntimeError } from '../errors';
import { type Execution, fuelLeft, invoke, type PauseReason, type RunOptions } from '../interpreter/index';
import { addFrames } from '../interpreter/trace';
import type { Func } from '../runtime/index';
import type { PartsOf } from './agent';

/**
 * Milliseconds that compiling may take while the program waits, however short calls must be: a small module on a host that is busy or
 * slow. A megabyte takes as much on a host that compiles.
 */
const LEAST_TO_COMPILE = 100;

/** What calls may use. */
export interface CallLimits {
  /** Units of fuel: the safepoints that are passed, and what bulk operations cost. The same on every host. */
  readonly fuel?: number;
  /** Milliseconds of the host's clock. A module that is compiled while the program waits for it may take as much, or 100. */
  readonly deadline?: number;
}

/** Which limit a call has reached. */
export type CallStopReason = 'fuel' | 'deadline';

/** What calls of a namespace may use, each and together. */
export interface MeteringOptions extends CallLimits {
  /** What all calls may use together; of time, what compiling takes as well. */
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

/** A call, or the compilation of a module, has used up what it may use. Also an instance of the namespace's `RuntimeError`. */
export class CallStoppedError extends RuntimeError {
  constructor(
    /** Which limit was reached. */
    readonly reason: CallStopReason,
    backtrace: readonly BacktraceFrame[],
    what = 'the call',
  ) {
    super(`${what} was stopped: it has used up its ${reason === 'fuel' ? 'fuel' : 'time'}`);
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

  invoke(func: Func, args: readonly unknown[]): unknown {
    // Inside another call, its end is theirs, and its fuel is what is left there.
    if (this.end !== undefined) return this.run(func, args, fuelLeft());
    const { fuel = Number.POSITIVE_INFINITY } = this.perCall;
    // Where there is all the time that calls may want, nobody asks the clock before somebody has to.
    const begun = this.timeLeft === Number.POSITIVE_INFINITY ? undefined : this.begin();
    try {
      return this.run(func, args, Math.min(fuel, this.fuelLeft), (used) => {
        this.fuelLeft -= used;
      });
    } finally {
      if (begun !== undefined) this.timeLeft -= now() - begun;
      this.end = undefined;
    }
  }
  /** The time of a call begins now. */
  private begin(): number {
    const begun = now();
    this.end = begun + this.time;
    return begun;
  }
  /** Milliseconds that a call may take. */
  private get time(): number {
    return Math.min(this.perCall.deadline ?? Number.POSITIVE_INFINITY, this.timeLeft);
  }

  /**
   * Compiling, for as long as may be spent on it: awaited, it has the time of a call, or a little more. There is no execution that could go on later: nobody
   * is asked for more.
   */
  *inTime<T>(parts: PartsOf<T>, isAwaited: boolean): PartsOf<T> {
    const { deadline = Number.POSITIVE_INFINITY } = this.perCall;
    const allowed = isAwaited ? Math.max(deadline, LEAST_TO_COMPILE) : Number.POSITIVE_INFINITY;
    for (let used = 0; ; ) {
      const begun = now();
      const isLate = this.end === undefined ? this.timeLeft <= 0 : begun >= this.end;
      if (isLate || used > allowed) throw new CallStoppedError('deadline', [], 'compiling');
      const { done, value } = parts.next();
      const took = now() - begun;
      used += took;
      // Inside a call, it is part of the time of that.
      if (this.end === undefined) this.timeLeft -= took;
      if (done) return value;
      yield;
    }
  }

  private run(
    func: Func,
    args: readonly unknown[],
    given: number,
    spend: (used: number) => void = () => {},
  ): unknown {
    let budget = given;
    const { end } = this;
    const mayBegin = end === undefined ? this.time > 0 : now() < end;
    return invoke(func, args, invoke, false, {
      // One that may not begin is stopped as an execution.
      fuel: mayBegin ? given : 0,
      hasClock: (end ?? this.time) < Number.POSITIVE_INFINITY,
      options: () => {
        if (this.end === undefined) this.begin();
        return this.optionsWith(given);
      },
      optionsOf: (running, paused) => {
        if (this.end === undefined) this.begin();
        const time = now();
        const reason = this.reasonToStop(budget - running.fuelPaid, paused, time);
        if (reason !== undefined) budget = running.fuelPaid + this.moreFuel(reason, running);
        return this.optionsWith(budget - running.fuelPaid);
      },
      spend,
    });
  }

  private reasonToStop(
    fuel: number,
    paused: PauseReason | undefined,
    time: number,
  ): CallStopReason | undefined {
    if (fuel <= 0) return 'fuel';
    return paused === 'deadline' || time >= this.end! ? 'deadline' : undefined;
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
