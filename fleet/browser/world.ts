/** A page or a worker as the world of an agent. */
import { browserHost, browserScheduler } from 'tswasm/browser';
import { hostClock, type World } from '../agent/world';

export const browserWorld: World = {
  ...hostClock,
  turn: async () => {
    await browserScheduler.turn();
  },
  wasiHost: () => browserHost(),
};
