/**
 * A digest that a file carries, ours: to notice that it was damaged. It opens the body of the Host State section, which is the
 * embedder's own, so the file is plain draft bytes to every other reader:
 *
 *     DIGEST_MAGIC (16 bytes), XXH64 of all sections but these eight bytes (two little-endian words), the host state itself
 *
 * It proves nothing of who made the file: whoever changes the file can reckon it anew.
 */
import { type ByteSource, bytesOf } from '../checks';
import { Reader } from '../decoder/reader';
import { SnapshotError } from '../errors';
import { reject } from './checks';
import type { U64 } from './document';
import { FLAG_POSTMORTEM, SECTION } from './format';
import { guarded, openSection, sectionsStart } from './sections';
import { u64, u64Equal } from './u64';
import { Writer } from './writer';
import { Xxh64 } from './xxh64';

/** `\0tswasm digest`, and the version. */
const DIGEST_MAGIC = [
  0x00, 0x74, 0x73, 0x77, 0x61, 0x73, 0x6d, 0x20, 0x64, 0x69, 0x67, 0x65, 0x73, 0x74, 0x00, 0x01,
];
const PREFIX = DIGEST_MAGIC.length + 8;
/** Bytes that must be the magic's for a body to be one that was damaged. No other format opens so by chance. */
const ALIKE = 10;

/** How a section's body begins: with the magic, with one that was damaged, or otherwise. */
function likeness(bytes: Uint8Array, start: number, end: number): 'same' | 'damaged' | 'other' {
  const same = DIGEST_MAGIC.filter((byte, k) => start + k < end && bytes[start + k] === byte).length;
  if (same === DIGEST_MAGIC.length) return 'same';
  return same >= ALIKE ? 'damaged' : 'other';
}

function damaged(at: number): never {
  return reject('the file is damaged: it is not what its digest was made of', at);
}

/** The host state in a section's body, without the digest. Throws unless that is the digest of the file. */
export function hostStateOf(body: Reader, check: boolean): Uint8Array {
  const { bytes, pos: start, end } = body;
  body.skip(end - start);
  const like = likeness(bytes, start, end);
  if (like === 'other') return bytes.subarray(start, end);
  if (check) {
    if (like === 'damaged' || end - start < PREFIX) damaged(start);
    const reader = new Reader(bytes, start + DIGEST_MAGIC.length, end);
    const told = u64(reader.word(), reader.word());
    if (!u64Equal(told, digestOf(bytes, reader.pos - 8))) damaged(start);
  }
  return bytes.subarray(Math.min(start + PREFIX, end), end);
}

/** A section of an id that nobody knows is passed over, unless it is the one with the digest under a damaged id. */
export function refuseDamagedId(body: Reader): void {
  if (likeness(body.bytes, body.pos, body.end) !== 'other') damaged(body.pos);
}

/** Of all sections, with the eight bytes at `hole` left out. */
function digestOf(bytes: Uint8Array, hole: number): U64 {
  const hash = new Xxh64();
  hash.update(bytes.subarray(sectionsStart(bytes), hole));
  hash.update(bytes.subarray(hole + 8));
  return hash.digest();
}

interface Place {
  /** Where the Host State section is, or would be. */
  readonly start: number;
  readonly end: number;
  readonly body: Reader | undefined;
  readonly postmortem: boolean;
}

function placeOf(bytes: Uint8Array): Place {
  const reader = new Reader(bytes, sectionsStart(bytes));
  const meta = openSection(reader);
  if (meta.id !== SECTION.meta) reject(`section ${meta.id} before Meta`, meta.body.pos);
  const postmortem = (meta.body.u32() & FLAG_POSTMORTEM) !== 0;
  let start = -1;
  while (reader.pos < reader.end) {
    const at = reader.pos;
    const { id, body } = openSection(reader);
    if (id === SECTION.hostState) return { start: at, end: reader.pos, body, postmortem };
    if (id > SECTION.hostState && start < 0) start = at;
  }
  if (start < 0) start = bytes.length;
  return { start, end: start, body: undefined, postmortem };
}

/** Whether a digest guards the bytes against damage. */
export function hasDigest(source: ByteSource): boolean {
  const snapshot = bytesOf('the snapshot', source);
  return guarded(() => {
    const { body } = placeOf(snapshot);
    return body !== undefined && likeness(snapshot, body.pos, body.end) === 'same';
  });
}

/** The same snapshot with a digest, which every `decode` checks. A postmortem cannot have one: it has no host state. */
export function withDigest(source: ByteSource): Uint8Array {
  const snapshot = bytesOf('the snapshot', source);
  return guarded(() => {
    const { start, end, body, postmortem } = placeOf(snapshot);
    if (postmortem) throw new SnapshotError('a postmortem has no room for a digest', 'unsupported');
    const state = body === undefined ? new Uint8Array(0) : hostStateOf(body, true);
    const out = new Writer();
    out.bytes(snapshot.subarray(0, start));
    out.u8(SECTION.hostState);
    out.u32(PREFIX + state.length);
    for (const byte of DIGEST_MAGIC) out.u8(byte);
    const hole = out.length;
    out.word(0);
    out.word(0);
    out.bytes(state);
    out.bytes(snapshot.subarray(end));
    const bytes = out.finish();
    const { lo, hi } = digestOf(bytes, hole);
    for (let k = 0; k < 4; k++) {
      bytes[hole + k] = lo >>> (8 * k);
      bytes[hole + 4 + k] = hi >>> (8 * k);
    }
    return bytes;
  });
}
