/** What an execution runs in its guest, and when: start functions first, then its calls in their order, as far as its fuel goes. */
import type { Answer } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';
import type { Calls } from './calls';
import type { Guest, Turn } from './guest';
import type { Rate } from './rate';
import type { Rest } from './turns';

export const IDLE: Rest = { kind: 'idle' };
const MORE: Rest = { kind: 'more' };
/** Milliseconds until it is asked again whether the fuel is there. */
const SOON = 1;

export interface CourseParts {
  readonly calls: Calls;
  readonly fuel: Rate;
  /** Whether it is still the execution's. */
  readonly isHere: (guest: Guest) => boolean;
  /** Called before it runs. */
  readonly begins: () => void;
  /** The call whose turn it is has ended so. */
  readonly answer: (outcome: Omit<Answer, 'key'>) => Promise<void>;
  /** Whether nothing may run before an answer is kept. */
  readonly isKeeping: () => boolean;
  /** There may be something to do. */
  readonly wake: () => void;
}

export class Course {
  /** Start functions that have ended. */
  begun = 0;
  fuelUsed = 0;

  constructor(private readonly parts: CourseParts) {}

  async slice(guest: Guest, milliseconds: number): Promise<Rest> {
    const { fuel, calls, isKeeping } = this.parts;
    if (!guest.isBusy && !(await this.beginNext(guest)))
      return !isKeeping() && calls.waiting > 0 ? MORE : IDLE;
    if (guest.waitsFor !== undefined) return this.waitFor(guest.waitsFor);
    const available = Math.floor(fuel.available());
    if (available < 1) return { kind: 'later', wait: Math.max(SOON, fuel.wait(1)) };
    return this.run(guest, available, milliseconds);
  }

  async run(guest: Guest, fuel: number, milliseconds: number): Promise<Rest> {
    this.parts.begins();
    const before = guest.fuelUsed;
    let turn: Turn;
    try {
      turn = await guest.run(fuel, milliseconds);
    } finally {
      const used = guest.fuelUsed - before;
      this.parts.fuel.take(used);
      this.fuelUsed += used;
    }
    // It may have been taken away in the meantime.
    if (!this.parts.isHere(guest)) return IDLE;
    if (turn.kind === 'waiting') return this.waitFor(turn.until);
    if (turn.kind === 'ended') await this.ended(guest, turn.outcome);
    return MORE;
  }

  private waitFor(promise: PromiseLike<void>): Rest {
    const { wake } = this.parts;
    promise.then(wake, wake);
    return IDLE;
  }

  /** Begins what is to run next, if there is anything: a start function, or the call whose turn it is. */
  private async beginNext(guest: Guest): Promise<boolean> {
    if (this.begun < guest.preludes) {
      await guest.begin(this.begun);
      return true;
    }
    const call = this.parts.calls.next();
    if (call === undefined) return false;
    try {
      await guest.begin(call);
      return true;
    } catch (error) {
      const isOfCall =
        error instanceof FleetError && (error.code === 'call-failed' || error.code === 'bad-request');
      if (!isOfCall) throw error;
      await this.parts.answer({ failure: error.message });
      return false;
    }
  }

  private async ended(guest: Guest, outcome: Omit<Answer, 'key'>): Promise<void> {
    if (this.begun < guest.preludes) {
      if (outcome.failure !== undefined) throw new FleetError('call-failed', outcome.failure);
      this.begun++;
      return;
    }
    await this.parts.answer(outcome);
  }
}
