/**
 * The right of an exclusive execution to run. The orchestrator gives it with the answer to each report, and gives the execution to nobody else before
 * it has run out; so of two copies one at most ever runs. It counts from when the report was sent, by both clocks of the machine: the one that
 * never goes back may stand still while the machine sleeps.
 */
import { LEASE } from '../protocol/reports';
import type { Clock } from './world';

export interface Moment {
  readonly now: number;
  readonly wall: number;
}

export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), wall: clock.wall() };
}

export class Lease {
  private asked: Moment | undefined;

  constructor(private readonly clock: Clock) {}

  renew(asked: Moment): void {
    if (this.asked === undefined || asked.now > this.asked.now) this.asked = asked;
  }

  holds(): boolean {
    if (this.asked === undefined) return false;
    const { now, wall } = momentOf(this.clock);
    return now - this.asked.now < LEASE && wall - this.asked.wall < LEASE;
  }
}
