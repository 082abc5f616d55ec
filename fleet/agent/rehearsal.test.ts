import { expect, it } from 'vitest';
import { nodeWorld } from './node-world';
import { rehearse } from './rehearsal';

it('takes a guest along in the middle of its call', () => {
  expect(rehearse(nodeWorld.wasiHost(), () => 0)).toEqual({ kind: 'ended', outcome: { results: [] } });
});
