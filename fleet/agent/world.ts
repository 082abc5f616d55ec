/** What an agent asks of the machine, page or worker it runs on. */
import type { WasiHost } from 'tswasm/wasi';

export interface Clock {
  /** Milliseconds that never go back; only differences count. */
  now(): number;
  /** Milliseconds since 1970: for people who read logs. Nothing is decided by it. */
  wall(): number;
  /** Calls back after so many milliseconds; gives the way to call that off. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Settles when the host has done what was waiting. */
  turn(): Promise<void>;
}

export interface World extends Clock {
  /** Clocks, random bytes and waiting for guests. Their streams and files are the agent's. */
  wasiHost(): WasiHost;
  /** Before what must not be interrupted, and after so many bytes have passed through: the host collects the garbage that it would have to collect soon. */
  makeRoom?(passed: number): void;
}

/** What Node and browsers have alike. */
export const hostClock: Omit<Clock, 'turn'> = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

export function sleep(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(milliseconds, resolve);
  });
}
