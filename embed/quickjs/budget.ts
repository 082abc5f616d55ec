/** What a run of the command may use: fuel and time, also while its module is decoded. */
import { type AsyncOutcome, type Execution, type Machine, Module, runAsync, type Scheduler } from './index';

/** The program has used up its time or fuel. */
export class StoppedError extends Error {}

export interface Timeout {
  readonly text: string;
  readonly milliseconds: number;
}

export interface RunLimits {
  readonly fuel?: number;
  readonly timeout?: Timeout;
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, '': 1000, m: 60_000, h: 3_600_000 };

export function parseTimeout(text: string): Timeout | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text);
  if (match === null) return undefined;
  return { text, milliseconds: Number(match[1]) * MILLISECONDS[match[2]] };
}

/** The fuel and the time of a run, from when this is made. */
export class Budget {
  private readonly scheduler: Scheduler;
  private readonly end: number;
  private fuelLeft: number;

  constructor(
    machine: Machine,
    private readonly limits: RunLimits,
  ) {
    this.scheduler = schedulerOf(machine);
    this.end = this.scheduler.now() + (limits.timeout?.milliseconds ?? Number.POSITIVE_INFINITY);
    this.fuelLeft = limits.fuel ?? Number.POSITIVE_INFINITY;
  }

  private get timeLeft(): number {
    return Math.max(0, this.end - this.scheduler.now());
  }

  decode(bytes: Uint8Array): Module {
    const parts = Module.decodeInParts(bytes);
    for (;;) {
      const { done, value } = parts.next();
      if (this.timeLeft === 0) this.stop('deadline');
      if (done) return value;
    }
  }

  /** To its end, or paused when it has used so much: less than is left. */
  async run(execution: Execution, pauseAfter = Number.POSITIVE_INFINITY): Promise<AsyncOutcome> {
    const fuel = Math.min(pauseAfter, this.fuelLeft);
    const slice = this.end === Number.POSITIVE_INFINITY ? this.end : SLICE;
    const outcome = await runAsync(execution, this.scheduler, { fuel, slice, timeout: this.timeLeft });
    this.fuelLeft -= execution.fuelUsed;
    const isDue = outcome.kind === 'paused' && outcome.reason === 'fuel' && pauseAfter === fuel;
    if (outcome.kind === 'paused' && !isDue) this.stop(outcome.reason);
    return outcome;
  }

  private stop(reason: string): never {
    const { fuel, timeout } = this.limits;
    const why =
      reason === 'fuel' ? `all ${fuel} units of fuel are used` : `not finished after ${timeout?.text}`;
    throw new StoppedError(`stopped: ${why}`);
  }
}

/** Milliseconds between two turns of the event loop, where a timeout is looked at. */
const SLICE = 20;

function schedulerOf({ os }: Machine): Scheduler {
  const { performance } = globalThis as unknown as { performance?: { now(): number } };
  return {
    now: performance === undefined ? Date.now : () => performance.now(),
    turn: () => new Promise<void>((done) => void os.setTimeout(done, 0)),
    after(milliseconds, callback) {
      const timer = os.setTimeout(callback, Math.min(milliseconds, LONGEST_TIMER));
      return () => os.clearTimeout(timer);
    },
  };
}

/** What `os.setTimeout` is trusted with. */
const LONGEST_TIMER = 0x7fffffff;
