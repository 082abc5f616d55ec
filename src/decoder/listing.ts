/** How the disassembler writes numbers, types and comments. */
import { printable } from '../errors';
import type { DefType, FuncType, ValType } from './types';
import { valTypeNameIn } from './types';

export function hexText(offset: number): string {
  return `0x${offset.toString(16).padStart(6, '0')}`;
}

export function commentText(text: string | undefined): string {
  return text === undefined ? '' : ` (; ${printable(text).replaceAll(';)', '; )')} ;)`;
}

export function signatureText({ params, results }: FuncType, types: readonly DefType[]): string {
  const list = (word: string, of: readonly ValType[]): string =>
    of.length === 0 ? '' : ` (${word} ${of.map((type) => valTypeNameIn(type, types)).join(' ')})`;
  return list('param', params) + list('result', results);
}

/** The bits of 32, as the text format's vectors of integers have them. */
export function wordText(word: number): string {
  return `0x${(word >>> 0).toString(16).padStart(8, '0')}`;
}

/** Hexadecimal where a double would not be exact. */
export function u64Text(lo: number, hi: number): string {
  if (hi >>> 0 < 0x200000) return `${(hi >>> 0) * 0x100000000 + (lo >>> 0)}`;
  return `0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

export function i64Text(lo: number, hi: number): string {
  if (hi < 0 && hi >= -0x200000) return `${hi * 0x100000000 + (lo >>> 0)}`;
  return u64Text(lo, hi);
}

const floats = new DataView(new ArrayBuffer(8));

export function f32Text(bits: number): string {
  floats.setInt32(0, bits);
  return floatText(floats.getFloat32(0), bits < 0, (bits & 0x7fffff).toString(16), '400000');
}

export function f64Text(lo: number, hi: number): string {
  floats.setInt32(0, hi);
  floats.setInt32(4, lo);
  const payload = (hi & 0xfffff).toString(16) + (lo >>> 0).toString(16).padStart(8, '0');
  return floatText(floats.getFloat64(0), hi < 0, payload.replace(/^0+/, ''), '8000000000000');
}

function floatText(value: number, negative: boolean, payload: string, canonical: string): string {
  const sign = negative ? '-' : '';
  if (Number.isNaN(value)) return payload === canonical ? `${sign}nan` : `${sign}nan:0x${payload}`;
  return sign + (Number.isFinite(value) ? String(Math.abs(value)) : 'inf');
}
