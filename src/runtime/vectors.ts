/**
 * What SIMD instructions compute, a word of 32 bits at a time (spec "exec/numerics", lanewise operations): four lanes of a byte or two of 16
 * bits are in it, and arithmetic on the whole word does all of them at once. Names end in the bits of a lane, and S or U where the sign
 * counts. A part that a bundle can go without, as numerics.ts is for numbers.
 */

import type { Views } from './memory';

/** The sign bits of the lanes, the bits below them, and a one in each lane. */
const SIGNS8 = 0x80808080 | 0;
const BELOW8 = 0x7f7f7f7f;
const ONES8 = 0x01010101;
const SIGNS16 = 0x80008000 | 0;
const BELOW16 = 0x7fff7fff;
const ONES16 = 0x00010001;

/** All bits of the lanes whose sign bit is set. */
export function mask8(x: number): number {
  return (((x >>> 7) & ONES8) * 255) | 0;
}
export function mask16(x: number): number {
  return (((x >>> 15) & ONES16) * 65535) | 0;
}

export function add8(x: number, y: number): number {
  return ((x & BELOW8) + (y & BELOW8)) ^ ((x ^ y) & SIGNS8);
}
export function add16(x: number, y: number): number {
  return ((x & BELOW16) + (y & BELOW16)) ^ ((x ^ y) & SIGNS16);
}
export function sub8(x: number, y: number): number {
  return ((x | SIGNS8) - (y & BELOW8)) ^ ((x ^ ~y) & SIGNS8);
}
export function sub16(x: number, y: number): number {
  return ((x | SIGNS16) - (y & BELOW16)) ^ ((x ^ ~y) & SIGNS16);
}

// Comparisons: all bits of a lane, or none.

export function eq8(x: number, y: number): number {
  const z = x ^ y;
  return mask8(~(((z & BELOW8) + BELOW8) | z));
}
export function eq16(x: number, y: number): number {
  const z = x ^ y;
  return mask16(~(((z & BELOW16) + BELOW16) | z));
}
/** The borrow of a difference is in the sign bit. */
export function lt8U(x: number, y: number): number {
  return mask8((~x & y) | (~(x ^ y) & sub8(x, y)));
}
export function lt16U(x: number, y: number): number {
  return mask16((~x & y) | (~(x ^ y) & sub16(x, y)));
}
export function lt8S(x: number, y: number): number {
  return lt8U(x ^ SIGNS8, y ^ SIGNS8);
}
export function lt16S(x: number, y: number): number {
  return lt16U(x ^ SIGNS16, y ^ SIGNS16);
}
/** Of the lanes of `x` and `y` those of `x` where the mask is set. */
export function choose(x: number, y: number, mask: number): number {
  return y ^ ((x ^ y) & mask);
}

