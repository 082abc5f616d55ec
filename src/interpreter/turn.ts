/**
 * Turns: who has the machine. A turn is one `run` of an execution, from taking the machine to giving it back: what it was given, how its
 * fuel is handed out in slices, and what it must put back. It lies in the heap, not on the host's stack. Turns nest, since a host
 * function may run another execution.
 */
import { waiting } from './hostcall';
import type { Outcome, PauseReason, RunOptions } from './outcome';
import { Pace } from './pace';
import { nestingLimit, type Registers, registers, stack } from './registers';
import type { TierPolicy } from './tiers';
import { settle } from './unsettled';

/** Instructions that are lowered at once when there is a deadline or signal: less than a millisecond, or two while all is cold. */
const LOWERED_AT_ONCE = 256;

/** Executions inside each other that still enter some calls on the host's stack. */
const NESTING = 4;

/** What an execution has used and is asked, over all its turns. */
export class Meter {
  /** Units used. */
  passed = 0;
  /** Units used beyond what was given. */
  owed = 0;
  /** Whether somebody has asked for a pause. */
  requested = false;
  readonly pace = new Pace();
}

/** How a slice ended at a place where an execution can stop. */
export interface SliceEnd {
  /** Why the execution stops here; undefined when it goes on. */
  readonly reason: PauseReason | undefined;
  /** Whether what was found running is worth counting. */
  readonly isSample: boolean;
}

/** What a turn is told by the store of its execution. */
export interface TurnLimits {
  readonly maxFrames: number;
  readonly maxSlots: number;
  readonly policy: TierPolicy;
  /** Whether promises of host functions may be waited for. */
  readonly mayWait: boolean;
}

export class Turn {
  readonly meter: Meter;
  /** Where its frames begin on the machine's stack. */
  readonly sp = registers.sp;
  readonly base = registers.top;
  outcome: Outcome | undefined = undefined;
  /** Set from the end of a slice until the next one begins, or the turn ends. */
  ended: SliceEnd | undefined = undefined;
  /** Runs of steps inside tiers (tier-machine.ts) that stand on the host's stack. */
  nested = 0;
  private readonly options: RunOptions;
  readonly outer = running.turn;
  readonly outside: Registers | undefined = running.turn && { ...registers };
  /** Turns that are on the host's stack: they have the machine, or wait for one inside a host call of theirs. */
  readonly depth = running.depth;
  private readonly allowed = waiting.allowed;
  private remaining: number;
  /** The safepoint that a resumed execution stands at is passed now. */
  private charge: 0 | 1;
  /** Who gives nothing still gets past that one, which nobody owes. */
  private readonly unpaid: 0 | 1;
  /** Units that the slice has. */
  private granted = 0;
  /** Fuel that was taken from it, so that it ends at its next safepoint. */
  withheld = 0;
  private policy: TierPolicy | undefined;

  constructor(meter: Meter, options: RunOptions, remaining: number, charge: 0 | 1) {
    this.meter = meter;
    this.options = options;
    this.remaining = remaining;
    this.charge = charge;
    this.unpaid = remaining <= 0 ? charge : 0;
  }

  /** Takes the machine. */
  take({ maxFrames, maxSlots, policy, mayWait }: TurnLimits): void {
    this.policy = policy;
    running.turn = this;
    running.depth++;
    waiting.allowed = mayWait;
    // What it uses is counted from here on.
    registers.fuel = registers.floor = 0;
    registers.maxSp = this.sp + maxFrames;
    registers.maxFp = Math.min(this.base + 2 * maxSlots, stack().ints.length);
    const { deadline, signal, now } = this.options;
    const asked = deadline !== undefined || signal !== undefined;
    this.meter.owed = 0;
    this.meter.pace.begin(now, asked);
    registers.nest = nestAt(this.depth);
    registers.lowering = asked ? LOWERED_AT_ONCE : Number.POSITIVE_INFINITY;
  }

