/**
 * What the numeric instructions compute (spec chapter "exec/numerics"), where a JavaScript operator does not say it already.
 *
 * An i64 is two int32 words. A function with an i64 result returns the low word and leaves the high word in `words.hi`.
 * Nothing here knows a stack or a frame. The functions that trap take `at`, the instruction's byte offset, for the backtrace.
 */
import { trap } from '../errors';

export class Words {
  /** High word of the last i64 result. */
  hi = 0;
}
export const words = new Words();

const TWO32 = 2 ** 32;
/** Products: Espruino reads no larger literals exactly (scripts/parts.ts). */
const TWO63 = TWO32 * 2 ** 31;
const TWO64 = TWO32 * TWO32;
const cell = new ArrayBuffer(8);
const cellInt = new Int32Array(cell);
const cellFloat = new Float32Array(cell);
const cellDouble = new Float64Array(cell);
const NAN_F32_BITS = 0x7fc00000;
const NAN_F64_HIGH = 0x7ff80000;
/** Which word of a double is the low one on this host. */
const LO = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HI = 1 - LO;

export function popcnt(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function ctz(x: number): number {
  return x === 0 ? 32 : 31 - Math.clz32(x & -x);
}

/** High word of the unsigned 64-bit product of two words. */
export function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  // Both sums are below 2^32.
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const cross = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + (middle >>> 16) + (cross >>> 16)) | 0;
}

export function i64Shl(lo: number, hi: number, by: number): number {
  by &= 63;
  if (by === 0) {
    words.hi = hi;
    return lo;
  }
  if (by < 32) {
    words.hi = (hi << by) | (lo >>> (32 - by));
    return lo << by;
  }
  words.hi = lo << (by - 32);
  return 0;
}

export function i64ShrS(lo: number, hi: number, by: number): number {
  by &= 63;
  if (by === 0) {
    words.hi = hi;
    return lo;
  }
  if (by < 32) {
    words.hi = hi >> by;
    return (lo >>> by) | (hi << (32 - by));
  }
  words.hi = hi >> 31;
  return hi >> (by - 32);
}

export function i64ShrU(lo: number, hi: number, by: number): number {
  by &= 63;
  if (by === 0) {
    words.hi = hi;
    return lo;
  }
  if (by < 32) {
    words.hi = hi >>> by;
    return (lo >>> by) | (hi << (32 - by));
  }
  words.hi = 0;
  // By 32 that would be the word as it is unsigned.
  return (hi >>> (by - 32)) | 0;
}

export function i64Rotl(lo: number, hi: number, by: number): number {
  if ((by & 32) !== 0) {
    const swap = lo;
    lo = hi;
    hi = swap;
  }
  by &= 31;
  if (by === 0) {
    words.hi = hi;
    return lo;
  }
  words.hi = (hi << by) | (lo >>> (32 - by));
  return (lo << by) | (hi >>> (32 - by));
}

/** High words from which on a number is 2^53 or more, which doubles may not hold. */
const TWO21 = 2 ** 21;
/** An estimate in doubles times this is not too high. */
const A_LITTLE_LESS = 0.99999999999999;

/** A number that a double holds, of an i64 whose high word is signed or not. */
function ofWords(lo: number, high: number): number {
  return high * TWO32 + (lo >>> 0);
}

/** The words of an integer that a double holds. */
function inWords(value: number): number {
  words.hi = Math.floor(value / TWO32) | 0;
  return value | 0;
}

/** Quotient and remainder of the last `divide`, as words. */
let quotientLo = 0;
let quotientHi = 0;
let remainderLo = 0;
let remainderHi = 0;

/** Unsigned 64-bit division. Domain: divisor not zero. Every intermediate is an integer below 2^53, so the doubles are exact. */
function divide(al: number, ah: number, bl: number, bh: number): void {
  if (bh === 0) divideByWord(al, ah >>> 0, bl >>> 0);
  else divideByLong(al, ah, bl, bh);
}

function divideByWord(al: number, high: number, d: number): void {
  const qh = Math.floor(high / d);
  let rest = high - qh * d;
  quotientHi = qh | 0;
  remainderHi = 0;
  if (d <= TWO21) {
    const low = ofWords(al, rest);
    const ql = Math.floor(low / d);
    quotientLo = ql | 0;
    remainderLo = (low - ql * d) | 0;
    return;
  }
  const upper = rest * 65536 + (al >>> 16);
  const q1 = Math.floor(upper / d);
  rest = upper - q1 * d;
  const lower = rest * 65536 + (al & 0xffff);
  const q0 = Math.floor(lower / d);
  quotientLo = (q1 * 65536 + q0) | 0;
  remainderLo = (lower - q0 * d) | 0;
}

/**
 * The divisor is 2^32 or more, so the quotient is less than 2^32. It is estimated in doubles, rather too low: what is subtracted is then
 * never too much, and at most one divisor too little.
 */
