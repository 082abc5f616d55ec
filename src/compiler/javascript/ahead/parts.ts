// biome-ignore-all lint/complexity/useMathMinMax: what small engines do not have, or have wrong
// biome-ignore-all lint/style/useTemplate: what small engines do not have, or have wrong
// biome-ignore-all lint/complexity/useOptionalChain: what small engines do not have, or have wrong
/**
 * Functions that emitted files call, beside those of src/runtime/numerics.ts. scripts/parts.ts makes the texts of both in ECMAScript 5
 * (parts.generated.ts), and a file holds those that it needs. So what is here uses no classes and nothing that small engines lack, or asks
 * for it first. `at` is the byte offset of an instruction in the module.
 */

/** The high word of an i64 result. */
export const W = { hi: 0 };
/** Whom a function has called by a tail call, with the arguments on the stack. */
export const A: { t: Cell | null } = { t: null };
/** How deep the frame is that has called the host. */
export const Z = { depth: 0 };

/** A function of WebAssembly: what is called with arguments, and with those on the stack; its type; and what hosts call. */
export interface Cell {
  readonly f: ((...args: never[]) => unknown) | null;
  readonly g: ((fp: number, sp: number) => unknown) | null;
  readonly t: string;
  h: HostCallable | null;
}
type HostCallable = ((...args: never[]) => unknown) & { cell?: Cell };

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
export interface FileTable {
  elements: (Cell | null)[];
  readonly type: string;
  max: number;
}

// Traps

/** Texts of traps, in files that have room for them. */
declare const messages: Readonly<Record<string, string>>;
export function trap(code: string, at: number): Error {
  const error = new Error(messages[code] || code) as Error & { code: string; offset: number };
  error.code = code;
  error.offset = at;
  return error;
}
export function raise(code: string, at: number): never {
  throw trap(code, at);
}
export function outOfBounds(at: number): never {
  throw trap('memoryBounds', at);
}
export function full(): never {
  throw trap('callStackExhausted', -1);
}

// Memories

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
declare function f32FromBits(bits: number): number;
declare function f64FromBits(low: number, high: number): number;
declare function f32Bits(value: number): number;
declare function f64Bits(value: number): number;

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
  data: string,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  count = count >>> 0;
  from = from >>> 0;
  if (from + count > data.length) throw trap('memoryBounds', at);
  to = far(m, to, 0, count, at);
  for (let k = 0; k < count; k++) m.u8[to + k] = data.charCodeAt(from + k);
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

// Tables and references

export function tableOf(count: number, max: number, type: string, value: Cell | null): FileTable {
  const elements: (Cell | null)[] = [];
  for (let k = 0; k < count; k++) elements.push(value);
  return { elements, max, type };
}
export function element(table: FileTable, index: number, type: string, at: number): Cell {
  if (index >= table.elements.length) throw trap('undefinedElement', at);
  const cell = table.elements[index];
  if (!cell) throw trap('uninitializedElement', at);
  if (cell.t !== type) throw trap('indirectCallType', at);
  return cell;
}
export function referred(cell: Cell | null, at: number): Cell {
  if (cell === null) throw trap('nullFunctionReference', at);
  return cell;
}
export function follow(fp: number, sp: number): unknown {
  const cell = A.t!;
  A.t = null;
  return cell.g!(fp, sp);
}
export function tableRange(table: FileTable, index: number, count: number, at: number): number {
  index = index >>> 0;
  if (index + (count >>> 0) > table.elements.length) throw trap('tableBounds', at);
  return index;
}
export function tableGet(table: FileTable, index: number, at: number): Cell | null {
  return table.elements[tableRange(table, index, 1, at)];
}
export function tableSet(table: FileTable, index: number, value: Cell | null, at: number): void {
  table.elements[tableRange(table, index, 1, at)] = value;
}
export function tableGrow(table: FileTable, value: Cell | null, by: number): number {
  const old = table.elements.length;
  by = by >>> 0;
  if (by > (table.max < 0 ? 10000000 : table.max) - old) return -1;
  for (let k = 0; k < by; k++) table.elements.push(value);
  return old;
}
export function tableFill(table: FileTable, to: number, value: Cell | null, count: number, at: number): void {
  to = tableRange(table, to, count, at);
  for (let k = 0; k < count >>> 0; k++) table.elements[to + k] = value;
}
export function tableCopy(
  table: FileTable,
  source: FileTable,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  from = tableRange(source, from, count, at);
  to = tableRange(table, to, count, at);
  count = count >>> 0;
  if (to <= from) for (let k = 0; k < count; k++) table.elements[to + k] = source.elements[from + k];
  else for (let k = count - 1; k >= 0; k--) table.elements[to + k] = source.elements[from + k];
}
export function tableInit(
  table: FileTable,
  segment: (Cell | null)[],
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  from = from >>> 0;
  if (from + (count >>> 0) > segment.length) throw trap('tableBounds', at);
  to = tableRange(table, to, count, at);
  for (let k = 0; k < count >>> 0; k++) table.elements[to + k] = segment[from + k];
}
export function nonNull(reference: unknown, at: number): unknown {
  if (reference === null) throw trap('nullReference', at);
  return reference;
}

