/** Bytes being written. Long runs of bytes are kept as references until the end, so a memory's contents are copied once. */
import type { U64 } from './document';

const KEEP_BY_REFERENCE = 1024;

export class Writer {
  /** Finished pieces, in order. */
  private readonly parts: Uint8Array[] = [];
  private partsLength = 0;
  private open: Uint8Array;
  private used = 0;

  constructor(capacity = 256) {
    this.open = new Uint8Array(capacity);
  }

  get length(): number {
    return this.partsLength + this.used;
  }

  u8(value: number): void {
    this.reserve(1);
    this.open[this.used++] = value;
  }

  /** LEB128, shortest form. Valid for 0 .. 2^32 - 1. */
  u32(value: number): void {
    this.reserve(5);
    while (value > 0x7f) {
      this.open[this.used++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.open[this.used++] = value;
  }

  /** LEB128 of an unsigned number in two words of either sign. */
  u64(lo: number, hi: number): void {
    this.reserve(10);
    while (hi !== 0 || lo >>> 0 > 0x7f) {
      this.open[this.used++] = (lo & 0x7f) | 0x80;
      lo = (lo >>> 7) | (hi << 25);
      hi >>>= 7;
    }
    this.open[this.used++] = lo;
  }

  u64Of(value: U64): void {
    this.u64(value.lo, value.hi);
  }

  /** Signed LEB128 of int32 words, shortest form. */
  s64(lo: number, hi: number): void {
    this.reserve(10);
    lo |= 0;
    hi |= 0;
    // One group is enough when everything above bit 6 repeats the sign.
    while (hi !== lo >> 31 || lo < -64 || lo > 63) {
      this.open[this.used++] = (lo & 0x7f) | 0x80;
      lo = (lo >>> 7) | (hi << 25);
      hi >>= 7;
    }
    this.open[this.used++] = lo & 0x7f;
  }

  /** Four bytes, little endian. */
  word(value: number): void {
    this.reserve(4);
    for (let shift = 0; shift < 32; shift += 8) this.open[this.used++] = value >>> shift;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length >= KEEP_BY_REFERENCE) {
      this.close();
      this.push(bytes);
      return;
    }
    this.reserve(bytes.length);
    this.open.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Appends all that another writer holds. */
  append(other: Writer): void {
    for (const part of other.parts) this.bytes(part);
    this.bytes(other.open.subarray(0, other.used));
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    out.set(this.open.subarray(0, this.used), at);
    return out;
  }

  private reserve(count: number): void {
    if (this.used + count <= this.open.length) return;
    const grown = new Uint8Array(Math.max(this.open.length * 2, this.used + count));
    grown.set(this.open.subarray(0, this.used));
    this.open = grown;
  }

  private close(): void {
    if (this.used === 0) return;
    this.push(this.open.subarray(0, this.used));
    this.open = new Uint8Array(this.open.length);
    this.used = 0;
  }

  private push(part: Uint8Array): void {
    this.parts.push(part);
    this.partsLength += part.length;
  }
}
