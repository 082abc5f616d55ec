import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, disjoint, expandMemory, lengthOf } from './chunks';
import type { MemoryChunk } from './document';

/** The rule, byte by byte. */
function oracle(bytes: Uint8Array): MemoryChunk[] {
  const chunks: MemoryChunk[] = [];
  let rawStart = -1;
  const closeRaw = (end: number) => {
    if (rawStart >= 0) chunks.push({ kind: 'raw', offset: rawStart, bytes: bytes.subarray(rawStart, end) });
    rawStart = -1;
  };
  for (let at = 0; at < bytes.length; ) {
    let end = at + 1;
    while (end < bytes.length && bytes[end] === bytes[at]) end++;
    if (end - at >= 128 && (bytes[at] === 0 || bytes[at] === 0xff)) {
      closeRaw(at);
      if (bytes[at] === 0xff) chunks.push({ kind: 'ones', offset: at, length: end - at });
    } else if (rawStart < 0) {
      rawStart = at;
    }
    at = end;
  }
  closeRaw(bytes.length);
  return chunks;
}

const run = fc.tuple(
  fc.constantFrom(0, 0xff, 0xff, 0, 7),
  fc.oneof(fc.nat(300), fc.integer({ min: 120, max: 136 })),
);

describe('chunking', () => {
  it('leaves zeros out and fills ones from 128 bytes on', () => {
    const bytes = new Uint8Array(1024);
    bytes.fill(0xff, 127, 254); // 127 ones between runs of zeros of 127 and 770
    bytes[1023] = 1;
    expect(chunksOf(bytes)).toEqual([
      { kind: 'raw', offset: 0, bytes: bytes.subarray(0, 254) },
      { kind: 'raw', offset: 1023, bytes: bytes.subarray(1023) },
    ]);
    bytes.fill(0xff, 254, 255);
    expect(chunksOf(bytes)[1]).toEqual({ kind: 'ones', offset: 127, length: 128 });
    expect(chunksOf(new Uint8Array(65536))).toEqual([]);
    expect(chunksOf(new Uint8Array(0))).toEqual([]);
    expect(chunksOf(new Uint8Array(100))).toHaveLength(1);
  });

  it('agrees with the rule on any mixture of runs at any alignment', () => {
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.nat(5), (runs, skew) => {
        const size = runs.reduce((sum, [, length]) => sum + length, 0);
        const bytes = new Uint8Array(size + skew).subarray(skew);
        let at = 0;
        for (const [byte, length] of runs) {
          bytes.fill(byte, at, at + length);
          if (byte === 7) for (let i = at; i < at + length; i++) bytes[i] = (i * 37) >> 2;
          at += length;
        }
        const chunks = chunksOf(bytes);
        expect(chunks).toEqual(oracle(bytes));
        expect(expandMemory({ sameAs: undefined, pageBits: 0, pages: size, chunks })).toEqual(
          Uint8Array.from(bytes),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('can be made disjoint: the later of two wins', () => {
    const piece = fc.record({
      offset: fc.nat(40),
      length: fc.nat(20),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const chunks = pieces.map(
          ({ offset, length, byte }): MemoryChunk =>
            byte > 128
              ? { kind: 'ones', offset, length }
              : { kind: 'raw', offset, bytes: new Uint8Array(length).fill(byte) },
        );
        const expected = new Uint8Array(64);
        for (const { offset, length, byte } of pieces)
          expected.fill(byte > 128 ? 0xff : byte, offset, offset + length);
        const flat = disjoint(chunks);
        expect(expandMemory({ sameAs: undefined, pageBits: 0, pages: 64, chunks: flat })).toEqual(expected);
        let end = 0;
        for (const chunk of flat) {
          expect(chunk.offset).toBeGreaterThanOrEqual(end);
          end = chunk.offset + lengthOf(chunk);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** Reading the untouched pages of such a memory takes a machine some seconds. */
const HEAVY = process.env['TSWASM_HEAVY'] === '1';
if (!HEAVY)
  process.stderr.write('SKIPPED: a memory above 2 GiB; TSWASM_HEAVY=1, or npm run check:full, runs it\n');

describe.skipIf(!HEAVY)('a memory above 2 GiB', () => {
  it('is cut like any other', () => {
    const bytes = new Uint8Array(2 ** 31 + 2 ** 16);
    bytes[bytes.length - 1] = 7;
    const chunks = chunksOf(bytes);
    expect(chunks).toHaveLength(1);
    expect(chunks[0].offset + lengthOf(chunks[0])).toBe(bytes.length);
    expect(lengthOf(chunks[0])).toBeLessThan(128);
  });
});
