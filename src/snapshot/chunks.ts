/**
 * Memory contents -> chunks, as the reference implementation cuts them: maximal runs of 128 or more bytes 0x00 are left out, those of
 * 0xFF become one fill chunk, and what lies between two such runs is one raw chunk. So equal memories give equal bytes.
 *
 * The scan looks at one word in every sixteen: a run of 128 bytes covers a whole aligned block of 64, so its first word too.
 */
import type { MemoryChunk } from './document';

/** The reference implementation's build-time default. */
export const RUN_THRESHOLD = 128;
const BLOCK_WORDS = 16;

/** Raw chunks are views of `bytes`: encode or copy them before the memory changes. */
export function chunksOf(bytes: Uint8Array): MemoryChunk[] {
  const chunks: MemoryChunk[] = [];
  let rawStart = 0;
  forEachRun(bytes, (start, end, ones) => {
    if (start > rawStart) chunks.push(raw(bytes, rawStart, start));
    if (ones) chunks.push({ kind: 'ones', offset: start, length: end - start });
    rawStart = end;
  });
  if (rawStart < bytes.length) chunks.push(raw(bytes, rawStart, bytes.length));
  return chunks;
}

function raw(bytes: Uint8Array, start: number, end: number): MemoryChunk {
  return { kind: 'raw', offset: start, bytes: bytes.subarray(start, end) };
}

/** Visits the maximal runs of at least RUN_THRESHOLD bytes that are all 0x00 or all 0xFF, ascending. */
function forEachRun(bytes: Uint8Array, visit: (start: number, end: number, ones: boolean) => void): void {
  if (bytes.length < RUN_THRESHOLD) return;
  // Word 0 of the view is byte `skew` of `bytes`.
  const skew = -bytes.byteOffset & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + skew, (bytes.length - skew) >> 2);
  let done = 0;
  for (let block = 0; block < words.length; block += BLOCK_WORDS) {
    const word = words[block];
    if (word !== 0 && word !== -1) continue;
    const byte = word & 0xff;
    const end = runEnd(bytes, words, skew, block, word);
    let start = skew + block * 4;
    while (start > done && bytes[start - 1] === byte) start--;
    // The blocks that lie wholly inside the run say nothing new.
    block = Math.max(block, Math.floor((end - skew) / 4 / BLOCK_WORDS) * BLOCK_WORDS - BLOCK_WORDS);
    if (end - start < RUN_THRESHOLD) continue;
    visit(start, end, word === -1);
    done = end;
  }
}

/** Just past the bytes equal to `word` from `words[from]` on. */
function runEnd(bytes: Uint8Array, words: Int32Array, skew: number, from: number, word: number): number {
  let at = from + 1;
  const last = words.length - 3;
  while (at < last && words[at] === word && words[at + 1] === word && words[at + 2] === word) at += 3;
  while (at < words.length && words[at] === word) at++;
  let end = skew + at * 4;
  const byte = word & 0xff;
  while (end < bytes.length && bytes[end] === byte) end++;
  return end;
}
