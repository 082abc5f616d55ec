import { getHeapSpaceStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { makeRoom } from './node-world';

/** The part of the room for new objects that is used. */
function used(): number {
  const { space_used_size, space_available_size } = getHeapSpaceStatistics().find(
    ({ space_name }) => space_name === 'new_space',
  )!;
  return space_used_size / (space_used_size + space_available_size);
}

it('makes room for new objects when more than half of it is used', () => {
  makeRoom();
  let seen = used();
  // Until it is used, whatever is collected meanwhile.
  for (let k = 0; seen <= 0.6 && k < 1e6; k++) {
    Array.from({ length: 100 }, (_, i) => ({ i }));
    seen = used();
  }
  expect(seen).toBeGreaterThan(0.6);
  makeRoom();
  expect(used()).toBeLessThan(0.5);
});
