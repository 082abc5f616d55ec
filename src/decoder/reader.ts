/**
 * A position in bytes and the binary format's values (spec chapter "binary/values"): integers in LEB128, floats, names, counts.
 * Everything throws `malformed` with the offset. The texts are the conformance suite's.
 */
import { malformed } from '../errors';
import { decodeUtf8 } from './utf8';

export const UNEXPECTED_END = 'unexpected end of section or function';
const TOO_LONG = 'integer representation too long';
const TOO_LARGE = 'integer too large';

export class Reader {
  readonly bytes: Uint8Array;
  pos: number;
  /** Reading at or past this offset is an unexpected end. */
  end: number;
  /** Words (int32) of the last s64, u64 or f64. */
  lo = 0;
  hi = 0;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  u8(): number {
    if (this.pos >= this.end) throw malformed(UNEXPECTED_END, this.end);
    return this.bytes[this.pos++];
  }

  /** A type's code: seven bits of a signed LEB128, so one byte. */
  typeCode(): number {
    const code = this.u8();
    if (code >= 0x80) throw malformed(TOO_LONG, this.pos);
    return code;
  }

  u32(): number {
    const pos = this.pos;
    if (pos < this.end) {
      const byte = this.bytes[pos];
      if (byte < 0x80) {
        this.pos = pos + 1;
        return byte;
      }
    }
    return this.u32Long();
  }

  private u32Long(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if ((last & 0x70) !== 0) throw malformed(TOO_LARGE, this.pos - 1);
    if (last >= 0x80) throw malformed(TOO_LONG, this.pos);
    return (value | (last << 28)) >>> 0;
  }

  /** Signed 32 bits. */
  s32(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value << (25 - shift)) >> (25 - shift);
    }
    const last = this.u8();
    const sign = last & 0x78;
    if (sign !== 0 && sign !== 0x78) throw malformed(TOO_LARGE, this.pos - 1);
    if (last >= 0x80) throw malformed(TOO_LONG, this.pos);
    return value | (last << 28);
  }

  /** Signed 33 bits: a block type, or a heap type with a type index. */
  s33(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value << (25 - shift)) >> (25 - shift);
    }
    const last = this.u8();
    const sign = last & 0x70;
    if (sign !== 0 && sign !== 0x70) throw malformed(TOO_LARGE, this.pos - 1);
    if (last >= 0x80) throw malformed(TOO_LONG, this.pos);
    return ((value | (last << 28)) >>> 0) - (sign === 0 ? 0 : 0x100000000);
  }

  /** Signed 64 bits into `lo` and `hi`. */
  s64(): void {
    const shift = this.words();
    if (shift === 70) {
      const last = this.bytes[this.pos - 1];
      if ((last & 0x7f) !== 0 && (last & 0x7f) !== 0x7f) throw malformed(TOO_LARGE, this.pos - 1);
      if (last >= 0x80) throw malformed(TOO_LONG, this.pos);
    } else if ((this.bytes[this.pos - 1] & 0x40) !== 0) {
      if (shift < 32) {
        this.lo |= -1 << shift;
        this.hi = -1;
      } else {
        this.hi |= -1 << (shift - 32);
      }
    }
  }

  /** Unsigned 64 bits into `lo` and `hi`. */
  u64(): void {
    if (this.words() < 70) return;
    const last = this.bytes[this.pos - 1];
    if ((last & 0x7e) !== 0) throw malformed(TOO_LARGE, this.pos - 1);
    if (last >= 0x80) throw malformed(TOO_LONG, this.pos);
  }

  /** Unsigned 64 bits as a double: exact up to 2^53, rounded beyond. */
  u64AsNumber(): number {
    this.u64();
    // V8 keeps a sum of doubles as a double, and so what it is stored in, even when it is a small integer.
    return this.hi === 0 ? this.lo >>> 0 : (this.hi >>> 0) * 0x100000000 + (this.lo >>> 0);
  }

  /** Reads at most ten groups of seven bits; returns the number of bits read. */
  private words(): number {
    let lo = 0;
    let hi = 0;
    let shift = 0;
    for (;;) {
      const byte = this.u8();
      const group = byte & 0x7f;
      if (shift < 28) {
        lo |= group << shift;
      } else if (shift === 28) {
        lo |= group << 28;
        hi = group >> 4;
      } else {
        hi |= group << (shift - 32);
      }
      shift += 7;
      if (byte < 0x80 || shift === 70) break;
    }
    this.lo = lo;
    this.hi = hi;
    return shift;
  }

  /** Four bytes, little endian, as int32: the bits of an f32. */
  word(): number {
    const { bytes, pos } = this;
    this.skip(4);
    return bytes[pos] | (bytes[pos + 1] << 8) | (bytes[pos + 2] << 16) | (bytes[pos + 3] << 24);
  }

  /** The bits of an f64 into `lo` and `hi`. */
  f64(): void {
    this.lo = this.word();
    this.hi = this.word();
  }

  skip(count: number): void {
    if (count > this.end - this.pos) throw malformed(UNEXPECTED_END, this.end);
    this.pos += count;
  }

  /** A byte length or an element count. More of them than bytes remain cannot be: no declared count makes anything large. */
  count(): number {
    const start = this.pos;
    const count = this.u32();
    if (count > this.end - start) throw malformed('length out of bounds', start);
    return count;
  }

  name(): string {
    const length = this.count();
    const start = this.pos;
    this.skip(length);
    const text = decodeUtf8(this.bytes, start, this.pos);
    if (text === undefined) throw malformed('malformed UTF-8 encoding', start);
    return text;
  }
}
