/** Reading debug sections: little-endian numbers, LEB128 of any width, strings that end in a zero. */
import { decodeUtf8 } from '../decoder';

/** The section ends too early, or says what cannot be. Callers keep what they have read until then. */
export class BadDebugInfo extends Error {}

export class Bytes {
  pos: number;

  /** What lies from `pos` to `end`. */
  constructor(
    readonly bytes: Uint8Array,
    pos = 0,
    readonly end = bytes.length,
  ) {
    if (!(pos <= end && end <= bytes.length)) throw new BadDebugInfo('it ends too early');
    this.pos = pos;
  }

  get left(): number {
    return this.end - this.pos;
  }

  /** Passes so many bytes; gives where they begin. */
  skip(count: number): number {
    if (!(count <= this.left)) throw new BadDebugInfo('it ends too early');
    const start = this.pos;
    this.pos += count;
    return start;
  }

  /** A number of `size` bytes. Above 2^53 it is not exact. */
  uint(size: number): number {
    const start = this.skip(size);
    let value = 0;
    for (let k = size - 1; k >= 0; k--) value = value * 256 + this.bytes[start + k];
    return value;
  }

  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.uint(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.uint(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
    }
  }

  string(): string {
    const { bytes, pos, end } = this;
    const zero = bytes.indexOf(0, pos);
    if (zero < 0 || zero >= end) throw new BadDebugInfo('a string does not end');
    this.pos = zero + 1;
    return decodeUtf8(bytes.subarray(pos, zero)) ?? '?';
  }
}
