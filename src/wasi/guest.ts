/** The guest's side of a call: arguments by index, and its memory with every access checked. */
import { decodeUtf8 } from '../decoder/utf8';
import { RuntimeError, trap } from '../errors';
import type { Memory } from '../runtime';
import type { Errno } from './abi';
import * as ERRNO from './errno';
import type { U64 } from './words';

/** The part of the interpreter's HostCall that WASI uses. */
export interface GuestCall {
  readonly instance: { readonly exports: ReadonlyMap<string, unknown> } | undefined;
  i32(k: number): number;
  u32(k: number): number;
  lo(k: number): number;
  hi(k: number): number;
  setI32(k: number, value: number): void;
}

/** As many buffers, and as many bytes, as one call moves at most (Linux has the same two limits). The rest is a short count. */
const MAX_BUFFERS = 1024;
const MAX_BYTES = 0x7ffff000;
/** PATH_MAX. */
const MAX_PATH = 4096;

/** Argument `k` (an i64) as a number: exact below 2^53. */
export function u64Arg(c: GuestCall, k: number): number {
  return (c.hi(k) >>> 0) * 0x1_0000_0000 + (c.lo(k) >>> 0);
}
/** Argument `k` (an i64) as a signed number: exact between -2^53 and 2^53. */
export function s64Arg(c: GuestCall, k: number): number {
  return (c.hi(k) | 0) * 0x1_0000_0000 + (c.lo(k) >>> 0);
}
export function wordsArg(c: GuestCall, k: number): U64 {
  return { lo: c.lo(k) >>> 0, hi: c.hi(k) >>> 0 };
}

/**
 * The memory that a guest exports, little endian. A pointer that leads out of it is a trap, as the witx documentation asks and
 * wasmtime does; pointers need not be aligned.
 */
export class GuestMemory {
  /** `touch` is told of each range that a call may write (it does not tell reading from writing), for delta snapshots. */
  constructor(
    readonly bytes: Uint8Array,
    private readonly touch?: (ptr: number, length: number) => void,
  ) {}

  /** Traps unless [ptr, ptr + length) lies in the memory. */
  check(ptr: number, length: number): void {
    if (ptr + length > this.bytes.length) throw outOfBounds();
    this.touch?.(ptr, length);
  }

  getU8(ptr: number): number {
    this.check(ptr, 1);
    return this.bytes[ptr];
  }
  getU16(ptr: number): number {
    this.check(ptr, 2);
    return this.bytes[ptr] | (this.bytes[ptr + 1] << 8);
  }
  getU32(ptr: number): number {
    this.check(ptr, 4);
    return this.u32At(ptr);
  }
  /** Of a range that was checked. */
  private u32At(ptr: number): number {
    const b = this.bytes;
    return (b[ptr] | (b[ptr + 1] << 8) | (b[ptr + 2] << 16) | (b[ptr + 3] << 24)) >>> 0;
  }
  getU64(ptr: number): U64 {
    return { lo: this.getU32(ptr), hi: this.getU32(ptr + 4) };
  }

  setU8(ptr: number, value: number): void {
    this.check(ptr, 1);
    this.bytes[ptr] = value;
  }
  setU16(ptr: number, value: number): void {
    this.check(ptr, 2);
    this.bytes[ptr] = value;
    this.bytes[ptr + 1] = value >>> 8;
  }
  setU32(ptr: number, value: number): void {
    this.check(ptr, 4);
    const b = this.bytes;
    b[ptr] = value;
    b[ptr + 1] = value >>> 8;
    b[ptr + 2] = value >>> 16;
    b[ptr + 3] = value >>> 24;
  }
  setU64(ptr: number, value: U64): void {
    this.setU32(ptr, value.lo);
    this.setU32(ptr + 4, value.hi);
  }
  /** A number from 0 to 2^53. */
  setNumber(ptr: number, value: number): void {
    this.setU32(ptr, (value % 0x1_0000_0000) | 0);
    this.setU32(ptr + 4, Math.floor(value / 0x1_0000_0000));
  }
  fill(ptr: number, length: number): void {
    this.check(ptr, length);
    this.bytes.fill(0, ptr, ptr + length);
  }

  /** A view of [ptr, ptr + length). */
  view(ptr: number, length: number): Uint8Array {
    this.check(ptr, length);
    return this.bytes.subarray(ptr, ptr + length);
  }
  set(ptr: number, bytes: Uint8Array): void {
    this.check(ptr, bytes.length);
    this.bytes.set(bytes, ptr);
  }

  /** A path: well-formed UTF-8 without NUL and not too long, or an errno. */
  path(ptr: number, length: number): string | Errno {
    this.check(ptr, length);
    if (length > MAX_PATH) return ERRNO.NAMETOOLONG;
    const text = decodeUtf8(this.bytes, ptr, ptr + length);
    if (text === undefined) return ERRNO.ILSEQ;
    return text.includes('\0') ? ERRNO.INVAL : text;
  }

  /** The non-empty buffers of an iovec array. All of them are checked, also those beyond the limits. */
  buffers(ptr: number, count: number): Uint8Array[] {
    this.check(ptr, count * 8);
    const buffers: Uint8Array[] = [];
    let room = MAX_BYTES;
    for (let at = ptr; at < ptr + count * 8; at += 8) {
      const start = this.u32At(at);
      const length = this.u32At(at + 4);
      this.check(start, length);
      if (length === 0 || room === 0 || buffers.length === MAX_BUFFERS) continue;
      const taken = Math.min(length, room);
      buffers.push(this.bytes.subarray(start, start + taken));
      room -= taken;
    }
    return buffers;
  }
}

/** The memory of the calling instance. A view: not to be kept over a wait. */
export function memoryOf(c: GuestCall): GuestMemory {
  const memory = c.instance?.exports.get('memory') as Partial<Memory> | undefined;
  if (!(memory?.bytes instanceof Uint8Array)) {
    throw new RuntimeError('a WASI call needs a memory that the module exports as "memory"');
  }
  return new GuestMemory(memory.bytes, memory.marker);
}

function outOfBounds(): RuntimeError {
  return trap('memoryBounds');
}
