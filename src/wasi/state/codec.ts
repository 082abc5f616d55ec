/** Writing and reading the bytes of a saved state. All numbers are little endian; no length that is read is trusted. */
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

/**
 * A saved state that is read, or one that is written, when there are no bytes yet. So one description serves both: it says each value in turn,
 * is given what to write, or undefined, and gives what stands there. Items of lists are given likewise.
 */
export class Archive {
  private readonly writes: boolean;
  private readonly end: number;
  private bytes: Uint8Array;

  constructor(
    bytes?: Uint8Array,
    public pos = 0,
    end = bytes?.length,
  ) {
    this.writes = end === undefined;
    this.end = end ?? Number.POSITIVE_INFINITY;
    this.bytes = bytes ?? new Uint8Array(256);
  }

  fail(message: string, at = this.pos): StateError {
    return new StateError(message, at, 'malformed');
  }

  /** For what reads alone: who writes something wants it so. */
  refuse(message: string, at?: number): void {
    if (!this.writes) throw this.fail(message, at);
  }

  get atEnd(): boolean {
    return this.pos === this.end;
  }

  private take(count: number): number {
    const at = this.pos;
    const { bytes } = this;
    if (count > this.end - at) throw this.fail('unexpected end');
    this.pos = at + count;
    if (this.writes && this.pos > bytes.length) {
      this.bytes = new Uint8Array(Math.max(this.pos, bytes.length * 2));
      this.bytes.set(bytes);
    }
    return at;
  }

  u8(value?: number): number {
    const at = this.take(1);
    if (value !== undefined) this.bytes[at] = value;
    return this.bytes[at];
  }
  /** A number below `limit`. */
  below(limit: number, what: string, given?: number): number {
    const at = this.pos;
    const value = this.u8(given);
    if (value >= limit) this.refuse(`unknown ${what} ${value}`, at);
    return value;
  }
  /** One of these, as its place among them. */
  choice<T>(all: readonly T[], what: string, value?: T): T {
    return all[this.below(all.length, what, value === undefined ? undefined : all.indexOf(value))];
  }
  flag(value?: boolean): boolean {
    return this.choice([false, true], 'flag', value);
  }
  u32(value?: number): number {
    const at = this.take(4);
    const b = this.bytes;
    if (value !== undefined) for (let i = 0; i < 4; i++) b[at + i] = value >>> (8 * i);
    return (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;
  }
  u64(value?: U64): U64 {
    return { lo: this.u32(value?.lo), hi: this.u32(value?.hi) };
  }
  /** A whole number from 0 to 2^53 - 1, as 64 bits. */
  number(given?: number): number {
    const at = this.pos;
    const value = toNumber(this.u64(given === undefined ? given : fromNumber(given)));
    if (value > Number.MAX_SAFE_INTEGER) this.refuse('number out of range', at);
    return value;
  }
  /** What is read is a copy: `slice` of Node's buffers makes none. */
  raw(count: number, value?: Uint8Array): Uint8Array {
    const at = this.take(count);
    if (value === undefined) return new Uint8Array(this.bytes.subarray(at, at + count));
    this.bytes.set(value, at);
    return value;
  }
  /** A length and the bytes. */
  blob(value?: Uint8Array): Uint8Array {
    return this.raw(this.u32(value?.length), value);
  }
  text(value?: string): string {
    if (value !== undefined) {
      this.blob(encodeUtf8(value));
      return value;
    }
    const length = this.u32();
    const at = this.take(length);
    const text = decodeUtf8(this.bytes, at, at + length);
    if (text === undefined) throw this.fail('malformed UTF-8', at);
    return text;
  }
  /** An item takes at least one byte, so a count that the rest cannot hold is refused before anything is allocated. */
  list<T>(describe: (item?: T) => T, given?: readonly T[]): T[] {
    const at = this.pos;
    const count = this.u32(given?.length);
    if (count > this.end - this.pos) throw this.fail('length out of bounds', at);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(describe(given?.[i]));
    return items;
  }
  optional<T>(describe: (item?: T) => T, given?: T): T | undefined {
    return this.flag(this.writes ? given !== undefined : undefined) ? describe(given) : undefined;
  }
  /** The next `length` bytes, which are skipped here. */
  part(length: number): Archive {
    const at = this.take(length);
    return new Archive(this.bytes, at, at + length);
  }
  finish(): Uint8Array {
    return this.bytes.slice(0, this.pos);
  }
}
