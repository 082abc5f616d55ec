/**
 * Time for tests: it passes only when nothing else is left to do, from one alarm to the next. So minutes of a fleet take a moment, and nothing is
 * late on a machine that is busy.
 */
import { nodeWorld } from '../agent/node-world';
import type { World } from '../agent/world';

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** Turns of the event loop in which nothing happens before time may pass: what a request or a stream puts off comes in the next one. */
const QUIET = 8;

/** What has been given to other threads, and is not done. */
let inThreads = 0;

/** All that a fleet in one process waits for outside of its own thread is Web Cryptography's: so it is counted there, and not guessed at by time. */
function countWork(subtle: object): void {
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(subtle))) {
    const method: unknown = Reflect.get(subtle, name);
    if (name === 'constructor' || typeof method !== 'function') continue;
    const counted = async (...args: unknown[]): Promise<unknown> => {
      inThreads++;
      try {
        return await method.apply(subtle, args);
      } finally {
        inThreads--;
      }
    };
    Object.defineProperty(subtle, name, { value: counted, configurable: true });
  }
}
countWork(crypto.subtle);

export class TestClock implements World {
  private time = 0;
  private skew = 0;
  private alarms: Alarm[] = [];
  private stopped = false;
  /** How often somebody has asked for a turn or an alarm. */
  private touches = 0;

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
    this.touches++;
  }

  private async watch(): Promise<void> {
    while (!this.stopped) if (await this.isQuiet()) this.pass();
  }

  private async isQuiet(): Promise<boolean> {
    const before = this.touches;
    for (let turn = 0; turn < QUIET; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.touches !== before || inThreads > 0) return false;
    }
    return true;
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
