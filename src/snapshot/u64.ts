/** Unsigned 64-bit numbers as word pairs: the few operations that snapshots need. */
import type { U64 } from './document';

/** 64 bits, of two words. */
export function u64(lo: number, hi: number): U64 {
  return { lo: lo >>> 0, hi: hi >>> 0 };
}
/** Valid for integers in 0 .. 2^64; exact below 2^53. */
export function u64FromNumber(n: number): U64 {
  return u64(n % 2 ** 32, Math.floor(n / 2 ** 32));
}
/** Rounded from 2^53 on. */
export function u64ToNumber(v: U64): number {
  return v.hi * 2 ** 32 + v.lo;
}
export function u64Equal(a: U64, b: U64): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}
/** Modulo 2^64. */
export function u64Add(a: U64, b: U64): U64 {
  const lo = a.lo + b.lo;
  return u64(lo, (a.hi + b.hi + (lo >= 2 ** 32 ? 1 : 0)) % 2 ** 32);
}

/** Sixteen hexadecimal digits. */
export function u64Hex(v: U64): string {
  return hex8(v.hi) + hex8(v.lo);
}
function hex8(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
/** Up to sixteen hexadecimal digits, or undefined. */
export function u64FromHex(text: string): U64 | undefined {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) return undefined;
  const digits = text.padStart(16, '0');
  return u64(Number.parseInt(digits.slice(8), 16), Number.parseInt(digits.slice(0, 8), 16));
}

/** Decimal digits of an unsigned number. */
export function u64Decimal(v: U64): string {
  if (v.hi === 0) return String(v.lo);
  // Two long divisions by 10^7 with 16-bit digits: every intermediate stays far below 2^53.
  const [high, low7] = divide([v.hi >>> 16, v.hi & 0xffff, v.lo >>> 16, v.lo & 0xffff]);
  const [top, mid7] = divide(high);
  const head = ((top[0] * 2 ** 16 + top[1]) * 2 ** 16 + top[2]) * 2 ** 16 + top[3];
  const mid = String(mid7);
  const low = String(low7).padStart(7, '0');
  return head === 0 ? mid + low : head + mid.padStart(7, '0') + low;
}
type Digits = [number, number, number, number];
function divide(digits: Digits): [Digits, number] {
  const quotient: Digits = [0, 0, 0, 0];
  let rest = 0;
  for (let i = 0; i < 4; i++) {
    const part = rest * 65536 + digits[i];
    quotient[i] = Math.floor(part / 1e7);
    rest = part % 1e7;
  }
  return [quotient, rest];
}
/** Decimal digits of the two words as a signed number. */
export function s64Decimal(lo: number, hi: number): string {
  if (hi >= 0) return u64Decimal(u64(lo, hi));
  const negated = ~lo + 1;
  return `-${u64Decimal(u64(negated, ~hi + ((negated | 0) === 0 ? 1 : 0)))}`;
}
