/** Node as the world of agents and orchestrators. */
import { nodeHost } from 'tswasm/node';
import { useCryptography } from '../security/cryptography';
import { nodeCryptography } from '../security/node-cryptography';
import { hostClock, type World } from './world';

useCryptography(nodeCryptography);

export const nodeWorld: World = {
  ...hostClock,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  wasiHost: () => nodeHost(),
};
