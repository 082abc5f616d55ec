/**
 * Memory contents -> chunks, as the reference implementation cuts them: maximal runs of 128 or more bytes 0x00 are left out, those of
 * 0xFF become one fill chunk, and what lies between two such runs is one raw chunk. So equal memories give equal bytes.
 *
 * The scan looks at one word in every sixteen: a run of 128 bytes covers a whole aligned block of 64, so its first word too.
 */
import { type MemoryChunk, memoryBytes, type StoredMemory } from './document';

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
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + skew, (bytes.length - skew) >>> 2);
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

/**
 * The same contents in ascending chunks that do not overlap: where chunks overlap, the later one wins. Linear for what producers write;
 * n log n for anything else, so that a file of many wide fills costs no more to apply than the memory is large.
 */
export function disjoint(chunks: readonly MemoryChunk[]): readonly MemoryChunk[] {
  let end = 0;
  for (const chunk of chunks) {
    if (chunk.offset < end) return sweep(chunks);
    end = chunk.offset + lengthOf(chunk);
  }
  return chunks;
}

export function lengthOf(chunk: MemoryChunk): number {
  return chunk.kind === 'raw' ? chunk.bytes.length : chunk.length;
}

function slice(chunk: MemoryChunk, start: number, end: number): MemoryChunk {
  if (chunk.kind === 'ones') return { kind: 'ones', offset: start, length: end - start };
  return {
    kind: 'raw',
    offset: start,
    bytes: chunk.bytes.subarray(start - chunk.offset, end - chunk.offset),
  };
}

/** Goes over all starts and ends in order; of the chunks that cover a stretch, the last of the list shows. */
function sweep(chunks: readonly MemoryChunk[]): MemoryChunk[] {
  const ends = chunks.map((chunk) => chunk.offset + lengthOf(chunk));
  const byStart = chunks.map((_, i) => i).sort((a, b) => chunks[a].offset - chunks[b].offset);
  const bounds = [...new Set([...chunks.map(({ offset }) => offset), ...ends])].sort((a, b) => a - b);
  const out: MemoryChunk[] = [];
  const covering = new MaxHeap();
  let next = 0;
  for (let b = 0; b + 1 < bounds.length; b++) {
    for (; next < byStart.length && chunks[byStart[next]].offset <= bounds[b]; next++)
      covering.push(byStart[next]);
    while (covering.size > 0 && ends[covering.top] <= bounds[b]) covering.pop();
    if (covering.size > 0) out.push(slice(chunks[covering.top], bounds[b], bounds[b + 1]));
  }
  return out;
}

class MaxHeap {
  private readonly items: number[] = [];
  get size(): number {
    return this.items.length;
  }
  get top(): number {
    return this.items[0];
  }
  push(value: number): void {
    const { items } = this;
    let at = items.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = items[(at - 1) >> 1];
      if (parent >= value) break;
      items[at] = parent;
    }
    items[at] = value;
  }
  pop(): void {
    const { items } = this;
    const value = items.pop()!;
    const count = items.length;
    if (count === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && items[child + 1] > items[child]) child++;
      if (items[child] <= value) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = value;
  }
}

/** Writes the chunks over bytes that are zero. */
export function applyChunks(chunks: readonly MemoryChunk[], bytes: Uint8Array): void {
  for (const chunk of disjoint(chunks)) {
    if (chunk.kind === 'raw') bytes.set(chunk.bytes, chunk.offset);
    else bytes.fill(0xff, chunk.offset, chunk.offset + chunk.length);
  }
}

/** The contents, expanded. The caller has checked that it can afford `memoryBytes(memory)`. */
export function expandMemory(memory: StoredMemory): Uint8Array {
  const bytes = new Uint8Array(memoryBytes(memory));
  applyChunks(memory.chunks, bytes);
  return bytes;
}
