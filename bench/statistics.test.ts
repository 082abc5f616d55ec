import { expect, it } from 'vitest';
import { estimate, nanosecondsOf, type Pair, randomSource } from './statistics';

/** Pairs of a program that is `factor` times slower, with noise up to ten percent on both sides. */
function noisy(factor: number, rounds: number, seed: number): Pair[] {
  const random = randomSource(seed);
  return Array.from({ length: rounds }, () => ({
    before: 300 * (1 + random() / 10),
    after: 300 * factor * (1 + random() / 10),
  }));
}

it('gives the ratio itself when nothing is noisy', () => {
  const pairs = [100, 200, 300].map((before) => ({ before, after: before * 1.5 }));
  const { ratio, low, high } = estimate([pairs, pairs]);
  for (const value of [ratio, low, high]) expect(value).toBeCloseTo(1.5, 10);
});

it('weighs programs alike, however long they run and however many rounds they have', () => {
  const slow = [{ before: 1000, after: 2000 }];
  const fast = Array.from({ length: 9 }, () => ({ before: 2, after: 1 }));
  expect(estimate([slow, fast]).ratio).toBeCloseTo(1, 10);
});

it('covers the true ratio about as often as it says, and is reproducible', () => {
  let covered = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const programs = [1, 2, 3].map((k) => noisy(1.03, 20, seed * 10 + k));
    const { ratio, low, high } = estimate(programs, seed);
    expect(low).toBeLessThan(ratio);
    expect(high).toBeGreaterThan(ratio);
    if (low <= 1.03 && 1.03 <= high) covered++;
  }
  expect(covered).toBeGreaterThan(32);
  const pairs = noisy(1, 5, 7);
  expect(estimate([pairs])).toEqual(estimate([pairs]));
});

it('narrows with rounds', () => {
  const width = (rounds: number) => {
    const { low, high } = estimate([noisy(1, rounds, 5)]);
    return high - low;
  };
  expect(width(80)).toBeLessThan(width(8));
});

it('refuses programs without measurements', () => {
  expect(() => estimate([])).toThrow(RangeError);
  expect(() => estimate([[{ before: 1, after: 1 }], []])).toThrow(RangeError);
});

it('measures one run in nanoseconds, on the clock that it is given', () => {
  let time = 0;
  let runs = 0;
  const run = () => {
    runs++;
    // The first one compiles.
    time += runs === 1 ? 1000 : 0.25;
  };
  expect(nanosecondsOf(run, () => time)).toBe(250_000);
  // The first one, 1 + 2 + 4 + ... + 64 runs until a sample is long enough, and as many as the last of them in each.
  expect(runs).toBe(1 + 127 + 50 * 64);
});