function divideByLong(al: number, ah: number, bl: number, bh: number): void {
  const q = Math.floor((ofWords(al, ah >>> 0) / ofWords(bl, bh >>> 0)) * A_LITTLE_LESS);
  const pl = Math.imul(q, bl);
  const ph = (mulHigh(q, bl) + Math.imul(q, bh)) | 0;
  const rl = (al - pl) | 0;
  const rh = (ah - ph - (al >>> 0 < pl >>> 0 ? 1 : 0)) | 0;
  const isLeft = rh === bh ? rl >>> 0 >= bl >>> 0 : rh >>> 0 > bh >>> 0;
  quotientLo = (isLeft ? q + 1 : q) | 0;
  quotientHi = 0;
  remainderLo = isLeft ? (rl - bl) | 0 : rl;
  remainderHi = isLeft ? (rh - bh - (rl >>> 0 < bl >>> 0 ? 1 : 0)) | 0 : rh;
}

/** By a divisor of at most 16 bits, in divisions of words: compilers make multiplications of them where it is a constant. */
function quotientOfShort(al: number, ah: number, d: number): number {
  const qh = ((ah >>> 0) / d) | 0;
  const u1 = (((ah - Math.imul(qh, d)) << 16) | (al >>> 16)) >>> 0;
  const q1 = (u1 / d) | 0;
  const u0 = (((u1 - Math.imul(q1, d)) << 16) | (al & 0xffff)) >>> 0;
  words.hi = qh;
  return (q1 << 16) | ((u0 / d) | 0);
}

function remainderOfShort(al: number, ah: number, d: number): number {
  const u1 = ((((ah >>> 0) % d) << 16) | (al >>> 16)) >>> 0;
  const u0 = (((u1 % d) << 16) | (al & 0xffff)) >>> 0;
  words.hi = 0;
  return (u0 % d) | 0;
}

function divideMagnitudes(al: number, ah: number, bl: number, bh: number): void {
  if (ah < 0) {
    ah = (~ah + (al === 0 ? 1 : 0)) | 0;
    al = -al | 0;
  }
  if (bh < 0) {
    bh = (~bh + (bl === 0 ? 1 : 0)) | 0;
    bl = -bl | 0;
  }
  divide(al, ah, bl, bh);
}

function signed(lo: number, hi: number, negative: boolean): number {
  if (!negative) {
    words.hi = hi;
    return lo;
  }
  words.hi = (~hi + (lo === 0 ? 1 : 0)) | 0;
  return -lo | 0;
}

// Operands that are words, divisors that are short, and what doubles hold come first: none of them needs a general division.

export function i64DivS(al: number, ah: number, bl: number, bh: number, at: number): number {
  if (ah === al >> 31 && bh === bl >> 31 && bl > 0) {
    const q = (al / bl) | 0;
    words.hi = q >> 31;
    return q;
  }
  if ((bl | bh) === 0) throw trap('divideByZero', at);
  if (ah >= -TWO21 && ah < TWO21 && bh >= -TWO21 && bh < TWO21) {
    return inWords(Math.trunc(ofWords(al, ah) / ofWords(bl, bh)));
  }
  if ((bl & bh) === -1 && al === 0 && ah === -2147483648) throw trap('integerOverflow', at);
  divideMagnitudes(al, ah, bl, bh);
  return signed(quotientLo, quotientHi, (ah ^ bh) < 0);
}

export function i64DivU(al: number, ah: number, bl: number, bh: number, at: number): number {
  if ((bl | bh) === 0) throw trap('divideByZero', at);
  if ((ah | bh) === 0) {
    words.hi = 0;
    return ((al >>> 0) / (bl >>> 0)) | 0;
  }
  if (bh === 0 && bl >>> 0 <= 0xffff) return quotientOfShort(al, ah, bl);
  if (ah >>> 0 < TWO21 && bh >>> 0 < TWO21) return inWords(Math.floor(ofWords(al, ah) / ofWords(bl, bh)));
  divide(al, ah, bl, bh);
  words.hi = quotientHi;
  return quotientLo;
}

export function i64RemS(al: number, ah: number, bl: number, bh: number, at: number): number {
  if (ah === al >> 31 && bh === bl >> 31 && bl > 0) {
    const r = (al % bl) | 0;
    words.hi = r >> 31;
    return r;
  }
  if ((bl | bh) === 0) throw trap('divideByZero', at);
  if (ah >= -TWO21 && ah < TWO21 && bh >= -TWO21 && bh < TWO21) {
    const a = ofWords(al, ah);
    const b = ofWords(bl, bh);
    return inWords(a - Math.trunc(a / b) * b);
  }
  divideMagnitudes(al, ah, bl, bh);
  return signed(remainderLo, remainderHi, ah < 0);
}