// The border to the host

type Imports = Record<string, Record<string, unknown>>;
function unlinkable(module: string, name: string, why: string): Error {
  const error = new Error('import ' + module + '.' + name + ' ' + why) as Error & { code: string };
  error.code = 'link';
  return error;
}
export function imported(imports: Imports, module: string, name: string): unknown {
  const from = imports && imports[module];
  const found = from ? from[name] : undefined;
  if (found === undefined) throw unlinkable(module, name, 'is missing');
  return found;
}
/** A function of the host, or one of a module that is of the type. */
export function importedFunc(imports: Imports, module: string, name: string, type: string): HostCallable {
  const found = imported(imports, module, name) as HostCallable;
  if (typeof found !== 'function') throw unlinkable(module, name, 'is no function');
  if (found.cell && found.cell.t !== type) throw unlinkable(module, name, 'is of another type');
  return found;
}
function fits(size: number, max: number, least: number, most: number): boolean {
  return size >= least && (most < 0 || (max >= 0 && max <= most));
}
export function importedMemory(
  imports: Imports,
  module: string,
  name: string,
  least: number,
  most: number,
  bits: number,
): FileMemory {
  const found = imported(imports, module, name) as FileMemory;
  if (!found || !found.watchers) throw unlinkable(module, name, 'is no memory');
  if (found.bits !== bits || !fits(found.pages, found.max, least, most)) {
    throw unlinkable(module, name, 'is of another size');
  }
  return found;
}
export function importedTable(
  imports: Imports,
  module: string,
  name: string,
  least: number,
  most: number,
  type: string,
): FileTable {
  const found = imported(imports, module, name) as FileTable;
  if (!found || !found.elements) throw unlinkable(module, name, 'is no table');
  if (found.type !== type || !fits(found.elements.length, found.max, least, most)) {
    throw unlinkable(module, name, 'is of another size');
  }
  return found;
}
/** An i64 of a host without BigInt: a number, or its two words. */
export function fromPair(value: number | readonly number[]): number {
  if (typeof value === 'number') {
    W.hi = Math.floor(value / 4294967296) | 0;
    return (value - Math.floor(value / 4294967296) * 4294967296) | 0;
  }
  W.hi = value[1] | 0;
  return value[0] | 0;
}
export function toPair(low: number, high: number): number[] {
  return [low, high];
}
export function fromBig(value: bigint): number {
  const bits = BigInt.asIntN(64, value);
  W.hi = Number(bits >> BigInt(32));
  return Number(BigInt.asIntN(32, bits));
}
export function toBig(low: number, high: number): bigint {
  return BigInt(high) * BigInt(4294967296) + BigInt(low >>> 0);
}
/** A function reference that the host gives. */
export function fromHost(value: HostCallable | null): Cell | null {
  if (value === null || value === undefined) return null;
  if (!value.cell) throw new Error('a function reference is a function of a module, or null');
  return value.cell;
}
export function toHost(cell: Cell | null): HostCallable | null {
  return cell === null ? null : cell.h;
}
/** Gives a cell what hosts call. */
export function callable(cell: Cell, call: HostCallable): HostCallable {
  call.cell = cell;
  cell.h = call;
  return call;
}
/** The host's stack has ended before the count did. */
export function overflow(error: unknown): unknown {
  const { name, message } = error as Error;
  const full = name === 'RangeError' || (name === 'InternalError' && /stack|recursion/.test(message));
  return full && !(error as { code?: string }).code ? trap('callStackExhausted', -1) : error;
}

