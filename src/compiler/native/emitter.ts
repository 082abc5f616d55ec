/** Writes the binary format (spec chapter "binary"): bytes that grow, LEB128, instructions, types as the host's engine sees them. */
import { F32, F64, I32, isRef, OP, type OpName, PREFIX_BASE, V128, type ValType } from '../../decoder';

/** What a reference of any type is in an emitted module: the runtime's own object, which JavaScript and both tiers share. */
export const EXTERN_CODE = 0x6f;
export const EMPTY_BLOCK = 0x40;

/** The first byte and the rest of an instruction's opcode, from its dense id. */
const PREFIXES = Object.entries(PREFIX_BASE)
  .map(([byte, base]) => ({ byte: Number(byte), base }))
  .sort((a, b) => b.base - a.base);
/** Dense ids below it are opcodes of one byte. */
const FIRST_PREFIXED = PREFIXES[PREFIXES.length - 1].base;

/** The binary code that a value type has in an emitted module. */
export function emittedType(type: ValType): number {
  return isRef(type) ? EXTERN_CODE : type;
}

/** Emitters begin in pieces of a few large arrays: the host's engine takes some microseconds to make an array of a kilobyte. */
const MOST_IN_COMMON = 2 ** 15;
let common = new Uint8Array(0);
let taken = 0;
function pieceOf(size: number): Uint8Array {
  if (size > MOST_IN_COMMON / 4) return new Uint8Array(size);
  if (taken + size > common.length) {
    common = new Uint8Array(MOST_IN_COMMON);
    taken = 0;
  }
  taken += size;
  return common.subarray(taken - size, taken);
}

export class Emitter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = pieceOf(capacity);
  }

  /** Sees that there is room for so many bytes more. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    for (; rest >= 0x80; rest >>>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.bytes[this.length++] = rest;
  }

  s32(value: number): void {
    this.reserve(5);
    let rest = value | 0;
    for (; rest < -0x40 || rest >= 0x40; rest >>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.bytes[this.length++] = rest & 0x7f;
  }

  /** An instruction whose immediate, of so many bytes, is filled in later. */
  padded(name: OpName, count: number): void {
    this.u8(OP[name]);
    for (let k = 0; k < count; k++) this.u8(0);
  }

  /** Writes an unsigned number over so many bytes that are there already, as LEB128 with padding; also fit to be a positive signed one. */
  fillIn(at: number, count: number, value: number): void {
    let rest = value;
    for (let k = 0; k < count; k++, rest = Math.floor(rest / 128)) {
      this.bytes[at + k] = (rest % 128) + (k < count - 1 ? 128 : 0);
    }
  }

  /** The bytes `[start, end)` of others. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    // Most are a few instructions long: a view costs more than they do.
    if (end - start > 64) this.bytes.set(from.subarray(start, end), this.length);
    else for (let k = start; k < end; k++) this.bytes[this.length + k - start] = from[k];
    this.length += end - start;
  }

  append({ bytes, length }: Emitter): void {
    this.copy(bytes, 0, length);
  }

  /** What a section, a body or any other vector of bytes is: its size, then it. */
  sized(contents: Emitter): void {
    this.u32(contents.length);
    this.append(contents);
  }

  name(text: string): void {
    this.u32(text.length);
    for (let k = 0; k < text.length; k++) this.u8(text.charCodeAt(k));
  }

  types(types: readonly ValType[]): void {
    this.u32(types.length);
    for (const type of types) this.u8(emittedType(type));
  }

  // Instructions.

  op(name: OpName): void {
    const id = OP[name];
    if (id < FIRST_PREFIXED) {
      this.u8(id);
      return;
    }
    const { byte, base } = PREFIXES.find((prefix) => id >= prefix.base)!;
    this.u8(byte);
    this.u32(id - base);
  }

  /** An instruction whose immediate is an index: of a local, a global, a function, a label. */
  indexed(name: OpName, index: number): void {
    this.reserve(6);
    this.bytes[this.length++] = OP[name];
    if (index < 0x80) this.bytes[this.length++] = index;
    else this.u32(index);
  }

  /** Signed 33 bits of a type index. */
  s33(value: number): void {
    for (; value >= 0x40; value = Math.floor(value / 128)) this.u8((value % 128) + 0x80);
    this.u8(value);
  }

  /** An i64.const of hi * 2^32 + lo; both are positive and small. */
  i64Const(hi: number, lo: number): void {
    this.u8(OP['i64.const']);
    this.s33(hi * 4294967296 + lo);
  }

  i32Const(value: number): void {
    this.u8(OP['i32.const']);
    this.s32(value);
  }

  /** Zero, or the null reference. */
  defaultOf(type: ValType): void {
    if (isRef(type)) {
      this.op('ref.null');
      this.u8(EXTERN_CODE);
    } else if (type === V128) {
      this.u8(0xfd);
      this.u8(0x0c);
      for (let k = 0; k < 16; k++) this.u8(0);
    } else {
      this.u8(OP['i32.const'] + (I32 - type));
      // An integer's zero is one byte of LEB128, a float's its bits.
      for (let k = type === F64 ? 8 : type === F32 ? 4 : 1; k > 0; k--) this.u8(0);
    }
  }
}

/** A code entry: locals of these types, then what `write` writes, then `end`. */
export function entryOf(locals: readonly ValType[], write: (out: Emitter) => void): Emitter {
  const out = new Emitter();
  out.u32(locals.length);
  for (const type of locals) {
    out.u32(1);
    out.u8(emittedType(type));
  }
  write(out);
  out.op('end');
  return out;
}
