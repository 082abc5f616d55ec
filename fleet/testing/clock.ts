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

/** Milliseconds of real time without a turn or an alarm before time may pass. */
const QUIET = 2;
/**
 * Digests that have to be made, one after another, before it does, in all threads that make keys and digests: on a busy machine they take as long as
 * those that the fleet waits for, of which there are about ten between two of its alarms.
 */
const ROUNDS = 12;
const THREADS = 4;
const WORK = new Uint8Array(16 * 1024);

export class TestClock implements World {
  private time = 0;
  private skew = 0;
  private alarms: Alarm[] = [];
  private stopped = false;
  private touched = performance.now();

  /** Called whenever time has passed. */
  onPass: (() => void) | undefined;
  makeRoom: ((passed: number) => void) | undefined;

  constructor() {
    void this.watch();
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

  private async watch(): Promise<void> {
    while (!this.stopped) {
      if (performance.now() - this.touched > QUIET && (await this.isIdle())) this.pass();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Whether nothing has happened while others would have got something done. */
  private async isIdle(): Promise<boolean> {
    const since = this.touched;
    for (let round = 0; round < ROUNDS && this.touched === since; round++)
      await Promise.all(Array.from({ length: THREADS }, () => crypto.subtle.digest('SHA-256', WORK)));
    return this.touched === since;
  }

  private pass(): void {
    const next = this.alarms.shift();
    if (next === undefined) return;
    this.touch();
    this.time = Math.max(this.time, next.at);
    next.callback();
    this.onPass?.();
  }
}
