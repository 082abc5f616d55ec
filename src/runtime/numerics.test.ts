import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as numerics from './numerics';
import { words } from './numerics';

const i64 = fc.oneof(
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.bigInt(-300n, 300n),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.bigInt(-3n, 3n))
    .map(([by, add]) => BigInt.asIntN(64, (1n << BigInt(by)) + add)),
);
/** A dividend beside a multiple of the divisor, where an estimate is off first; of any sizes. */
const size = fc.integer({ min: 1, max: 64 });
const sized = size.chain((by) => fc.bigInt(0n, (1n << BigInt(by)) - 1n));
const besideMultiple = fc
  .tuple(sized, sized, fc.bigInt(-2n, 2n))
  .map(([b, q, add]) => [BigInt.asIntN(64, b * q + add), BigInt.asIntN(64, b)] as const);
const operands = fc.oneof(fc.tuple(i64, i64), besideMultiple);
const lo = (x: bigint) => Number(BigInt.asIntN(32, x));
const hi = (x: bigint) => Number(BigInt.asIntN(32, x >> 32n));
const join = (low: number) => BigInt.asIntN(64, (BigInt(words.hi) << 32n) | BigInt(low >>> 0));
const unsigned = (x: bigint) => BigInt.asUintN(64, x);
const RUNS = { numRuns: 20_000 };

describe('i64 division', () => {
  const cases: [
    string,
    (...args: [number, number, number, number, number]) => number,
    (a: bigint, b: bigint) => bigint,
  ][] = [
    ['div_s', numerics.i64DivS, (a, b) => a / b],
    ['div_u', numerics.i64DivU, (a, b) => unsigned(a) / unsigned(b)],
    ['rem_s', numerics.i64RemS, (a, b) => a % b],
    ['rem_u', numerics.i64RemU, (a, b) => unsigned(a) % unsigned(b)],
  ];
  for (const [name, divide, expected] of cases) {
    it(`${name} agrees with BigInt, and traps by name`, () => {
      fc.assert(
        fc.property(operands, ([a, b]) => {
          const run = () => join(divide(lo(a), hi(a), lo(b), hi(b), 7));
          if (b === 0n) expect(run).toThrow('integer divide by zero');
          else if (name === 'div_s' && a === -(2n ** 63n) && b === -1n)
            expect(run).toThrow('integer overflow');
          else expect(run()).toBe(BigInt.asIntN(64, expected(a, b)));
        }),
        RUNS,
      );
    });
  }
});

describe('i64 multiplication, shifts, bits', () => {
  it('agree with BigInt', () => {
    fc.assert(
      fc.property(i64, i64, fc.integer({ min: -70, max: 200 }), (a, b, by) => {
        const shift = BigInt(by & 63);
        expect(BigInt(numerics.mulHigh(lo(a), lo(b)) >>> 0)).toBe(
          (BigInt(lo(a) >>> 0) * BigInt(lo(b) >>> 0)) >> 32n,
        );
        expect(join(numerics.i64Shl(lo(a), hi(a), by))).toBe(BigInt.asIntN(64, a << shift));
        expect(join(numerics.i64ShrS(lo(a), hi(a), by))).toBe(a >> shift);
        expect(join(numerics.i64ShrU(lo(a), hi(a), by))).toBe(BigInt.asIntN(64, unsigned(a) >> shift));
        const rotated = (unsigned(a) << shift) | (unsigned(a) >> (64n - shift));
        expect(join(numerics.i64Rotl(lo(a), hi(a), by))).toBe(BigInt.asIntN(64, rotated));
        expect(numerics.popcnt(lo(a))).toBe(
          [...BigInt.asUintN(32, a).toString(2)].filter((d) => d === '1').length,
        );
      }),
      RUNS,
    );
  });
});

describe('conversions', () => {
  it('of i64 to floats round once', () => {
    const cell = new DataView(new ArrayBuffer(8));
    // The nearest f32, by trying the two neighbours of the f64's rounding against the exact value.
    const nearest = (x: bigint) => {
      cell.setFloat32(0, Number(x));
      const around = [-1, 0, 1].map((step) => {
        const view = new DataView(new ArrayBuffer(4));
        view.setInt32(0, cell.getInt32(0) + (x === 0n ? 0 : step));
        return { value: view.getFloat32(0), even: (view.getInt32(0) & 1) === 0 };
      });
      const distance = (value: number) => {
        const d = BigInt(value) - x;
        return d < 0n ? -d : d;
      };
      return around.reduce((best, one) => {
        if (!Number.isFinite(one.value) || !Number.isInteger(one.value)) return best;
        const [d, e] = [distance(one.value), distance(best.value)];
        return d < e || (d === e && one.even) ? one : best;
      }, around[1]).value;
    };
    fc.assert(
      fc.property(i64, (a) => {
        expect(numerics.f32FromI64(lo(a), hi(a))).toBe(nearest(a));
        expect(numerics.f32FromI64(lo(a), hi(a) >>> 0)).toBe(nearest(unsigned(a)));
      }),
      RUNS,
    );
  });

  it('of floats to integers trap or saturate', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double(),
          fc.integer().map((n) => n + 0.5),
          i64.map(Number),
        ),
        (x) => {
          const whole = Number.isFinite(x) ? BigInt(Math.trunc(x)) : undefined;
          const check = (trunc: () => bigint, low: bigint, high: bigint) => {
            if (Number.isNaN(x)) expect(trunc).toThrow('invalid conversion to integer');
            else if (whole === undefined || whole < low || whole > high)
              expect(trunc).toThrow('integer overflow');
            else expect(trunc()).toBe(whole);
          };
          check(() => BigInt(numerics.i32TruncS(x, 0)), -(2n ** 31n), 2n ** 31n - 1n);
          check(() => BigInt(numerics.i32TruncU(x, 0) >>> 0), 0n, 2n ** 32n - 1n);
          check(() => join(numerics.i64TruncS(x, 0)), -(2n ** 63n), 2n ** 63n - 1n);
          check(() => unsigned(join(numerics.i64TruncU(x, 0))), 0n, 2n ** 64n - 1n);
          const clamp = (low: bigint, high: bigint) => {
            if (Number.isNaN(x)) return 0n;
            if (whole === undefined) return x < 0 ? low : high;
            return whole < low ? low : whole > high ? high : whole;
          };
          expect(BigInt(numerics.i32SatS(x))).toBe(clamp(-(2n ** 31n), 2n ** 31n - 1n));
          expect(BigInt(numerics.i32SatU(x) >>> 0)).toBe(clamp(0n, 2n ** 32n - 1n));
          expect(join(numerics.i64SatS(x))).toBe(clamp(-(2n ** 63n), 2n ** 63n - 1n));
          expect(unsigned(join(numerics.i64SatU(x)))).toBe(clamp(0n, 2n ** 64n - 1n));
        },
      ),
      RUNS,
    );
  });

  it('nearest rounds ties to even and keeps signs', () => {
    const cases = [0.5, 1.5, 2.5, -0.5, -1.5, -0.4, 0.4, 0.5 - 2 ** -54, 2 ** 52 - 0.5, -0, 0, 1e300];
    expect(cases.map(numerics.nearest)).toEqual([0, 2, 2, -0, -2, -0, 0, 0, 2 ** 52, -0, 0, 1e300]);
  });
});
