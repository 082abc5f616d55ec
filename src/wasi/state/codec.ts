/** Writing and reading the bytes of a saved state. All numbers are little endian; a reader never trusts a length. */
import { decodeUtf8, encodeUtf8 } from '../../decoder/utf8';
import { printable, SnapshotError } from '../../errors';
import { fromNumber, toNumber, type U64 } from '../words';

/** A saved state that cannot be used: malformed, or it does not fit this host or its limits. Nothing has been changed. */
export class StateError extends SnapshotError {
  /** Byte offset in the state, or -1. */
  override readonly offset: number;
  constructor(message: string, offset = -1, kind: 'malformed' | 'mismatch' | 'limit' = 'mismatch') {
    super(printable(offset < 0 ? message : `${message} (at offset ${offset} of the WASI state)`), kind);
    this.offset = offset;
  }
}

/** A state that brings more than the host's limits allow. */
export function beyondLimit(what: string): StateError {
  return new StateError(`${what} than the limit allows`, -1, 'limit');
}
Object.defineProperty(StateError.prototype, 'name', {
  value: 'StateError',
  configurable: true,
  writable: true,
});

export class Writer {
  private bytes = new Uint8Array(256);
  private length = 0;

  private room(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, at));
      this.bytes = grown;
    }
    return at;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }
  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }
  u32(value: number): void {
    const at = this.room(4);
    for (let i = 0; i < 4; i++) this.bytes[at + i] = value >>> (8 * i);
  }
  u64(value: U64): void {
    this.u32(value.lo);
    this.u32(value.hi);
  }
  /** A whole number from 0 to 2^53 - 1, as 64 bits. */
  number(value: number): void {
    this.u64(fromNumber(value));
  }
  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }
  /** A length and the bytes. */
  blob(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }
  text(value: string): void {
    this.blob(encodeUtf8(value));
  }
  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.u32(items.length);
    for (const item of items) write(item);
  }
  optional<T>(item: T | undefined, write: (item: T) => void): void {
    this.flag(item !== undefined);
    if (item !== undefined) write(item);
  }
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public pos = 0,
    private readonly end = bytes.length,
  ) {}

  fail(message: string, at = this.pos): StateError {
    return new StateError(message, at, 'malformed');
  }

  get atEnd(): boolean {
    return this.pos === this.end;
  }

  private take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) throw this.fail('unexpected end');
    this.pos = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)];
  }
  /** A number below `limit`. */
  below(limit: number, what: string): number {
    const at = this.pos;
    const value = this.u8();
    if (value >= limit) throw this.fail(`unknown ${what} ${value}`, at);
    return value;
  }
  flag(): boolean {
    return this.below(2, 'flag') === 1;
  }
  u32(): number {
    const at = this.take(4);
    const b = this.bytes;
    return (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;
  }
  u64(): U64 {
    return { lo: this.u32(), hi: this.u32() };
  }
  number(): number {
    const at = this.pos;
    const value = toNumber(this.u64());
    if (value > Number.MAX_SAFE_INTEGER) throw this.fail('number out of range', at);
    return value;
  }
  /** A copy: `slice` of Node's buffers makes none. */
  raw(count: number): Uint8Array {
    const at = this.take(count);
    return new Uint8Array(this.bytes.subarray(at, at + count));
  }
  blob(): Uint8Array {
    return this.raw(this.u32());
  }
  text(): string {
    const length = this.u32();
    const at = this.take(length);
    const text = decodeUtf8(this.bytes, at, at + length);
    if (text === undefined) throw this.fail('malformed UTF-8', at);
    return text;
  }
  /** `read` takes at least one byte an item, so a count that the rest cannot hold is refused before anything is allocated. */
  list<T>(read: () => T): T[] {
    const at = this.pos;
    const count = this.u32();
    if (count > this.end - this.pos) throw this.fail('length out of bounds', at);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read());
    return items;
  }
  optional<T>(read: () => T): T | undefined {
    return this.flag() ? read() : undefined;
  }
  /** A reader of the next `length` bytes, which are skipped here. */
  part(length: number): Reader {
    const at = this.take(length);
    return new Reader(this.bytes, at, at + length);
  }
}