  /** What stood on the host's stack has been thrown through. */
  unwound(): void {
    registers.nest = nestAt(this.depth);
  }

  /** Gives the machine back as it was. Also when it was not taken. */
  leave(): void {
    running.depth = this.depth;
    running.turn = this.outer;
    waiting.allowed = this.allowed;
    if (this.outside !== undefined) Object.assign(registers, this.outside);
    else registers.fp = registers.sp = registers.top = 0;
  }

  /** The slice that runs ends at its next safepoint. */
  withhold(): void {
    const left = Math.max(registers.fuel, 0);
    this.withheld += left;
    registers.fuel -= left;
    registers.floor = 0;
  }

  /** `begun`: units that it has been given already. */
  startSlice(haste = 0, begun?: number): void {
    const { requested, pace } = this.meter;
    const { every } = this.policy!;
    const slice = requested ? 0 : (begun ?? Math.min(this.remaining, pace.slice(haste), every));
    this.granted = slice;
    this.ended = undefined;
    registers.fuel = slice - this.charge;
    registers.floor = slice > 0 ? Math.max(slice - this.remaining, slice - every, -slice) : 0;
  }

  /** Counts what the slice has used, without the units of the safepoint that it ended at, which was not passed. */
  count(units: 0 | 1): number {
    const passed = this.used() - units;
    this.withheld = 0;
    this.meter.passed += passed;
    return passed;
  }

  /** What is left of what was given, while it runs. */
  left(): number {
    return this.remaining - this.used();
  }
  /** Units of the slice that runs, by the registers that it has: between two slices nothing is used. */
  used(at: Registers | undefined = registers): number {
    return this.ended === undefined ? this.granted - at.fuel - this.withheld : 0;
  }

  /** Counts it, and takes it from what was given. */
  spend(units: 0 | 1): number {
    const passed = this.count(units);
    this.remaining -= passed;
    this.meter.owed = Math.max(0, -this.remaining - this.unpaid);
    return passed;
  }

  /** A slice has ended at a place where the execution can stop, which takes so many units and was not passed. */
  endSlice(units: 0 | 1): SliceEnd {
    const passed = this.spend(units);
    const isSample = this.meter.pace.ended(passed);
    registers.looks++;
    // Elsewhere fuel does not run out: that is for the next safepoint.
    const reason = this.stopReason(units > 0 ? this.remaining : 1);
    this.charge = units;
    if (reason !== undefined) this.meter.requested = false;
    this.ended = { reason, isSample };
    return this.ended;
  }

  private stopReason(remaining: number): PauseReason | undefined {
    if (this.meter.requested) return 'request';
    return remaining <= 0 ? 'fuel' : this.whyInterrupted();
  }

  /** Whether it is asked to stop from outside, wherever the execution is. */
  whyInterrupted(): PauseReason | undefined {
    const { signal, deadline } = this.options;
    if (signal?.aborted === true) return 'request';
    return deadline?.() === true ? 'deadline' : undefined;
  }
}

/** What the execution that runs has left of its fuel: a call that a host function makes may use no more. */
export function fuelLeft(): number {
  settle();
  return running.turn === undefined ? Number.POSITIVE_INFINITY : running.turn.left();
}

/** Units that an execution has used whose slice runs, or waits for a host function: they have not been counted. */
export function uncounted(meter: Meter): number {
  settle();
  let at: Registers | undefined = registers;
  for (let { turn } = running; turn !== undefined; turn = turn.outer) {
    if (turn.meter === meter) return turn.used(at);
    at = turn.outside;
  }
  return 0;
}

/** The turn that has the machine, and how many are on the host's stack. */
export const running: { turn: Turn | undefined; depth: number } = { turn: undefined, depth: 0 };

/**
 * Calls that may stand on the host's own stack. Far inside, none: a host function is then called by the trampoline, with nothing of the
 * chain that led to it on the stack.
 */
export function nestAt(level: number): number {
  if (level === 0) return nestingLimit();
  return level < NESTING ? 1 : 0;
}
