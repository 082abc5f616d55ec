/**
 * Files of what is kept of a module (kept-module.ts): words that tell where things lie, JSON, the bytes of parts behind each other, and the module.
 * A sum tells damage of all but the module, which is compared.
 */
import type { KnownCode } from '../../src/compiler/native';
import type { KnownBodies } from '../../src/decoder/known-bodies';

/** What is kept of a module. */
export interface Contents {
  /** Undefined where only code is kept. */
  readonly bodies?: KnownBodies | undefined;
  readonly known: KnownCode;
  /** Whether functions run elsewhere than natively that may be compiled, too. */
  readonly hasOthers: boolean;
}

/** Words before the contents: MAGIC, the sum of what lies between these and the module, and where the bytes and the module begin. */
const HEAD = 4;
const MAGIC = 0x6b_77_73_74;
const WORD = 4;
const aligned = (length: number): number => Math.ceil(length / WORD) * WORD;

/** Told of damage, not of malice. */
function checksum(words: Int32Array): number {
  let sum = 1;
  for (let k = 0; k < words.length; k++) sum = Math.imul(sum ^ words[k], 0x01000193) ^ (sum >>> 13);
  return sum | 0;
}

/** Parts with bytes, in one order. */
function partsOf({ programs }: KnownCode): { bytes: unknown }[] {
  return programs.flatMap(({ main, groups, continuations }) => [main, ...groups, ...continuations]);
}

/** Bytes to be kept. The module is in them, so that it can be compared. */
export function fileOf(contents: Contents, module: Uint8Array): Uint8Array {
  const blobs = partsOf(contents.known).map(({ bytes }) => bytes as Uint8Array);
  const text = JSON.stringify(contents, (_, value) => (value instanceof Uint8Array ? value.length : value));
  const json = new TextEncoder().encode(text);
  const begin = HEAD * WORD + json.length;
  const moduleAt = aligned(blobs.reduce((at, blob) => at + blob.length, begin));
  const all = new Uint8Array(aligned(moduleAt + module.length));
  all.set(json, HEAD * WORD);
  let at = begin;
  for (const blob of blobs) {
    all.set(blob, at);
    at += blob.length;
  }
  all.set(module, moduleAt);
  const words = new Int32Array(all.buffer);
  words.set([MAGIC, checksum(words.subarray(HEAD, moduleAt / WORD)), begin, moduleAt]);
  return all.subarray(0, moduleAt + module.length);
}

/** Undefined where it is not whole, or about another module. */
export function contentsOf(file: Uint8Array, module: Uint8Array): Contents | undefined {
  const { buffer, byteOffset, length } = file;
  if (byteOffset % WORD !== 0 || length < HEAD * WORD) return undefined;
  const [magic, sum, begin, moduleAt] = new Int32Array(buffer, byteOffset, HEAD);
  if (magic !== MAGIC || begin < HEAD * WORD || moduleAt < begin || moduleAt % WORD !== 0) return undefined;
  if (moduleAt + module.length !== length) return undefined;
  if (Buffer.compare(file.subarray(moduleAt), module) !== 0) return undefined;
  if (checksum(new Int32Array(buffer, byteOffset + HEAD * WORD, moduleAt / WORD - HEAD)) !== sum)
    return undefined;
  const text = Buffer.from(buffer, byteOffset, begin).toString('utf8', HEAD * WORD);
  const contents = JSON.parse(text) as Contents;
  let at = byteOffset + begin;
  for (const part of partsOf(contents.known)) {
    const size = part.bytes as number;
    part.bytes = new Uint8Array(buffer, at, size);
    at += size;
  }
  return contents;
}