export function abs8(x: number): number {
  const mask = mask8(x);
  return sub8(x ^ mask, mask);
}
export function abs16(x: number): number {
  const mask = mask16(x);
  return sub16(x ^ mask, mask);
}
export function popcnt8(x: number): number {
  const pairs = x - ((x >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
}

// Shifts, by less than a lane has bits.

export function shl8(x: number, by: number): number {
  return (x << by) & (((255 << by) & 255) * ONES8);
}
export function shl16(x: number, by: number): number {
  return (x << by) & (((65535 << by) & 65535) * ONES16);
}
export function shr8U(x: number, by: number): number {
  return (x >>> by) & ((255 >> by) * ONES8);
}
export function shr16U(x: number, by: number): number {
  return (x >>> by) & ((65535 >> by) * ONES16);
}
export function shr8S(x: number, by: number): number {
  const sign = (128 >> by) * ONES8;
  return sub8(shr8U(x, by) ^ sign, sign);
}
export function shr16S(x: number, by: number): number {
  const sign = (32768 >> by) * ONES16;
  return sub16(shr16U(x, by) ^ sign, sign);
}

// Saturating arithmetic

export function addSat8U(x: number, y: number): number {
  const sum = add8(x, y);
  return sum | mask8((x & y) | ((x | y) & ~sum));
}
export function addSat16U(x: number, y: number): number {
  const sum = add16(x, y);
  return sum | mask16((x & y) | ((x | y) & ~sum));
}
export function subSat8U(x: number, y: number): number {
  const difference = sub8(x, y);
  return difference & ~mask8((~x & y) | (~(x ^ y) & difference));
}
export function subSat16U(x: number, y: number): number {
  const difference = sub16(x, y);
  return difference & ~mask16((~x & y) | (~(x ^ y) & difference));
}
/** The greatest value, or the least where the sign is set. */
const extreme8 = (x: number): number => mask8(x) ^ BELOW8;
const extreme16 = (x: number): number => mask16(x) ^ BELOW16;
export function addSat8S(x: number, y: number): number {
  const sum = add8(x, y);
  return choose(extreme8(x), sum, mask8(~(x ^ y) & (x ^ sum)));
}
export function addSat16S(x: number, y: number): number {
  const sum = add16(x, y);
  return choose(extreme16(x), sum, mask16(~(x ^ y) & (x ^ sum)));
}
export function subSat8S(x: number, y: number): number {
  const difference = sub8(x, y);
  return choose(extreme8(x), difference, mask8((x ^ y) & (x ^ difference)));
}
export function subSat16S(x: number, y: number): number {
  const difference = sub16(x, y);
  return choose(extreme16(x), difference, mask16((x ^ y) & (x ^ difference)));
}
/** Averages, rounded up. */
export function avgr8U(x: number, y: number): number {
  return ((x | y) - (((x ^ y) & 0xfefefefe) >>> 1)) | 0;
}
export function avgr16U(x: number, y: number): number {
  return ((x | y) - (((x ^ y) & 0xfffefffe) >>> 1)) | 0;
}

export function mul16(x: number, y: number): number {
  return (Math.imul(x, y) & 65535) | (Math.imul(x >>> 16, y >>> 16) << 16);
}
function q15(x: number, y: number): number {
  // Only the least value times itself is too large.
  const product = (Math.imul(x, y) + 0x4000) >> 15;
  return Math.min(product, 32767);
}
export function q15mulrSat16S(x: number, y: number): number {
  return (q15((x << 16) >> 16, (y << 16) >> 16) & 65535) | (q15(x >> 16, y >> 16) << 16);
}
export function dot16S(x: number, y: number): number {
  return (Math.imul((x << 16) >> 16, (y << 16) >> 16) + Math.imul(x >> 16, y >> 16)) | 0;
}
/** Sums of the products of neighbouring bytes, in lanes of 16 bits. They do not saturate. */
export function dot8S(x: number, y: number): number {
  const low = Math.imul((x << 24) >> 24, (y << 24) >> 24) + Math.imul((x << 16) >> 24, (y << 16) >> 24);
  const high = Math.imul((x << 8) >> 24, (y << 8) >> 24) + Math.imul(x >> 24, y >> 24);
  return (low & 65535) | (high << 16);
}
/** The sum of two lanes of 16 bits. */
export function pair16S(x: number): number {
  return ((x << 16) >> 16) + (x >> 16);
}
export function pair16U(x: number): number {
  return (x & 65535) + (x >>> 16);
}
/** Sums of neighbouring bytes, in lanes of 16 bits. */
export function pair8S(x: number): number {
  return ((((x << 24) >> 24) + ((x << 16) >> 24)) & 65535) | ((((x << 8) >> 24) + (x >> 24)) << 16);
}
export function pair8U(x: number): number {
  return (x & 0x00ff00ff) + ((x >>> 8) & 0x00ff00ff);
}

// Lanes of twice the bits, and half

/** The two lower bytes as lanes of 16 bits. */
export function widen8S(x: number): number {
  return (((x << 24) >> 24) & 65535) | (((x << 16) >> 24) << 16);
}
export function widen8U(x: number): number {
  return (x & 255) | ((x & 0xff00) << 8);
}
const clamp = (x: number, least: number, most: number): number => Math.max(least, Math.min(x, most));
/** Two words of 16 bit lanes as four bytes. */
export function narrow16S(x: number, y: number): number {
  return (
    (clamp((x << 16) >> 16, -128, 127) & 255) |
    ((clamp(x >> 16, -128, 127) & 255) << 8) |
    ((clamp((y << 16) >> 16, -128, 127) & 255) << 16) |
    (clamp(y >> 16, -128, 127) << 24)
  );
}
export function narrow16U(x: number, y: number): number {
  return (
    clamp((x << 16) >> 16, 0, 255) |
    (clamp(x >> 16, 0, 255) << 8) |
    (clamp((y << 16) >> 16, 0, 255) << 16) |
    (clamp(y >> 16, 0, 255) << 24)
  );
}
export function narrow32S(x: number, y: number): number {
  return (clamp(x, -32768, 32767) & 65535) | (clamp(y, -32768, 32767) << 16);
}
export function narrow32U(x: number, y: number): number {
  return clamp(x, 0, 65535) | (clamp(y, 0, 65535) << 16);
}

// Sign bits of the lanes, the first lowest

export function bits8(x: number): number {
  return ((x >>> 7) & 1) | ((x >>> 14) & 2) | ((x >>> 21) & 4) | ((x >>> 28) & 8);
}
export function bits16(x: number): number {
  return ((x >>> 15) & 1) | ((x >>> 30) & 2);
}

/** NaNs among the lanes from `at` on become the canonical one. */
export function quiet32(floats: Float32Array, at: number): void {
  for (let k = at; k < at + 4; k++) if (Number.isNaN(floats[k])) floats[k] = Number.NaN;
}
export function quiet64(doubles: Float64Array, at: number): void {
  for (let k = at; k < at + 2; k++) if (Number.isNaN(doubles[k])) doubles[k] = Number.NaN;
}

/** Sixteen bytes at any index that is in bounds, from and to four words. */
export function load128({ u8 }: Views, v: number, words: Int32Array, to: number): void {
  const from = v >>> 0;
  for (let k = 0; k < 16; k += 4) {
    const at = from + k;
    words[to + (k >> 2)] = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16) | (u8[at + 3] << 24);
  }
}
export function store128(memory: Views, v: number, words: Int32Array, from: number): void {
  for (let k = 0; k < 4; k++) memory.store32((v >>> 0) + 4 * k, words[from + k]);
}

/** The same of floats that are not where a view has them. They are only computed with, so what their NaNs are is of no account. */
const words = new Int32Array(4);
const [floats, doubles] = [new Float32Array(words.buffer), new Float64Array(words.buffer)];
export function unaligned32(memory: Views, v: number): Float32Array {
  load128(memory, v, words, 0);
  return floats;
}
export function unaligned64(memory: Views, v: number): Float64Array {
  load128(memory, v, words, 0);
  return doubles;
}
