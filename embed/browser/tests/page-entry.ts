/** The carrier on a page, with the tiers that a host like it has. */
import '../../node/native-memory';
import '../../node/tiers';
import { browserHost, browserScheduler } from '../../../src/browser';
import { type Ground, serve } from '../../quickjs/tests/carrier';

const ground: Ground = {
  turn: browserScheduler.turn,
  now: () => performance.now(),
  wasiHost: () => browserHost(),
};

export const answer = (line: string) => serve(line, ground);
