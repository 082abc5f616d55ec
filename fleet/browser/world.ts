/** A page or a worker as the world of an agent. */
import { browserHost, browserScheduler } from 'tswasm/browser';
import type { World } from '../agent/world';

export const browserWorld: World = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  turn: async () => {
    await browserScheduler.turn();
  },
  wasiHost: () => browserHost(),
};
