/**
 * The orchestrator's own time: only what passes while it could have heard something. A machine that sleeps, a process that is stopped or gets no
 * processor hears nobody; silence in that time says nothing about who was silent.
 */
import type { Clock } from '../agent/world';

/** What a tick counts at most, as a part of the time between two ticks: more has passed only when the process was not there. */
const MOST = 1.5;

export class Hearing {
  private counted = 0;
  private last: number;

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    /** Milliseconds between two ticks. */
    private readonly interval: number,
  ) {
    this.last = clock.now();
  }

  /** To be called every `interval` milliseconds, as far as the process gets to it. */
  tick(): void {
    this.counted = this.now();
    this.last = this.clock.now();
  }

  now(): number {
    return this.counted + Math.min(this.clock.now() - this.last, MOST * this.interval);
  }

  /** Gives, when it is called, for how many milliseconds since then nothing could be heard. */
  listen(): () => number {
    const [clock, heard] = [this.clock.now(), this.now()];
    return () => this.clock.now() - clock - (this.now() - heard);
  }
}
