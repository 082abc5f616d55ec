/** Assertions on times that hard-times.ts must find (those marked), and some that it must not. Never run. */
import { expect } from 'vitest';

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
const since = (begun: number) => Date.now() - begun;

export function example(work: () => void): string {
  const begun = Date.now();
  const times: number[] = [];
  let slowest = 0;
  for (let k = 0; k < 9; k++) {
    times.push(timed(work));
    const start = performance.now();
    work();
    slowest = Math.max(slowest, performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[4];
  expect(median).toBeLessThan(50); // found
  expect(slowest / 2).toBeLessThanOrEqual(100); // found
  expect(performance.now() - begun).toBeLessThan(1000); // found
  expect(process.cpuUsage().user / 1000).toBeLessThan(200); // found
  const { user } = process.cpuUsage();
  const [first, { length }] = [since(begun), times];
  expect(user).toBeLessThan(3000); // found
  expect(first).toBeLessThan(length * 50); // found
  expect(since(begun)).toBeLessThan(10); // found
  const tooSlow = 2000 < since(begun) || timed(work) > 3000; // found twice

  // The same names, and no clock behind them.
  const count = (start: number) => start + 1;
  expect(count(1)).toBeLessThan(5);
  expect(times.map((start) => start).length + count(2)).toBeGreaterThan(2);
  expect(timed(work)).toBeGreaterThanOrEqual(30);
  const end = Date.now() + 10;
  while (Date.now() < end) work();
  return tooSlow ? 'slow' : 'fast';
}
