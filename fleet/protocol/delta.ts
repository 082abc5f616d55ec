/**
 * What has changed between two files that somebody was given: their pieces end where the bytes say so (a rolling hash), so a piece is the same
 * wherever it stands. Who gives them remembers the pieces' marks, not the file.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `\0tsd`, version 1 as four bytes, little endian |
 * | 32 | SHA-256 of the file that the receiver has |
 * | 32 | SHA-256 of the file that it stands for |
 * | ... | parts, as long as there are bytes: u32 where in the old file to copy from, u32 how much; u32 how many new bytes come then, and they |
 */
import { hex, sha256 } from '../security/digest';
import { FleetError } from './errors';

const MAGIC = Uint8Array.from([0x00, 0x74, 0x73, 0x64, 1, 0, 0, 0]);
const DIGEST = 32;
const PREFIX = MAGIC.length + 2 * DIGEST;
const PART = 12;

/** Bytes of a piece: at least, at most; in the mean 4 KiB more than at least. */
const LEAST = 2048;
const MOST = 65_536;
const MASK = 4095 << 20;
/** Bytes after which others may run. */
const TURN = 1 << 20;

/** A number for each byte, of which the rolling hash is made. */
const GEAR = Uint32Array.from({ length: 256 }, (_, byte) => {
  let word = Math.imul(byte + 1, 0x9e3779b1);
  word = Math.imul(word ^ (word >>> 15), 0x85ebca6b);
  return word ^ (word >>> 13);
});

/** The pieces of a file: of each where it ends, and a number of 53 bits that stands for its bytes. */
export interface Marks {
  readonly ends: Uint32Array;
  readonly keys: Float64Array;
}

/** `rest` is waited for now and then. */
export async function marksOf(bytes: Uint8Array, rest: () => Promise<void>): Promise<Marks> {
  const ends: number[] = [];
  const keys: number[] = [];
  let due = TURN;
  for (let at = 0; at < bytes.length; ) {
    const end = endOfPiece(bytes, at);
    ends.push(end);
    keys.push(keyOf(bytes, at, end));
    at = end;
    if (at < due) continue;
    due = at + TURN;
    await rest();
  }
  return { ends: Uint32Array.from(ends), keys: Float64Array.from(keys) };
}

function endOfPiece(bytes: Uint8Array, at: number): number {
  const most = Math.min(bytes.length, at + MOST);
  // The hash forgets a byte after 32 more.
  let hash = 0;
  for (let k = Math.min(most, at + LEAST - 32); k < most; k++) {
    hash = ((hash << 1) + GEAR[bytes[k]]) | 0;
    if ((hash & MASK) === 0 && k >= at + LEAST) return k + 1;
  }
  return most;
}

function keyOf(bytes: Uint8Array, from: number, to: number): number {
  let a = to - from;
  let b = 0x811c9dc5;
  for (let k = from; k < to; k++) {
    a = Math.imul(a ^ bytes[k], 0x01000193);
    b = Math.imul(b + bytes[k], 0x85ebca6b) ^ (b >>> 15);
  }
  return (a >>> 0) + (b & 0x1fffff) * 2 ** 32;
}

/** How the file of these marks becomes the other one. `Undefined` where that would be no shorter than the file. */
export function deltaOf(
  before: { readonly digest: Uint8Array; readonly marks: Marks },
  after: { readonly digest: Uint8Array; readonly marks: Marks; readonly bytes: Uint8Array },
): Uint8Array | undefined {
  const places = new Map<number, number>();
  for (const [k, key] of before.marks.keys.entries()) places.set(key, k);
  const old = before.marks.ends;
  const { ends, keys } = after.marks;
  const parts: Part[] = [];
  let last: Part = { from: 0, copied: 0, added: [0, 0] };
  for (const [k, end] of ends.entries()) {
    const at = k === 0 ? 0 : ends[k - 1];
    const place = places.get(keys[k]);
    const from = place === undefined || place === 0 ? 0 : old[place - 1];
    const isThere = place !== undefined && old[place] - from === end - at;
    if (!isThere) last.added = [last.added[0] === last.added[1] ? at : last.added[0], end];
    else if (last.added[0] === last.added[1] && (last.copied === 0 || last.from + last.copied === from))
      last = { ...last, from: last.copied === 0 ? from : last.from, copied: last.copied + end - at };
    else {
      parts.push(last);
      last = { from, copied: end - at, added: [0, 0] };
    }
  }
  parts.push(last);
  return written(parts, before.digest, after.digest, after.bytes);
}

/** Copied from the old file, then added from this range of the new one. */
interface Part {
  from: number;
  copied: number;
  added: readonly [from: number, to: number];
}

function written(
  parts: readonly Part[],
  before: Uint8Array,
  after: Uint8Array,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const size = parts.reduce((sum, { added: [from, to] }) => sum + PART + to - from, PREFIX);
  if (size >= bytes.length) return undefined;
  const delta = new Uint8Array(size);
  const view = new DataView(delta.buffer);
  delta.set(MAGIC);
  delta.set(before, MAGIC.length);
  delta.set(after, MAGIC.length + DIGEST);
  let at = PREFIX;
  for (const {
    from,
    copied,
    added: [start, end],
  } of parts) {
    view.setUint32(at, from, true);
    view.setUint32(at + 4, copied, true);
    view.setUint32(at + 8, end - start, true);
    delta.set(bytes.subarray(start, end), at + PART);
    at += PART + end - start;
  }
  return delta;
}

/** The file that a delta on this one stands for, of at most so many bytes. Throws `bad-request` or `too-large`. */
export async function applyDelta(base: Uint8Array, delta: Uint8Array, max: number): Promise<Uint8Array> {
  if (delta.length < PREFIX || !MAGIC.every((byte, k) => delta[k] === byte))
    throw new FleetError('bad-request', 'not a delta of version 1');
  const digest = (from: number) => hex(delta.subarray(from, from + DIGEST));
  if (hex(await sha256(base)) !== digest(MAGIC.length))
    throw new FleetError('bad-request', 'the delta is on another file');
  const bytes = pieced(base, delta, max);
  if (hex(await sha256(bytes)) !== digest(MAGIC.length + DIGEST))
    throw new FleetError('bad-request', 'the delta does not give the file that it says');
  return bytes;
}

function pieced(base: Uint8Array, delta: Uint8Array, max: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const view = new DataView(delta.buffer, delta.byteOffset, delta.length);
  for (let at = PREFIX; at < delta.length; ) {
    if (delta.length - at < PART) throw new FleetError('bad-request', `the delta ends in a part, at ${at}`);
    const [from, copied, added] = [0, 4, 8].map((k) => view.getUint32(at + k, true));
    const end = at + PART + added;
    if (from + copied > base.length || end > delta.length)
      throw new FleetError('bad-request', `a part of the delta is longer than there are bytes, at ${at}`);
    size += copied + added;
    if (size > max) throw new FleetError('too-large', `the delta gives more than ${max} bytes`);
    pieces.push(base.subarray(from, from + copied), delta.subarray(at + PART, end));
    at = end;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