/** By letter: i, I, f, F; or the name of a reference type. Words are at 0 and 1. */
export interface FileGlobal {
  0: number;
  1: number;
  ref: Cell | null;
  readonly type: string;
  readonly mutable: boolean;
  get(): unknown;
  set(value: unknown): void;
}
declare function toI64(low: number, high: number): unknown;
declare function fromI64(value: unknown): number;
export function globalOf(
  type: string,
  mutable: boolean,
  low: number,
  high: number,
  ref: Cell | null,
): FileGlobal {
  const global: FileGlobal = {
    0: low,
    1: high,
    ref,
    type,
    mutable,
    get: () => globalGet(global),
    set: (value) => {
      if (!mutable) throw new Error('the global is constant');
      globalSet(global, value);
    },
  };
  return global;
}
function globalGet(global: FileGlobal): unknown {
  if (global.type === 'i') return global[0];
  if (global.type === 'I') return toI64(global[0], global[1]);
  if (global.type === 'f') return f32FromBits(global[0]);
  if (global.type === 'F') return f64FromBits(global[0], global[1]);
  return global.ref && global.ref.t ? global.ref.h : global.ref;
}
function globalSet(global: FileGlobal, value: unknown): void {
  W.hi = 0;
  if (global.type === 'i') global[0] = (value as number) | 0;
  else if (global.type === 'I') global[0] = fromI64(value);
  else if (global.type === 'f') global[0] = f32Bits(value as number);
  else if (global.type === 'F') global[0] = f64Bits(value as number);
  else global.ref = ((value && (value as HostCallable).cell) || value) as Cell | null;
  global[1] = W.hi;
}
/** A number or a global of a file. */
export function importedGlobal(
  imports: Record<string, Record<string, unknown>>,
  module: string,
  name: string,
  type: string,
  mutable: boolean,
): FileGlobal {
  const found = imported(imports, module, name) as FileGlobal;
  if (found && found.type) {
    if (found.type === type && found.mutable === mutable) return found;
  } else if (!mutable) {
    const global = globalOf(type, mutable, 0, 0, null);
    globalSet(global, found);
    return global;
  }
  throw unlinkable(module, name, 'is of another type');
}

// What small engines lack

export function own_imul(a: number, b: number): number {
  return ((a & 65535) * b + ((((a >>> 16) * (b & 65535)) << 16) | 0)) | 0;
}
export function own_clz32(x: number): number {
  if (x === 0) return 32;
  let n = 0;
  while (x > 0) {
    x = x << 1;
    n++;
  }
  return n;
}
const single = new Float32Array(1);
export function own_fround(x: number): number {
  single[0] = x;
  return single[0];
}
export function own_trunc(x: number): number {
  return x < 0 ? Math.ceil(x) : Math.floor(x);
}
export function own_min(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === 0 && b === 0) return 1 / a < 0 ? a : b;
  return a < b ? a : b;
}
export function own_max(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === 0 && b === 0) return 1 / a < 0 ? b : a;
  return a > b ? a : b;
}
/** The square root of an engine that is an unit off in the last place. */
export function own_sqrt(x: number): number {
  const root = Math.sqrt(x);
  return 1 / root > 0 ? (root + x / root) / 2 : root;
}
/** `Object.is(x, -0)` of what numerics.ts asks. */
export function is(x: number, _zero: number): boolean {
  return x === 0 && 1 / x < 0;
}
