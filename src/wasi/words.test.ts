import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  add,
  addSaturated,
  distance,
  fromMilliseconds,
  fromNumber,
  less,
  nanoseconds,
  sub,
  toNumber,
  toSeconds,
  type U64,
} from './words';

const big = (a: U64) => (BigInt(a.hi) << 32n) | BigInt(a.lo);
const word = fc.integer({ min: 0, max: 0xffffffff });
const pair = fc.record({ lo: word, hi: word });

test('agrees with BigInt', () => {
  fc.assert(
    fc.property(pair, pair, (a, b) => {
      expect(big(add(a, b))).toBe(BigInt.asUintN(64, big(a) + big(b)));
      expect(big(sub(a, b))).toBe(BigInt.asUintN(64, big(a) - big(b)));
      expect(less(a, b)).toBe(big(a) < big(b));
      const sum = big(a) + big(b);
      expect(big(addSaturated(a, b))).toBe(sum > 0xffffffffffffffffn ? 0xffffffffffffffffn : sum);
      expect(distance(a, b)).toBe(big(a) < big(b) ? 0 : Number(big(a) - big(b)));
      const { seconds, nanos } = toSeconds(a);
      expect(BigInt(seconds) * 1_000_000_000n + BigInt(nanos)).toBe(big(a));
      expect(nanos).toBeLessThan(1e9);
    }),
  );
});

test('makes nanoseconds exactly', () => {
  const seconds = fc.integer({ min: 0, max: 2 ** 33 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (s, n) => {
      expect(big(nanoseconds(s, n))).toBe(BigInt(s) * 1_000_000_000n + BigInt(n));
    }),
  );
  expect(big(fromMilliseconds(1_763_730_000_123))).toBe(1_763_730_000_123_000_000n);
});

test('numbers in and out', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (n) => toNumber(fromNumber(n)) === n));
  expect(fromNumber(-1)).toEqual({ lo: 0, hi: 0 });
  expect(fromNumber(Number.NaN)).toEqual({ lo: 0, hi: 0 });
  expect(fromNumber(1e30)).toEqual({ lo: 0xffffffff, hi: 0xffffffff });
});
