/**
 * Messages on a pipe or a serial line. Each is a frame of little-endian words:
 *
 * | bytes | what |
 * |---|---|
 * | u32 | length of the payload |
 * | u32 | the same with all bits turned, so that a wrong length is noticed before its bytes are waited for |
 * | u32 | checksum of the payload |
 * | payload | u32 length of the head; the head as JSON in ASCII; bytes |
 *
 * What is wrong in a message is never skipped: who reads messages has a line that loses nothing. A serial line does, and what is behind it is cut
 * into short frames of this kind, which are repeated until they have come (link.ts).
 */
import { FleetError } from '../protocol/errors';

export type Head = Readonly<Record<string, unknown>>;
export interface Message {
  readonly head: Head;
  readonly bytes: Uint8Array;
}

/** Bytes before the payload. */
export const PREFIX = 12;
/** Bytes of a payload: a snapshot of as much memory as an engine without a compiler can be expected to hold. */
const MAX_PAYLOAD = 2 ** 30;
/** Bytes of a head: a specification, or a call with its arguments. */
const MAX_HEAD = 2 ** 22;

/**
 * Four bytes at a time: an engine without a compiler takes a CRC of 64 MiB for seconds. Each step is a bijection of what came before, so one
 * wrong word is always noticed.
 */
export function checksum(bytes: Uint8Array): number {
  const words = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const whole = new Uint32Array(words.buffer, words.byteOffset, bytes.length >>> 2);
  let sum = bytes.length;
  for (let k = 0; k < whole.length; k++) sum = Math.imul(sum ^ whole[k], 0x01000193) ^ (sum >>> 15);
  for (let k = whole.length * 4; k < bytes.length; k++) sum = Math.imul(sum ^ bytes[k], 0x01000193);
  return sum >>> 0;
}

/** QuickJS has no TextEncoder: what is beyond ASCII is escaped. */
function ascii(head: Head): Uint8Array {
  const text = JSON.stringify(head).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const SPAN = 4096;
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let k = 0; k < bytes.length; k += SPAN) text += String.fromCharCode(...bytes.subarray(k, k + SPAN));
  return text;
}

export function encodeFrame({ head, bytes }: Message): Uint8Array {
  const json = ascii(head);
  const length = 4 + json.length + bytes.length;
  if (length > MAX_PAYLOAD) throw new FleetError('too-large', `${length} bytes are too many for a message`);
  const frame = new Uint8Array(PREFIX + length);
  const view = new DataView(frame.buffer);
  view.setUint32(PREFIX, json.length, true);
  frame.set(json, PREFIX + 4);
  frame.set(bytes, PREFIX + 4 + json.length);
  return sealed(frame);
}

/** Writes what stands before a payload. */
export function sealed(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const length = frame.length - PREFIX;
  view.setUint32(0, length, true);
  view.setUint32(4, ~length, true);
  view.setUint32(8, checksum(frame.subarray(PREFIX)), true);
  return frame;
}

/** What stands there before a payload; nothing when that cannot be a prefix. */
export function prefixIn(bytes: Uint8Array, at = 0): { length: number; sum: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const length = view.getUint32(0, true);
  return view.getUint32(4, true) === ~length >>> 0 ? { length, sum: view.getUint32(8, true) } : undefined;
}

function broken(what: string): never {
  throw new FleetError('unavailable', `the line is broken: ${what}`);
}

function decodePayload(payload: Uint8Array): Message {
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  if (length > MAX_HEAD || length > payload.length - 4) broken('a head is longer than its message');
  let head: unknown;
  try {
    head = JSON.parse(textOf(payload.subarray(4, 4 + length)));
  } catch {
    broken('a head is not JSON');
  }
  if (typeof head !== 'object' || head === null) broken('a head is not an object');
  return { head: head as Head, bytes: payload.subarray(4 + length) };
}

/** Messages of bytes that come in pieces of any length. */
export class FrameReader {
  private readonly prefix = new Uint8Array(PREFIX);
  private payload: Uint8Array | undefined;
  /** Bytes that are there of the prefix, or of the payload. */
  private filled = 0;

  /** The messages that are complete with these bytes. */
  read(bytes: Uint8Array): Message[] {
    const messages: Message[] = [];
    for (let at = 0; at < bytes.length; ) {
      const target: Uint8Array = this.payload ?? this.prefix;
      const part = bytes.subarray(at, at + target.length - this.filled);
      target.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled < target.length) continue;
      this.filled = 0;
      if (this.payload === undefined) this.payload = new Uint8Array(this.length());
      else messages.push(this.message(this.payload));
    }
    return messages;
  }

  private length(): number {
    const { length } = prefixIn(this.prefix) ?? broken('a length is not what it says');
    if (length < 4 || length > MAX_PAYLOAD) broken(`a message of ${length} bytes`);
    return length;
  }
  private message(payload: Uint8Array): Message {
    this.payload = undefined;
    if (checksum(payload) !== prefixIn(this.prefix)?.sum) broken('the checksum of a message is wrong');
    return decodePayload(payload);
  }
}
