/** Numbers as text that inexact parsers read exactly: of integers below 2^53, whose powers of two are multiplied or divided by. */

/** The highest power of two in one literal: engines read integers up to here digit by digit without rounding. */
const STEP = 2 ** 32;

/** Domain: finite and not negative. */
export function exactly(value: number): string {
  if (value === 0) return '0';
  let odd = value;
  let power = 0;
  while (!Number.isInteger(odd)) {
    odd *= 2;
    power--;
  }
  while (odd >= 2 ** 53) {
    odd /= 2;
    power++;
  }
  const high = Math.floor(odd / STEP);
  const digits = high === 0 ? `${odd}` : `(${high}*${STEP}+${odd - high * STEP})`;
  let text = digits;
  const sign = power < 0 ? '/' : '*';
  for (let left = Math.abs(power); left > 0; left -= 32) text += `${sign}${2 ** Math.min(left, 32)}`;
  return `(${text})`;
}