export function i64RemU(al: number, ah: number, bl: number, bh: number, at: number): number {
  if ((bl | bh) === 0) throw trap('divideByZero', at);
  if ((ah | bh) === 0) {
    words.hi = 0;
    return ((al >>> 0) % (bl >>> 0)) | 0;
  }
  if (bh === 0 && bl >>> 0 <= 0xffff) return remainderOfShort(al, ah, bl);
  if (ah >>> 0 < TWO21 && bh >>> 0 < TWO21) {
    const a = ofWords(al, ah);
    const b = ofWords(bl, bh);
    return inWords(a - Math.floor(a / b) * b);
  }
  divide(al, ah, bl, bh);
  words.hi = remainderHi;
  return remainderLo;
}

export function i32DivS(a: number, b: number, at: number): number {
  if (b === 0) throw trap('divideByZero', at);
  if (b === -1 && a === -2147483648) throw trap('integerOverflow', at);
  return (a / b) | 0;
}
export function i32DivU(a: number, b: number, at: number): number {
  if (b === 0) throw trap('divideByZero', at);
  return ((a >>> 0) / (b >>> 0)) | 0;
}
export function i32RemS(a: number, b: number, at: number): number {
  if (b === 0) throw trap('divideByZero', at);
  return (a % b) | 0;
}
export function i32RemU(a: number, b: number, at: number): number {
  if (b === 0) throw trap('divideByZero', at);
  return ((a >>> 0) % (b >>> 0)) | 0;
}

/** Round to nearest, ties to even. */
export function nearest(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return x < 0 || Object.is(x, -0) ? (floor === 0 ? -0 : floor) : floor;
  if (rest > 0.5) {
    const up = floor + 1;
    return up === 0 ? -0 : up;
  }
  if (rest !== 0.5) return x;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && x < 0 ? -0 : even;
}

export function i32TruncS(x: number, at: number): number {
  if (x > -2147483649 && x < 2147483648) return x | 0;
  throw trap(Number.isNaN(x) ? 'invalidConversion' : 'integerOverflow', at);
}
export function i32TruncU(x: number, at: number): number {
  if (x > -1 && x < TWO32) return x | 0;
  throw trap(Number.isNaN(x) ? 'invalidConversion' : 'integerOverflow', at);
}
export function i32SatS(x: number): number {
  if (x >= 2147483647) return 2147483647;
  return x <= -2147483648 ? -2147483648 : x | 0;
}
export function i32SatU(x: number): number {
  if (x >= 4294967295) return -1;
  return x > 0 ? x | 0 : 0;
}
/** Domain: -2^63 <= trunc(x) < 2^64. */
function i64FromDouble(x: number): number {
  x = Math.trunc(x);
  const high = Math.floor(x / TWO32);
  words.hi = high | 0;
  return (x - high * TWO32) | 0;
}
export function i64TruncS(x: number, at: number): number {
  if (x >= -TWO63 && x < TWO63) return i64FromDouble(x);
  throw trap(Number.isNaN(x) ? 'invalidConversion' : 'integerOverflow', at);
}
export function i64TruncU(x: number, at: number): number {
  if (x > -1 && x < TWO64) return i64FromDouble(x);
  throw trap(Number.isNaN(x) ? 'invalidConversion' : 'integerOverflow', at);
}
export function i64SatS(x: number): number {
  if (x >= TWO63) {
    words.hi = 2147483647;
    return -1;
  }
  if (x < -TWO63) {
    words.hi = -2147483648;
    return 0;
  }
  return i64FromDouble(Number.isNaN(x) ? 0 : x);
}
export function i64SatU(x: number): number {
  if (x >= TWO64) {
    words.hi = -1;
    return -1;
  }
  if (x > 0) return i64FromDouble(x);
  words.hi = 0;
  return 0;
}

/** f32.convert_i64 of low word and signed or unsigned high part: one rounding. Above 2^53 the bits that a double drops are folded into a sticky bit first. */
export function f32FromI64(lo: number, high: number): number {
  if (high >= 2097152 || high < -2097152) lo = (lo & ~0x7ff) | ((lo & 0x7ff) !== 0 ? 0x800 : 0);
  return Math.fround(high * TWO32 + (lo >>> 0));
}

export function f32Bits(x: number): number {
  if (Number.isNaN(x)) return NAN_F32_BITS;
  cellFloat[0] = x;
  return cellInt[0];
}
export function f32FromBits(bits: number): number {
  cellInt[0] = bits;
  return cellFloat[0];
}
/** Low word of an f64's bits; the high word in `words.hi`. A NaN is the canonical one. */
export function f64Bits(x: number): number {
  if (Number.isNaN(x)) {
    words.hi = NAN_F64_HIGH;
    return 0;
  }
  cellDouble[0] = x;
  words.hi = cellInt[HI];
  return cellInt[LO];
}
export function f64FromBits(lo: number, hi: number): number {
  cellInt[LO] = lo;
  cellInt[HI] = hi;
  return cellDouble[0];
}
