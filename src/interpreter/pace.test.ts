import { beforeEach, describe, expect, it } from 'vitest';
import { Pace } from './pace';

/** Slices of a program that takes so many milliseconds for a safepoint. */
function slices(milliseconds: number, count: number): number[] {
  let time = 0;
  const pace = new Pace();
  pace.begin(() => time);
  return Array.from({ length: count }, () => {
    const length = pace.slice();
    time += length * milliseconds;
    pace.ended(length);
    return length;
  });
}

// All executions of a process share what has not been seen of them: other files leave some, or not, as they come before this one.
beforeEach(() => {
  const pace = new Pace();
  pace.ended(pace.slice());
});

describe('the pace', () => {
  it('begins with short slices and comes to a half millisecond', () => {
    expect(slices(0.000001, 12).slice(0, 4)).toEqual([16, 32, 64, 128]);
    expect(slices(0.000001, 12)[11]).toBeGreaterThanOrEqual(2048);
    expect(slices(0.01, 20).slice(-3)).toEqual([32, 32, 32]);
  });

  it('learns for tiers and for the interpreter apart', () => {
    let time = 0;
    const pace = new Pace();
    pace.begin(() => time);
    const run = (haste: number, milliseconds: number): number => {
      const length = pace.slice(haste);
      time += length * milliseconds;
      pace.ended(length);
      return length;
    };
    for (let k = 0; k < 20; k++) run(5, 0.00001);
    expect(run(5, 0.00001)).toBeGreaterThan(10_000);
    // The same program, interpreted, as after each stop.
    expect(pace.restOfTiers).toBe(16);
    expect(run(0, 0.02)).toBe(16);
    for (let k = 0; k < 20; k++) expect(run(0, 0.02)).toBeLessThanOrEqual(32);
    expect(pace.restOfTiers).toBeLessThanOrEqual(32);
    expect(run(5, 0.00001)).toBeGreaterThan(10_000);
  });

  it('is one safepoint when that takes long', () => {
    expect(slices(3, 4)).toEqual([16, 1, 1, 1]);
  });

  it('grows again where slices end one safepoint early, as in loops that count two turns at once', () => {
    let time = 0;
    const pace = new Pace();
    pace.begin(() => time);
    // All is cold.
    time += 5;
    pace.ended(pace.slice(5) - 1);
    expect(pace.slice(5)).toBe(2);
    for (let k = 0; k < 20; k++) {
      const passed = pace.slice(5) - 1;
      time += passed * 0.00001;
      pace.ended(passed);
    }
    expect(pace.slice(5)).toBeGreaterThan(10_000);
  });

  it('counts what was found running only after a while', () => {
    let time = 0;
    const pace = new Pace();
    pace.begin(() => time);
    expect(pace.ended(pace.slice())).toBe(false);
    const length = pace.slice();
    time += 0.3;
    expect(pace.ended(length)).toBe(true);
  });

  it('learns nothing from a slice that ended early, but that it took long', () => {
    let time = 0;
    const pace = new Pace();
    pace.begin(() => time);
    expect(pace.slice()).toBe(16);
    pace.ended(3);
    expect(pace.slice()).toBe(16);
    time += 2;
    pace.ended(8);
    expect(pace.slice()).toBe(2);
    time += 2;
    pace.ended(0);
    expect(pace.slice()).toBe(1);
  });

  it('counts what is found after many executions too short for a slice', () => {
    for (const now of [undefined, () => 0]) {
      const pace = new Pace();
      pace.begin(undefined);
      pace.ended(pace.slice());
      pace.begin(now);
      let seen = 0;
      for (let execution = 0; execution < 1000; execution++) {
        const length = pace.slice();
        if (length > 10) pace.left(10);
        else if (pace.ended(length)) seen++;
      }
      expect(seen).toBeGreaterThan(1);
      expect(seen).toBeLessThan(5);
    }
  });

  it('has slices of a few thousand safepoints when there is no clock', () => {
    const pace = new Pace();
    pace.ended(pace.slice());
    for (let k = 0; k < 100; k++) {
      const length = pace.slice();
      expect(length).toBeGreaterThanOrEqual(2048);
      expect(length).toBeLessThan(4096);
      expect(pace.ended(length)).toBe(true);
    }
  });

  it('has longer slices while hot code runs and nobody must be asked', () => {
    const longest = (asked: boolean) => {
      const pace = new Pace();
      pace.begin(undefined, asked);
      for (let k = 0; k < 2000; k++) pace.found(true);
      const calm = pace.slice();
      pace.found(false);
      return [calm, pace.slice()];
    };
    const [calm, after] = longest(false);
    expect(calm).toBeGreaterThanOrEqual(16 * 2048);
    expect(after).toBeLessThan(4096);
    for (const length of longest(true)) expect(length).toBeLessThan(4096);
  });
});
