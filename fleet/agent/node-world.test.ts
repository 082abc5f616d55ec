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
  makeRoom(0);
  let seen = used();
  // Until it is used, whatever is collected meanwhile.
  for (let k = 0; seen <= 0.6 && k < 1e6; k++) {
    Array.from({ length: 100 }, (_, i) => ({ i }));
    seen = used();
  }
  expect(seen).toBeGreaterThan(0.6);
  makeRoom(0);
  expect(used()).toBeLessThan(0.5);
});

it('collects buffers when many bytes have passed through them, and not before', () => {
  const external = (): number => process.memoryUsage().external;
  // Whatever others have left: with new objects of theirs, the next collection would take these buffers along.
  for (const passed of [2 ** 24, 2 ** 24]) makeRoom(passed);
  const before = external();
  while (external() - before < 2 ** 24) new Uint8Array(2 ** 20).fill(1);
  for (const passed of [0, 2 ** 20]) makeRoom(passed);
  expect(external() - before).toBeGreaterThanOrEqual(2 ** 24);
  // What has been found by the first is given back by the second at the latest.
  for (const passed of [2 ** 24, 2 ** 24]) makeRoom(passed);
  expect(external() - before).toBeLessThan(2 ** 22);
});
