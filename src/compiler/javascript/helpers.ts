/** What emitted text calls beside the functions of numerics.ts: accesses that are not aligned, and traps. */
import { type TrapCode, trap } from '../../errors';
import type { Views } from '../../runtime';
import * as numerics from '../../runtime/numerics';

/** In the place of a value. */
export function raise(code: TrapCode, at: number): never {
  throw trap(code, at);
}
export function outOfBounds(at: number): never {
  throw trap('memoryBounds', at);
}

const cell = new Float64Array(1);
const cellInts = new Int32Array(cell.buffer);
const cellFloats = new Float32Array(cell.buffer);
/** The bits of a float as the engine has them, also of a NaN. */
export function f32Raw(value: number): number {
  cellFloats[0] = value;
  return cellInts[0];
}
/** The low word; the high one is in `words.hi`. */
export function f64Raw(value: number): number {
  cell[0] = value;
  numerics.words.hi = cellInts[1];
  return cellInts[0];
}

// The address is an i32, the offset below 2^31; `at` is the instruction's byte offset.

export function load8(m: Views, address: number, offset: number, at: number): number {
  return m.u8[m.far(address, offset, 1, at)];
}
export function load16(m: Views, address: number, offset: number, at: number): number {
  return m.load16(m.far(address, offset, 2, at));
}
export function load32(m: Views, address: number, offset: number, at: number): number {
  return m.load32(m.far(address, offset, 4, at));
}
/** The low word; the high one is in `words.hi`. */
export function load64(m: Views, address: number, offset: number, at: number): number {
  const index = m.far(address, offset, 8, at);
  numerics.words.hi = m.load32(index + 4);
  return m.load32(index);
}
export function loadF32(m: Views, address: number, offset: number, at: number): number {
  return m.loadF32(m.far(address, offset, 4, at));
}
export function loadF64(m: Views, address: number, offset: number, at: number): number {
  return m.loadF64(m.far(address, offset, 8, at));
}
export function store8(m: Views, address: number, offset: number, at: number, value: number): void {
  m.u8[m.far(address, offset, 1, at)] = value;
}
export function store16(m: Views, address: number, offset: number, at: number, value: number): void {
  m.store16(m.far(address, offset, 2, at), value);
}
export function store32(m: Views, address: number, offset: number, at: number, value: number): void {
  m.store32(m.far(address, offset, 4, at), value);
}
export function store64(
  m: Views,
  address: number,
  offset: number,
  at: number,
  low: number,
  high: number,
): void {
  const index = m.far(address, offset, 8, at);
  m.store32(index, low);
  m.store32(index + 4, high);
}
export function storeF32(m: Views, address: number, offset: number, at: number, value: number): void {
  m.storeF32(m.far(address, offset, 4, at), value);
}
export function storeF64(m: Views, address: number, offset: number, at: number, value: number): void {
  m.storeF64(m.far(address, offset, 8, at), value);
}
