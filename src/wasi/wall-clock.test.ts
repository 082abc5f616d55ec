import { expect, it } from 'vitest';
import { wallClock } from './wall-clock';

const BEGUN = 1_763_730_000_000;

/** A host whose wall clock shows whole milliseconds. `ahead`: how much it was set forward since it began. */
function hostAt(passed: number, ahead = 0) {
  const host = { passed, ahead };
  return {
    host,
    wall: () => Math.floor(BEGUN + host.passed + host.ahead),
    steps: () => host.passed,
  };
}

const micros = ({ lo, hi }: { lo: number; hi: number }): number =>
  Math.round(Number(BigInt(hi) * 2n ** 32n + BigInt(lo) - BigInt(BEGUN) * 1_000_000n) / 1000);

it('shows parts of milliseconds, from the first reading on', () => {
  const { host, wall, steps } = hostAt(5.9);
  const clock = wallClock(wall, steps, () => BEGUN);
  expect(micros(clock())).toBe(5900);
  host.passed = 6.05;
  expect(micros(clock())).toBe(6050);
});

it('measures times exactly that begin at the end of a millisecond, where no origin is known', () => {
  const { host, wall, steps } = hostAt(5.9);
  const clock = wallClock(wall, steps);
  const first = micros(clock());
  expect(Math.abs(first - 5900)).toBeLessThanOrEqual(500);
  for (const passed of [6.0, 6.95, 7.0, 7.05, 1000]) {
    host.passed = passed;
    expect(micros(clock()) - first).toBe(Math.round(passed * 1000) - 5900);
  }
});

it.each([3, -3, 3_600_000])('follows a host whose clock was set by %d ms', (ahead) => {
  const { host, wall, steps } = hostAt(5.9);
  const clock = wallClock(wall, steps, () => BEGUN);
  clock();
  host.ahead = ahead;
  expect(Math.abs(micros(clock()) - 5900 - ahead * 1000)).toBeLessThanOrEqual(500);
  host.passed += 0.25;
  expect(Math.abs(micros(clock()) - 6150 - ahead * 1000)).toBeLessThanOrEqual(500);
});

it('does not jump where the origin is off by a few milliseconds', () => {
  for (const off of [-2.4, -1.9, -1, 1, 1.9, 2.4]) {
    const { host, wall, steps } = hostAt(5.9);
    const clock = wallClock(wall, steps, () => BEGUN + off);
    const first = micros(clock());
    for (const passed of [6.0, 6.45, 6.95, 7.0, 7.05, 1000]) {
      host.passed = passed;
      expect(micros(clock()) - first).toBe(Math.round(passed * 1000) - 5900);
    }
  }
});

it('does not jump where the finer clock is loaded when it is first asked', () => {
  const { host, wall, steps } = hostAt(5.9);
  let isLoaded = false;
  const loading = () => {
    if (!isLoaded) host.passed += 2.6;
    isLoaded = true;
    return steps();
  };
  const clock = wallClock(wall, loading, () => BEGUN);
  expect(micros(clock())).toBe(8500);
  host.passed += 0.1;
  expect(micros(clock())).toBe(8600);
});

it('takes no origin that is far from what the wall clock shows', () => {
  const { wall, steps } = hostAt(5.9);
  expect(micros(wallClock(wall, steps, () => BEGUN - 60_000)())).toBe(5500);
});
