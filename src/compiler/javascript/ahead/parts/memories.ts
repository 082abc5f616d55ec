// biome-ignore-all lint/complexity/useMathMinMax: what small engines do not have, or have wrong
/** Memories, and loads and stores that need more than one access to a view. */
import { f32Bits, f32FromBits, f64Bits, f64FromBits } from '../../../../runtime/numerics';
import { trap, W } from './shared';

export interface FileMemory {
  buffer: ArrayBuffer;
  u8: Uint8Array;
  u16: Uint16Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  /** Bytes that may be accessed. */
  length: number;
  pages: number;
  /** Or -1 where there is no bound. */
  max: number;
  bits: number;
  /** Called when the views are others. */
  watchers: (() => void)[];
  /** For offsets from 2^31 on. */
  far(address: number, offset: number, bytes: number, at: number): number;
}

export function setViews(m: FileMemory, buffer: ArrayBuffer, length: number): void {
  m.buffer = buffer;
  m.length = length;
  m.u8 = new Uint8Array(buffer, 0, length);
  m.u16 = new Uint16Array(buffer, 0, length >> 1);
  m.i32 = new Int32Array(buffer, 0, length >> 2);
  m.f32 = new Float32Array(buffer, 0, length >> 2);
  m.f64 = new Float64Array(buffer, 0, length >> 3);
}
/** `bits` is the logarithm of the page size; `most` is how many bytes it may have, whatever it says that it has. */
export function memory(pages: number, max: number, bits: number, most: number): FileMemory {
  const length = Math.min(pages * (bits ? 65536 : 1), most);
  const m = { pages, max, bits, watchers: [] as (() => void)[] } as unknown as FileMemory;
  m.far = (address, offset, count, at) => far(m, address, offset, count, at);
  setViews(m, new ArrayBuffer((length + 7) & -8), length);
  return m;
}
export function memoryGrow(m: FileMemory, by: number): number {
  const old = m.pages;
  by = by >>> 0;
  const page = m.bits ? 65536 : 1;
  if ((m.max >= 0 && by > m.max - old) || (old + by) * page > 4294967296) return -1;
  if (by === 0) return old;
  const length = (old + by) * page;
  const before = m.u8;
  let buffer: ArrayBuffer | undefined;
  try {
    buffer = new ArrayBuffer(Math.ceil(length / 8) * 8);
  } catch (_error) {
    return -1;
  }
  if (!buffer) return -1;
  m.pages = old + by;
  setViews(m, buffer, length);
  m.u8.set(before);
  for (let k = 0; k < m.watchers.length; k++) m.watchers[k]();
  return old;
}
/** The index of so many bytes. */
export function far(m: FileMemory, address: number, offset: number, bytes: number, at: number): number {
  const index = (address >>> 0) + offset;
  if (index + bytes > m.length) throw trap('memoryBounds', at);
  return index;
}
export function load8(m: FileMemory, address: number, offset: number, at: number): number {
  return m.u8[far(m, address, offset, 1, at)];
}
export function load16(m: FileMemory, address: number, offset: number, at: number): number {
  const k = far(m, address, offset, 2, at);
  return m.u8[k] | (m.u8[k + 1] << 8);
}
export function word32(u8: Uint8Array, k: number): number {
  return u8[k] | (u8[k + 1] << 8) | (u8[k + 2] << 16) | (u8[k + 3] << 24);
}
export function setWord32(u8: Uint8Array, k: number, value: number): void {
  u8[k] = value & 255;
  u8[k + 1] = (value >> 8) & 255;
  u8[k + 2] = (value >> 16) & 255;
  u8[k + 3] = (value >> 24) & 255;
}
export function load32(m: FileMemory, address: number, offset: number, at: number): number {
  return word32(m.u8, far(m, address, offset, 4, at));
}
export function load64(m: FileMemory, address: number, offset: number, at: number): number {
  const k = far(m, address, offset, 8, at);
  W.hi = word32(m.u8, k + 4);
  return word32(m.u8, k);
}
export function loadF32(m: FileMemory, address: number, offset: number, at: number): number {
  return f32FromBits(load32(m, address, offset, at));
}
export function loadF64(m: FileMemory, address: number, offset: number, at: number): number {
  return f64FromBits(load64(m, address, offset, at), W.hi);
}
export function store8(m: FileMemory, address: number, offset: number, at: number, value: number): void {
  m.u8[far(m, address, offset, 1, at)] = value & 255;
}
export function store16(m: FileMemory, address: number, offset: number, at: number, value: number): void {
  const k = far(m, address, offset, 2, at);
  m.u8[k] = value & 255;
  m.u8[k + 1] = (value >> 8) & 255;
}
export function store32(m: FileMemory, address: number, offset: number, at: number, value: number): void {
  setWord32(m.u8, far(m, address, offset, 4, at), value);
}
export function store64(
  m: FileMemory,
  address: number,
  offset: number,
  at: number,
  low: number,
  high: number,
): void {
  const k = far(m, address, offset, 8, at);
  setWord32(m.u8, k, low);
  setWord32(m.u8, k + 4, high);
}
export function storeF32(m: FileMemory, address: number, offset: number, at: number, value: number): void {
  store32(m, address, offset, at, f32Bits(value));
}
export function storeF64(m: FileMemory, address: number, offset: number, at: number, value: number): void {
  const low = f64Bits(value);
  store64(m, address, offset, at, low, W.hi);
}

export function memoryFill(m: FileMemory, to: number, value: number, count: number, at: number): void {
  let k = far(m, to, 0, count >>> 0, at);
  const end = k + (count >>> 0);
  if (m.u8.fill) m.u8.fill(value & 255, k, end);
  else for (; k < end; k++) m.u8[k] = value & 255;
}
export function memoryCopy(
  m: FileMemory,
  source: FileMemory,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  count = count >>> 0;
  const first = far(source, from, 0, count, at);
  to = far(m, to, 0, count, at);
  if (m.u8.copyWithin && m === source) {
    m.u8.copyWithin(to, first, first + count);
    return;
  }
  if (to <= first) for (let k = 0; k < count; k++) m.u8[to + k] = source.u8[first + k];
  else for (let k = count - 1; k >= 0; k--) m.u8[to + k] = source.u8[first + k];
}
/** `data` is a string of bytes. */
export function memoryInit(
  m: FileMemory,
  data: string | null,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  count = count >>> 0;
  from = from >>> 0;
  if (from + count > (data ? data.length : 0)) throw trap('memoryBounds', at);
  to = far(m, to, 0, count, at);
  for (let k = 0; k < count; k++) m.u8[to + k] = data!.charCodeAt(from + k);
}
/** The bytes of base64 text, as a string. */
export function unpack(text: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let bytes = '';
  let word = 0;
  let bits = 0;
  for (let k = 0; k < text.length; k++) {
    const digit = digits.indexOf(text.charAt(k));
    if (digit < 0) break;
    word = ((word << 6) | digit) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += String.fromCharCode((word >> bits) & 255);
  }
  return bytes;
}
