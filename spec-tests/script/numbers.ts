/** Number literals of the text format to bits. Decimal and hexadecimal floats are rounded once, exactly, by rational arithmetic. */
import { BITS, type LanePattern, type LaneType, lowest } from './values';

const INTEGER = /^[+-]?(0x[0-9a-f]+|[0-9]+)$/;
const DECIMAL = /^()([0-9]+)(?:\.([0-9]*))?(?:e([+-]?[0-9]+))?$/;
const HEXADECIMAL = /^(0x)([0-9a-f]+)(?:\.([0-9a-f]*))?(?:p([+-]?[0-9]+))?$/;

export class NumberError extends Error {}

function parseInteger(text: string, width: number): bigint {
  if (!INTEGER.test(text)) throw new NumberError(`not an integer: ${text}`);
  const negative = text[0] === '-';
  const magnitude = BigInt(text.replace(/^[+-]/, ''));
  if (magnitude >= 1n << BigInt(width)) throw new NumberError(`constant out of range: ${text}`);
  return lowest(width, negative ? -magnitude : magnitude);
}

interface Format {
  readonly width: number;
  /** Bits of the stored significand. */
  readonly fraction: number;
  readonly bias: number;
}
const FORMATS = {
  f32: { width: 32, fraction: 23, bias: 127 },
  f64: { width: 64, fraction: 52, bias: 1023 },
} as const;

function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** Bits of the float nearest to num / den (ties to even); den is positive, num is not negative. */
function roundRatio(num: bigint, den: bigint, format: Format): bigint {
  if (num === 0n) return 0n;
  const least = 1 - format.bias - format.fraction; // exponent of the smallest subnormal's unit
  let unit = Math.max(bitLength(num) - bitLength(den) - 1 - format.fraction, least);
  for (;;) {
    const n = unit < 0 ? num << BigInt(-unit) : num;
    const d = unit > 0 ? den << BigInt(unit) : den;
    let q = n / d;
    const twice = 2n * (n - q * d);
    if (twice > d || (twice === d && (q & 1n) === 1n)) q++;
    if (bitLength(q) > format.fraction + 1) {
      unit++; // the estimate was one short, or rounding carried: round again at the coarser unit
      continue;
    }
    const subnormal = bitLength(q) <= format.fraction;
    const exponent = subnormal ? 0 : unit + format.fraction + format.bias;
    if (exponent > 2 * format.bias) throw new NumberError('constant out of range');
    return (BigInt(exponent) << BigInt(format.fraction)) | (q & ((1n << BigInt(format.fraction)) - 1n));
  }
}

function parseMagnitude(text: string, format: Format): bigint {
  const infinity = ((1n << BigInt(format.width - 1 - format.fraction)) - 1n) << BigInt(format.fraction);
  if (text === 'inf') return infinity;
  if (text === 'nan') return infinity | (1n << BigInt(format.fraction - 1));
  if (text.startsWith('nan:0x')) return infinity | BigInt(text.slice(4));
  const match = DECIMAL.exec(text) ?? HEXADECIMAL.exec(text);
  if (!match) throw new NumberError(`not a float: ${text}`);
  const [, isHex, whole, part = '', exponent = '0'] = match;
  let num = BigInt((isHex ? '0x' : '') + whole + part);
  let den = 1n;
  const base = isHex ? 2n : 10n;
  const scale = Number(exponent) - part.length * (isHex ? 4 : 1);
  if (scale >= 0) num *= base ** BigInt(scale);
  else den = base ** BigInt(-scale);
  return roundRatio(num, den, format);
}

function parseFloatBits(text: string, format: Format): bigint {
  const magnitude = parseMagnitude(text.replace(/^[+-]/, ''), format);
  return text[0] === '-' ? magnitude | (1n << BigInt(format.width - 1)) : magnitude;
}

/** Bits of a literal as the type of a number or a vector lane. Throws NumberError. */
export function parseNumber(literal: string, type: LaneType): bigint {
  const text = literal.replaceAll('_', '').toLowerCase();
  return type === 'f32' || type === 'f64'
    ? parseFloatBits(text, FORMATS[type])
    : parseInteger(text, BITS[type]);
}

/** As parseNumber, but also the two NaN classes that results may name. */
export function parseLanePattern(literal: string, type: LaneType): LanePattern {
  return literal === 'nan:canonical' || literal === 'nan:arithmetic' ? literal : parseNumber(literal, type);
}
