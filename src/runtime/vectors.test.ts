/** Whole words against lanes one by one, for all pairs of bytes and for words at random. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as functions from './vectors';

const vectors = { ...functions };

type Bits = 8 | 16;
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

function lanesOf(x: number, bits: Bits, signed: boolean): number[] {
  return Array.from({ length: 32 / bits }, (_, k) => {
    const lane = (x >>> (k * bits)) & (2 ** bits - 1);
    return signed && lane >= 2 ** (bits - 1) ? lane - 2 ** bits : lane;
  });
}
function wordOf(lanes: readonly number[], bits: Bits): number {
  return lanes.reduce((all, lane, k) => all | ((lane & (2 ** bits - 1)) << (k * bits)), 0);
}
const range = (bits: Bits, signed: boolean): [least: number, most: number] =>
  signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
const saturated = (value: number, bits: Bits, signed: boolean): number => {
  const [least, most] = range(bits, signed);
  return Math.min(most, Math.max(least, value));
};
const mask = (holds: boolean): number => (holds ? -1 : 0);

/** What a function of two words does to two lanes. */
type Pair = [name: keyof typeof vectors, bits: Bits, signed: boolean, of: (a: number, b: number) => number];
const PAIRS: readonly Pair[] = ([8, 16] as const).flatMap((bits): Pair[] => [
  [`add${bits}`, bits, false, (a, b) => a + b],
  [`sub${bits}`, bits, false, (a, b) => a - b],
  [`eq${bits}`, bits, false, (a, b) => mask(a === b)],
  [`lt${bits}U`, bits, false, (a, b) => mask(a < b)],
  [`lt${bits}S`, bits, true, (a, b) => mask(a < b)],
  [`addSat${bits}U`, bits, false, (a, b) => saturated(a + b, bits, false)],
  [`addSat${bits}S`, bits, true, (a, b) => saturated(a + b, bits, true)],
  [`subSat${bits}U`, bits, false, (a, b) => saturated(a - b, bits, false)],
  [`subSat${bits}S`, bits, true, (a, b) => saturated(a - b, bits, true)],
  [`avgr${bits}U`, bits, false, (a, b) => (a + b + 1) >> 1],
]);
const MORE_PAIRS: readonly Pair[] = [
  ['mul16', 16, false, (a, b) => Math.imul(a, b)],
  ['q15mulrSat16S', 16, true, (a, b) => saturated((a * b + 0x4000) >> 15, 16, true)],
];

describe.each([...PAIRS, ...MORE_PAIRS])('%s', (name, bits, signed, of) => {
  const compute = vectors[name] as (x: number, y: number) => number;
  const expected = (x: number, y: number) => {
    const b = lanesOf(y, bits, signed);
    return wordOf(
      lanesOf(x, bits, signed).map((a, k) => of(a, b[k])),
      bits,
    );
  };
  it('does each lane alone', () => {
    fc.assert(fc.property(word, word, (x, y) => (compute(x, y) | 0) === expected(x, y)));
  });
  it('at the ends of the lanes, beside any other', () => {
    const ends = [0, 1, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2 ** (bits - 1) + 1, 2 ** bits - 1];
    for (const a of ends) {
      for (const b of ends) {
        for (const fill of [0, -1]) {
          const x = wordOf([fill, a, fill, a], bits);
          const y = wordOf([b, b, ~fill, fill], bits);
          expect(compute(x, y) | 0).toBe(expected(x, y));
        }
      }
    }
  });
});

it.each([
  ['abs8', 8],
  ['abs16', 16],
] as const)('%s leaves the least value', (name, bits) => {
  fc.assert(
    fc.property(word, (x) => (vectors[name](x) | 0) === wordOf(lanesOf(x, bits, true).map(Math.abs), bits)),
  );
});

it.each([
  ['shl8', 8, false, (a: number, by: number) => a << by],
  ['shl16', 16, false, (a: number, by: number) => a << by],
  ['shr8U', 8, false, (a: number, by: number) => a >> by],
  ['shr16U', 16, false, (a: number, by: number) => a >> by],
  ['shr8S', 8, true, (a: number, by: number) => a >> by],
  ['shr16S', 16, true, (a: number, by: number) => a >> by],
] as const)('%s shifts no bit into another lane', (name, bits, signed, of) => {
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: bits - 1 }), (x, by) => {
      const expected = wordOf(
        lanesOf(x, bits, signed).map((a) => of(a, by)),
        bits,
      );
      return (vectors[name](x, by) | 0) === expected;
    }),
  );
});

it('counts bits, and gathers signs', () => {
  fc.assert(
    fc.property(word, (x) => {
      const bytes = lanesOf(x, 8, false);
      const ones = bytes.map((byte) => byte.toString(2).replaceAll('0', '').length);
      expect(vectors.popcnt8(x)).toBe(wordOf(ones, 8));
      expect(vectors.bits8(x)).toBe(bytes.reduce((all, byte, k) => all | ((byte >> 7) << k), 0));
      expect(vectors.bits16(x)).toBe((x >>> 31) * 2 + ((x >>> 15) & 1));
    }),
  );
});

it('sums and multiplies neighbours', () => {
  fc.assert(
    fc.property(word, word, (x, y) => {
      const [a, b, c, d] = lanesOf(x, 8, true);
      const [e, f, g, h] = lanesOf(y, 8, true);
      expect(vectors.pair8S(x) | 0).toBe(wordOf([a + b, c + d], 16));
      expect(vectors.dot8S(x, y) | 0).toBe(wordOf([a * e + b * f, c * g + d * h], 16));
      const [i, j] = lanesOf(x, 16, true);
      const [k, l] = lanesOf(y, 16, true);
      expect(vectors.dot16S(x, y)).toBe((i * k + j * l) | 0);
      expect(vectors.pair16S(x)).toBe(i + j);
    }),
  );
});
