/**
 * Files of what is kept of a module (kept-module.ts): words that tell where things lie, JSON, the bytes of parts behind each other, and the module.
 * A sum tells damage of all but the module, which is compared.
 */
import type { KnownCode } from '../../src/compiler/native';
import type { KnownBodies } from '../../src/decoder/known-bodies';

/** What is kept of a module. */
export interface Contents {
  readonly bodies: KnownBodies;
  readonly known: KnownCode;
  /** Whether functions run elsewhere than natively that may be compiled, too. */
  readonly hasOthers: boolean;
}

/** Words before the contents: MAGIC, the sum of what lies between these and the module, and where the bytes and the module begin. */
const HEAD = 4;
const MAGIC = 0x6b_77_73_74;
const WORD = 4;
const aligned = (length: number): number => Math.ceil(length / WORD) * WORD;

/** Told of damage, not of malice. `sum`: of what stands before. */
function checksum(words: Int32Array, before = 1): number {
  let sum = before;
  for (let k = 0; k < words.length; k++) sum = Math.imul(sum ^ words[k], 0x01000193) ^ (sum >>> 13);
  return sum | 0;
}

/** Parts with bytes, in one order. */
function partsOf({ programs }: KnownCode): { bytes: unknown }[] {
  return programs.flatMap(({ main, groups, continuations }) => [main, ...groups, ...continuations]);
}

/** What is to be written before the module, which is in the file, too, so that it can be compared. */
export function headOf(contents: Contents): Uint8Array {
  const blobs = partsOf(contents.known).map(({ bytes }) => bytes as Uint8Array);
  const text = JSON.stringify(contents, (_, value) => (value instanceof Uint8Array ? value.length : value));
  const json = new TextEncoder().encode(text);
  const begin = HEAD * WORD + json.length;
  const moduleAt = aligned(blobs.reduce((at, blob) => at + blob.length, begin));
  const all = new Uint8Array(moduleAt);
  all.set(json, HEAD * WORD);
  let at = begin;
  for (const blob of blobs) {
    all.set(blob, at);
    at += blob.length;
  }
  const words = new Int32Array(all.buffer);
  words.set([MAGIC, checksum(words.subarray(HEAD)), begin, moduleAt]);
  return all;
}

/** A file that is there. */
export interface Source {
  readonly length: number;
  /** Fills it with what stands there. */
  read(into: Uint8Array, at: number): void;
}

/** Bytes that are read at once: those of the module to where the last ones were, since memory that is touched for the first time takes longest. */
const PIECE = 2 ** 17;

/** In parts, each bounded but for JSON. Undefined where it is not whole, or about another module. */
export function* contentsOf(
  file: Source,
  module: Uint8Array,
): Generator<undefined, Contents | undefined, undefined> {
  if (file.length < HEAD * WORD) return undefined;
  const words = new Int32Array(HEAD);
  file.read(new Uint8Array(words.buffer), 0);
  const [magic, sum, begin, moduleAt] = words;
  if (magic !== MAGIC || begin < HEAD * WORD || moduleAt < begin || moduleAt % WORD !== 0) return undefined;
  if (moduleAt + module.length !== file.length) return undefined;
  const piece = new Uint8Array(Math.min(PIECE, module.length));
  for (let at = 0; at < module.length; at += PIECE) {
    const expected = module.subarray(at, at + PIECE);
    const found = piece.subarray(0, expected.length);
    file.read(found, moduleAt + at);
    if (Buffer.compare(found, expected) !== 0) return undefined;
    yield;
  }
  const { buffer } = new Uint8Array(moduleAt);
  let found: number | undefined;
  for (let at = HEAD * WORD; at < moduleAt; at += PIECE) {
    const size = Math.min(PIECE, moduleAt - at);
    file.read(new Uint8Array(buffer, at, size), at);
    found = checksum(new Int32Array(buffer, at, size / WORD), found);
    yield;
  }
  if (found !== sum) return undefined;
  const text = Buffer.from(buffer, 0, begin).toString('utf8', HEAD * WORD);
  const contents = JSON.parse(text) as Contents;
  let at = begin;
  for (const part of partsOf(contents.known)) {
    const size = part.bytes as number;
    part.bytes = new Uint8Array(buffer, at, size);
    at += size;
  }
  return contents;
}
