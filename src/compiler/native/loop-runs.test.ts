import { expect, it } from 'vitest';
import { LoopRuns } from './loop-runs';

/** Of slices that end there, body and point, which ones it is time to enter the loop anew after. */
function times(
  ends: readonly (readonly [id: number, pointidx: number, sp: number])[],
  isAlone = true,
): number[] {
  const runs = new LoopRuns();
  return ends.flatMap(([id, pointidx, sp], k) => (runs.ended(id, pointidx, sp, isAlone) ? [k] : []));
}

it('a loop is entered anew when slices end in it one after the other, later and later', () => {
  const ends = Array.from({ length: 60 }, () => [7, 2, 1] as const);
  expect(times(ends)).toEqual([1, 5, 17, 53]);
  expect(times(ends, false)).toEqual([17, 53]);
});

it('one of many loops, or at another depth, is not', () => {
  expect(times(Array.from({ length: 60 }, (_, k) => [7, k % 2, 1]))).toEqual([]);
  expect(times(Array.from({ length: 60 }, (_, k) => [7, 2, k % 2]))).toEqual([]);
  expect(times(Array.from({ length: 60 }, (_, k) => [k % 2, 2, 1]))).toEqual([]);
});
