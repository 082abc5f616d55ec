import { describe, expect, it } from 'vitest';
import { words } from '../../runtime/numerics';
import { i64DivS, i64DivU, i64RemS } from './divisions';

/** The same on each run. */
let seed = 1n;
function random(): bigint {
  seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
  return BigInt.asIntN(64, seed ^ (seed >> 29n)) >> (seed >> 58n);
}
const wordsOf = (n: bigint): [number, number] => [
  Number(BigInt.asIntN(32, n)),
  Number(BigInt.asIntN(32, n >> 32n)),
];
const SHORT = 2n ** 30n;
const SHORTS = [1n, 2n, 3n, 10n, 65_536n, 1_000_000_007n, SHORT - 2n, SHORT - 1n, SHORT].flatMap((n) => [
  n,
  -n,
]);
const unsigned = (n: bigint): bigint => BigInt.asUintN(64, n);

describe('divisions of i64 by numbers that are not too large', () => {
  it.each([
    [i64DivU, (a: bigint, b: bigint) => unsigned(a) / unsigned(b)],
    [i64DivS, (a: bigint, b: bigint) => a / b],
    [i64RemS, (a: bigint, b: bigint) => a % b],
  ])('are exact: %o', (divide, exact) => {
    const divisors = [...SHORTS, ...Array.from({ length: 50 }, () => random() % SHORT || 1n)];
    for (const b of divisors) {
      for (let k = 0; k < 100; k++) {
        const number = random();
        // What is close to a multiple of the divisor is where an estimate is wrong.
        const a = k % 2 === 0 ? number : BigInt.asIntN(64, number - (number % b) + BigInt((k % 3) - 1));
        if (b === -1n && a === -(2n ** 63n)) continue;
        const low = divide(...wordsOf(a), ...wordsOf(b), 0);
        expect([low, words.hi], `${a} by ${b}`).toEqual(wordsOf(exact(a, b)));
      }
    }
  });

  it('trap as others do', () => {
    expect(() => i64DivU(1, 1, 0, 0, 7)).toThrow('divide by zero');
    expect(() => i64RemS(1, 1, 0, 0, 7)).toThrow('divide by zero');
    expect(() => i64DivS(0, -2147483648, -1, -1, 7)).toThrow('overflow');
  });
});
