/** 64-bit unsigned numbers as two words. The portable core knows no BigInt (design, law 6). */

/** `lo` and `hi` are in 0..2^32-1. Immutable. */
export interface U64 {
  /** The low word. */
  readonly lo: number;
  /** The high word. */
  readonly hi: number;
}

const TWO32 = 0x1_0000_0000;
const BILLION = 1_000_000_000;

export const ZERO: U64 = { lo: 0, hi: 0 };
export const MAX: U64 = { lo: 0xffffffff, hi: 0xffffffff };

export function u64(lo: number, hi: number): U64 {
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

/** Of a number from 0 to 2^64; a fraction is cut off; what is outside is clamped; NaN is 0. */
export function fromNumber(n: number): U64 {
  if (!(n > 0)) return ZERO;
  if (n >= TWO32 * TWO32) return MAX;
  const whole = Math.floor(n);
  return { lo: whole % TWO32, hi: Math.floor(whole / TWO32) };
}

/** Exact below 2^53, else rounded. */
export function toNumber(a: U64): number {
  return a.hi * TWO32 + a.lo;
}

/** Modulo 2^64. */
export function add(a: U64, b: U64): U64 {
  const lo = a.lo + b.lo;
  return u64(lo, a.hi + b.hi + (lo >= TWO32 ? 1 : 0));
}

/** Modulo 2^64. */
export function sub(a: U64, b: U64): U64 {
  return u64(a.lo - b.lo, a.hi - b.hi - (a.lo < b.lo ? 1 : 0));
}

/** a + b, or the greatest number when that is too large. */
export function addSaturated(a: U64, b: U64): U64 {
  const sum = add(a, b);
  return less(sum, a) ? MAX : sum;
}

export function less(a: U64, b: U64): boolean {
  return a.hi !== b.hi ? a.hi < b.hi : a.lo < b.lo;
}

export function equal(a: U64, b: U64): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/** Nanoseconds of a time in whole seconds (0..2^33) and nanoseconds (0..2^52). Exact. */
export function nanoseconds(seconds: number, nanos: number): U64 {
  // Sixteen bits at a time, so that every product stays below 2^53.
  const high = Math.floor(seconds / 65536) * BILLION;
  const low = (seconds % 65536) * BILLION;
  const shifted = { lo: (high % 65536) * 65536, hi: Math.floor(high / 65536) };
  return add(add(shifted, fromNumber(low)), fromNumber(nanos));
}

/** Nanoseconds of a time in milliseconds (a host's `Date.now()`, fractions allowed). */
export function fromMilliseconds(ms: number): U64 {
  const seconds = Math.floor(ms / 1000);
  return nanoseconds(seconds, Math.floor((ms - seconds * 1000) * 1e6));
}

/** Whole seconds and the nanoseconds that remain: what a host's `utimes` wants. Exact. */
export function toSeconds(a: U64): { seconds: number; nanos: number } {
  // Long division of four 16-bit digits: a remainder below 10^9 and a digit stay below 2^53.
  let rest = 0;
  let seconds = 0;
  for (const digit of [a.hi >>> 16, a.hi & 0xffff, a.lo >>> 16, a.lo & 0xffff]) {
    const value = rest * 65536 + digit;
    seconds = seconds * 65536 + Math.floor(value / BILLION);
    rest = value % BILLION;
  }
  return { seconds, nanos: rest };
}

/** a - b when a is the later, else 0; as a number (exact below 2^53, which is 104 days of nanoseconds). */
export function distance(a: U64, b: U64): number {
  return less(a, b) ? 0 : toNumber(sub(a, b));
}
