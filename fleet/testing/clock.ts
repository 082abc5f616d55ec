/**
 * Time for tests: it passes only while nothing else happens, from one alarm to the next. So minutes of a fleet take a second, and what is late on
 * a busy machine is hardly late here.
 */
import { nodeWorld } from '../agent/node-world';
import type { World } from '../agent/world';

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** Milliseconds of real time without a turn or an alarm until time passes: keys and digests are made in other threads. */
const QUIET = 3;

export class TestClock implements World {
  private time = 0;
  private skew = 0;
  private alarms: Alarm[] = [];
  private stopped = false;
  private touched = performance.now();

  constructor() {
    this.watch();
  }

  now = (): number => this.time;
  wall = (): number => 1_750_000_000_000 + this.time + this.skew;
  wasiHost = () => nodeWorld.wasiHost();

  after(milliseconds: number, callback: () => void): () => void {
    this.touch();
    const alarm = { at: this.time + Math.max(0, milliseconds), callback };
    const place = this.alarms.findIndex((one) => one.at > alarm.at);
    this.alarms.splice(place < 0 ? this.alarms.length : place, 0, alarm);
    return () => {
      const index = this.alarms.indexOf(alarm);
      if (index >= 0) this.alarms.splice(index, 1);
    };
  }

  turn(): Promise<void> {
    this.touch();
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** As on a machine that has slept: so much time has passed at once. */
  sleepMachine(milliseconds: number): void {
    this.time += milliseconds;
  }
  /** Somebody sets the clock on the wall. */
  setWall(difference: number): void {
    this.skew += difference;
  }
  stop(): void {
    this.stopped = true;
  }

  private touch(): void {
    this.touched = performance.now();
  }

  private watch(): void {
    if (this.stopped) return;
    if (performance.now() - this.touched > QUIET) this.pass();
    setTimeout(() => this.watch(), 0);
  }

  private pass(): void {
    const next = this.alarms.shift();
    if (next === undefined) return;
    this.touch();
    this.time = Math.max(this.time, next.at);
    next.callback();
  }
}
