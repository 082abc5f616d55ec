/**
 * Divisions of i64 for engines that compile what is hot, in the place of those of numerics.ts: by divisors of less than 2^30 in doubles, which are
 * objects elsewhere. The low word of the quotient is estimated, at most one too high or too low: what is left says it, in a word with a sign.
 * Not i64.rem_u: its divisors are long as often as not (greatest common divisors), and who tells them apart twice is slower.
 */
import * as numerics from '../../runtime/numerics';

const { words } = numerics;
const TWO32 = 2 ** 32;
const LARGE = 2 ** 30;

export function i64DivU(al: number, ah: number, bl: number, bh: number, at: number): number {
  return isShort(bl, bh) ? quotient(al, ah, bl) : numerics.i64DivU(al, ah, bl, bh, at);
}

export function i64DivS(al: number, ah: number, bl: number, bh: number, at: number): number {
  const d = magnitudeOf(bl, bh);
  if (d === 0 || isWord(al, ah)) return numerics.i64DivS(al, ah, bl, bh, at);
  const low = ah < 0 ? quotient(-al | 0, opposite(al, ah), d) : quotient(al, ah, d);
  if ((ah ^ bh) >= 0) return low;
  words.hi = opposite(low, words.hi);
  return -low | 0;
}

export function i64RemS(al: number, ah: number, bl: number, bh: number, at: number): number {
  const d = magnitudeOf(bl, bh);
  if (d === 0 || isWord(al, ah)) return numerics.i64RemS(al, ah, bl, bh, at);
  const rest = ah < 0 ? -remainder(-al | 0, opposite(al, ah), d) | 0 : remainder(al, ah, d);
  words.hi = rest >> 31;
  return rest;
}

function isShort(low: number, high: number): boolean {
  return high === 0 && low > 0 && low < LARGE;
}

function isWord(low: number, high: number): boolean {
  return high === low >> 31;
}

/** Of a divisor that is short but for its sign; else 0, and of -1, with which a quotient may overflow. */
function magnitudeOf(low: number, high: number): number {
  return isWord(low, high) && low > -LARGE && low < LARGE && low !== -1 ? Math.abs(low) : 0;
}

/** The high word of a number with the other sign. */
function opposite(low: number, high: number): number {
  return (~high + (low === 0 ? 1 : 0)) | 0;
}

function quotient(al: number, ah: number, d: number): number {
  const high = ah >>> 0;
  const q = (((high % d) * TWO32 + (al >>> 0)) / d) | 0;
  const rest = (al - Math.imul(q, d)) | 0;
  words.hi = (high / d) | 0;
  return (rest < 0 ? q - 1 : rest >= d ? q + 1 : q) | 0;
}

function remainder(al: number, ah: number, d: number): number {
  const q = ((((ah >>> 0) % d) * TWO32 + (al >>> 0)) / d) | 0;
  const rest = (al - Math.imul(q, d)) | 0;
  return (rest < 0 ? rest + d : rest >= d ? rest - d : rest) | 0;
}
