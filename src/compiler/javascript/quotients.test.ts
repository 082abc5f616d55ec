import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { dividedBy, divisorOf } from './quotients';
import { Uses } from './uses';

const LARGEST = 2 ** 30 - 1;
const DIVISORS = [1, 2, 3, 7, 10, 1000, 65_535, 65_536, 65_537, 2 ** 21, 1e6 + 3, 2 ** 29, 1e9 + 7, LARGEST];

/** The same on each run. */
let seed = 1n;
function random(): bigint {
  seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
  return (seed ^ (seed >> 29n)) >> (seed >> 58n);
}
/** Random ones of all lengths, and what is close to a multiple of the divisor. */
function dividends(divisor: bigint): bigint[] {
  const multiples = Array.from({ length: 300 }, () => (random() / divisor) * divisor);
  const close = multiples.flatMap((n) => [n - 1n, n, n + 1n]);
  const corners = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  return [...corners, ...close, ...Array.from({ length: 300 }, random)].map((n) => BigInt.asUintN(64, n));
}

type Divide = (low: number, high: number) => [number, number];
function compiled(divisor: number, op: 'i64.div_u' | 'i64.rem_u'): Divide {
  const uses = new Uses();
  const { before, low, high } = dividedBy(divisor, op, { before: [], low: 'i0', high: 'h0' }, uses);
  const text = `var ${[...uses.variables.keys()].join()};${before.join(';')};return[${low},${high}]`;
  return evaluate(['imul'], `return function(i0,h0){${text}}`)(Math.imul) as Divide;
}

describe('unsigned divisions of i64 by constants', () => {
  it.each(DIVISORS)('are exact: %d', (divisor) => {
    const [quotient, rest] = (['i64.div_u', 'i64.rem_u'] as const).map((op) => compiled(divisor, op));
    const d = BigInt(divisor);
    const words = (n: bigint): number[] => [
      Number(BigInt.asIntN(32, n)),
      Number(BigInt.asIntN(32, n >> 32n)),
    ];
    for (const n of dividends(d)) {
      const [low, high] = words(n);
      expect([quotient(low, high), rest(low, high)], `${n}`).toEqual([words(n / d), words(n % d)]);
    }
  });

  it('stand in the text where the constant is small enough', () => {
    const by = (low: number, high: number, op = 'i64.div_u'): number | undefined =>
      divisorOf({ op, b: { op: 'const', low, high } } as never);
    expect([by(LARGEST, 0), by(LARGEST + 1, 0), by(0, 0), by(-1, 0), by(1, 1)]).toEqual([
      LARGEST,
      ...[1, 2, 3, 4].map(() => undefined),
    ]);
    expect([by(10, 0, 'i64.rem_u'), by(10, 0, 'i64.div_s'), by(10, 0, 'i64.mul')]).toEqual([
      10,
      undefined,
      undefined,
    ]);
  });
});
