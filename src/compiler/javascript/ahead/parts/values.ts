/**
 * Values in snapshots, by the letters that files have for their types. Each writes the value at a place of a list, or reads it there. Letters g
 * and G are floats that may be NaNs with bits of their own, in the places behind.
 */
import { f32Bits, f32FromBits, f64Bits, f64FromBits } from '../../../../runtime/numerics';
import type { FileState } from './frames';
import { W } from './shared';
import { byte, count, must, reads, same } from './snapshots';

type Values = unknown[];

export function valueI32(values: Values, at: number): void {
  same(127);
  let value = values[at] as number;
  if (!reads()) {
    while (value < -64 || value > 63) {
      byte((value & 127) | 128);
      value = value >> 7;
    }
    byte(value & 127);
    return;
  }
  let shift = 0;
  let part = 128;
  value = 0;
  while (part & 128) {
    must(shift < 32);
    part = byte(0);
    value |= (part & 127) << shift;
    shift += 7;
  }
  values[at] = part & 64 && shift < 32 ? value | (-1 << shift) : value;
}
export function valueI64(values: Values, at: number): void {
  same(126);
  let low = values[at] as number;
  let high = values[at + 1] as number;
  if (!reads()) {
    while (high !== low >> 31 || low < -64 || low > 63) {
      byte((low & 127) | 128);
      low = (low >>> 7) | (high << 25);
      high = high >> 7;
    }
    byte(low & 127);
    return;
  }
  low = high = 0;
  let shift = 0;
  let part = 128;
  while (part & 128) {
    must(shift < 64);
    part = byte(0);
    const bits = part & 127;
    if (shift < 32) low |= bits << shift;
    if (shift > 31) high |= bits << (shift - 32);
    else if (shift > 25) high |= bits >> (32 - shift);
    shift += 7;
  }
  if (part & 64 && shift < 64) {
    if (shift < 32) low |= -1 << shift;
    high |= shift < 32 ? -1 : -1 << (shift - 32);
  }
  values[at] = low;
  values[at + 1] = high;
}
function word(value: number): number {
  let all = 0;
  for (let k = 0; k < 32; k += 8) all |= byte((value >> k) & 255) << k;
  return all;
}
/** Floats of globals are words. */
export function wordsF32(values: Values, at: number): void {
  same(125);
  values[at] = word(values[at] as number);
}
export function wordsF64(values: Values, at: number): void {
  same(124);
  values[at] = word(values[at] as number);
  values[at + 1] = word(values[at + 1] as number);
}
export function valueF32(values: Values, at: number): void {
  const pair = [f32Bits(values[at] as number)];
  wordsF32(pair, 0);
  if (reads()) values[at] = f32FromBits(pair[0]);
}
export function valueF64(values: Values, at: number): void {
  const pair = [f64Bits(values[at] as number), W.hi];
  wordsF64(pair, 0);
  if (reads()) values[at] = f64FromBits(pair[0], pair[1]);
}
export function ownF32(values: Values, at: number): void {
  if (reads() || Number.isNaN(values[at] as number)) wordsF32(values, at + 1);
  else valueF32(values, at);
  if (reads()) values[at] = f32FromBits(values[at + 1] as number);
}
export function ownF64(values: Values, at: number): void {
  if (reads() || Number.isNaN(values[at] as number)) wordsF64(values, at + 1);
  else valueF64(values, at);
  if (reads()) values[at] = f64FromBits(values[at + 1] as number, values[at + 2] as number);
}

/** Null, or a function that the file knows; `type` is the family's. */
function reference(values: Values, at: number, state: FileState, type: number): void {
  const known = state.cells.indexOf(values[at]);
  if (!reads() && values[at] !== null && (known < 0 || type !== 112)) {
    throw new Error('a snapshot cannot hold what is not of the module');
  }
  const kind = byte(values[at] === null ? 0 : 1);
  if (!kind) {
    if (reads()) values[at] = null;
    return;
  }
  must(kind === 1 && type === 112);
  const found = state.indices.indexOf(count(state.indices[known] || 0));
  must(found >= 0);
  if (reads()) values[at] = state.cells[found];
}
export function valueFunc(values: Values, at: number, state: FileState): void {
  same(112);
  reference(values, at, state, 112);
}
export function valueExtern(values: Values, at: number, state: FileState): void {
  same(111);
  reference(values, at, state, 111);
}

export { reference };
