/** The carrier on Node: a line in, a line out, until the input ends. With `--jitless` too. */
import { createInterface } from 'node:readline';
import { nodeHost } from '../../node/host';
import { type Ground, serve } from './carrier';

const ground: Ground = {
  turn: () => new Promise((resolve) => setTimeout(resolve, 0)),
  now: () => performance.now(),
  wasiHost: () => nodeHost(),
};
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await serve(line, ground)}\n`);
}
