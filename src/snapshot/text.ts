/** Words for people: values, functions, places and sizes as `describe` and `diff` print them. */

import type { ModuleData } from '../decoder/module';
import { printable } from '../errors';
import { type Activation, isNull, isRefTag, type TypedValue, type U64 } from './document';
import { s64Decimal, u64, u64Decimal, u64Hex, u64ToNumber } from './u64';

/** A module that can name its functions (`Module` of the decoder). */
export interface NamingModule extends ModuleData {
  /** The name of a function, if it has one. */
  funcName(funcidx: number): string | undefined;
}

const words = new Int32Array(2);
const f32 = new Float32Array(words.buffer);
const f64 = new Float64Array(words.buffer);
const LOW = new Uint8Array(new Int32Array([1]).buffer)[0] === 1 ? 0 : 1;

export function valueText(value: TypedValue, module?: NamingModule): string {
  const { type, lo, hi } = value;
  if (isRefTag(type)) return referenceText(value, module);
  switch (type) {
    case 'i32':
      return String(lo);
    case 'i64':
      return s64Decimal(lo, hi);
    case 'f32':
      words[0] = lo;
      return floatText(f32[0], hexWord(lo));
    case 'f64':
      words[LOW] = lo;
      words[1 - LOW] = hi;
      return floatText(f64[0], u64Hex(u64(lo, hi)));
    default:
      return `0x${Array.from(value.bytes!, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  }
}

/** A NaN shows its bits, since they are state. */
function floatText(value: number, bits: string): string {
  if (Number.isNaN(value)) return `nan (0x${bits})`;
  return value === 0 && 1 / value < 0 ? '-0' : String(value);
}
function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

function referenceText(value: TypedValue, module?: NamingModule): string {
  if (isNull(value)) return 'null';
  const id = u64(value.lo, value.hi);
  switch (value.type) {
    case 'funcref':
      return `func ${funcText(id.lo, module)}`;
    case 'externref':
      return `extern ${u64Decimal(id)}`;
    case 'exnref':
      return `exception ${id.lo}`;
    default:
      return `continuation ${id.lo}`;
  }
}

export function funcText(funcidx: number, module?: NamingModule): string {
  const name = module?.funcName(funcidx);
  return name === undefined ? String(funcidx) : `${funcidx} (${printable(name)})`;
}

/** An offset in a function's code entry, and in the module when that is known. */
export function offsetText(funcidx: number, offset: number, module?: NamingModule): string {
  const start = module?.codeStart[funcidx - module.importedFuncs];
  const place = `+0x${offset.toString(16)}`;
  return start === undefined ? place : `${place} (0x${(start + offset).toString(16)})`;
}

/** Where a frame stands. */
export function frameText(frame: Activation, module?: NamingModule): string {
  const { func, site, offset, targetLoop, targetCont } = frame;
  const place = `${funcText(func, module)} at ${site} ${offsetText(func, offset, module)}`;
  if (site === 'loop') return `${place}, back to the loop at ${offsetText(func, targetLoop, module)}`;
  return site === 'resume' ? `${place}, runs continuation ${targetCont}` : place;
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(1))} ${unit}`;
  }
  return plural(bytes, 'byte');
}

/** ISO 8601 in UTC, by the proleptic Gregorian calendar. */
export function timeText(ms: U64): string {
  const time = u64ToNumber(ms);
  if (time > 253402300799999) return `${u64Decimal(ms)} ms`;
  const days = Math.floor(time / 86400000);
  const rest = time % 86400000;
  // Years begin in March here, so that the leap day is the last of its year (719468 days from 0000-03-01 to 1970-01-01).
  const day = days + 719468;
  const era = Math.floor(day / 146097);
  const dayOfEra = day % 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfYear - Math.floor((153 * march + 2) / 5) + 1, 2)}`;
  const clock = [rest / 3600000, (rest / 60000) % 60, (rest / 1000) % 60]
    .map((n) => pad(Math.floor(n), 2))
    .join(':');
  return `${date}T${clock}.${pad(rest % 1000, 3)}Z`;
}
function pad(n: number, width: number): string {
  return String(n).padStart(width, '0');
}
