/** Node as the world of agents and orchestrators. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nodeHost } from 'tswasm/node';
import { useCryptography } from '../security/cryptography';
import { nodeCryptography } from '../security/node-cryptography';
import { hostClock, type World } from './world';

useCryptography(nodeCryptography);

// Contexts that are made from now on have it: this one, of which nothing else is used.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;

/**
 * A scavenge takes some milliseconds, as long as the pause of a move, and comes after some megabytes of new objects: a move makes half a megabyte. One
 * that is made when half of the room is used comes twice as often at most, and only where there are moves.
 */
export function makeRoom(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (young !== undefined && young.space_used_size > young.space_available_size) collect({ type: 'minor' });
}

export const nodeWorld: World = {
  ...hostClock,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  wasiHost: () => nodeHost(),
  makeRoom,
};
