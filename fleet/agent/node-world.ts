/** Node as the world of agents and orchestrators. */
import { nodeHost } from 'tswasm/node';
import { useCryptography } from '../security/cryptography';
import { nodeCryptography } from '../security/node-cryptography';
import type { World } from './world';

useCryptography(nodeCryptography);

export const nodeWorld: World = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  wasiHost: () => nodeHost(),
};
