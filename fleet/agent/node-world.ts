/** Node as the world of agents and orchestrators. */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nodeHost } from 'tswasm/node';
import { useCryptography } from '../security/cryptography';
import { nodeCryptography } from '../security/node-cryptography';
import { hostClock, type World } from './world';

useCryptography(nodeCryptography);

// Code that has not run for some collections would be thrown away, and made again where it is needed next: in the pause of a move that has taken seconds.
setFlagsFromString('--no-flush-bytecode');

// Contexts that are made from now on have it: this one, of which nothing else is used.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options?: { readonly type: 'minor' }) => void;

/** Bytes that have been sent or taken, each of them copied five times: some more, and V8 marks for some milliseconds at each buffer that is made. */
const MANY = 4 * 1024 * 1024;

/**
 * A scavenge takes some milliseconds, as long as the pause of a move, and comes after some megabytes of new objects: a move makes half a megabyte. One
 * that is made when half of the room is used comes twice as often at most, and only where there are moves. A whole collection takes ten or twenty
 * milliseconds; a move of a large memory has several of them anyway.
 */
export function makeRoom(passed: number): void {
  if (passed > MANY) {
    collect();
    return;
  }
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (young !== undefined && young.space_used_size > young.space_available_size) collect({ type: 'minor' });
}

export const nodeWorld: World = {
  ...hostClock,
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  wasiHost: () => nodeHost(),
  makeRoom,
};
