import { expect, it, describe as suite } from 'vitest';
import { Module } from '../decoder';
import { wat } from '../testing';
import { chunksOf } from './chunks';
import { describe } from './describe';
import { diff, differingRanges } from './diff';
import {
  type Activation,
  EMPTY_DOCUMENT,
  type MemoryChunk,
  nullRef,
  type SnapshotDocument,
  type TypedValue,
} from './document';
import { randomDocument } from './testing';
import { timeText, valueText } from './text';
import { s64Decimal, u64, u64Decimal, u64FromHex, u64FromNumber, u64Hex } from './u64';

const parsed = wat(`(module
    (import "env" "log" (func (param i32)))
    (func $spin (param i32) (local f64) (i64.const 9) (loop $l (br_if $l (local.get 0))) drop)
    (func (export "run") (call $spin (i32.const 3))))`);
const module = Module.decode(parsed);

const i32 = (lo: number): TypedValue => ({ type: 'i32', lo, hi: 0 });
const outer: Activation = { func: 2, site: 'call', offset: 3, targetLoop: -1, values: [], targetCont: -1 };
const inner: Activation = {
  func: 1,
  site: 'loop',
  offset: 9,
  targetLoop: 5,
  values: [i32(-3), { type: 'f64', lo: 1, hi: 0x7ff80000 }, { type: 'i64', lo: 0, hi: -0x80000000 }],
  targetCont: -1,
};
const document: SnapshotDocument = {
  ...EMPTY_DOCUMENT,
  timestampMs: u64FromNumber(1709210096789),
  wasmHash: u64(0xdeadbeef, 1),
  continuations: [
    {
      state: 'suspended',
      typeIndex: -1,
      entryFunc: 2,
      resumeThrow: -1,
      boundCount: 0,
      boundArgs: [],
      activations: [outer, inner],
    },
  ],
  memories: [
    {
      sameAs: undefined,
      pageBits: 16,
      pages: 2,
      chunks: [{ kind: 'raw', offset: 10, bytes: Uint8Array.of(1, 2, 3) }],
    },
    { sameAs: 0 },
  ],
  tables: [{ sameAs: undefined, type: 'funcref', elements: Int32Array.of(1, 0, -1, -1) }],
  globals: [i32(7), { type: 'externref', lo: 5, hi: 0 }],
  segments: { dataDropped: Uint8Array.of(1, 0), elemDropped: new Uint8Array(0) },
  hostState: new Uint8Array(12),
};

suite('describe', () => {
  it('says where the guest stopped, and what there is', () => {
    expect(describe(document, { module, values: true })).toEqual([
      'resumable; module 00000001deadbeef',
      'taken 2024-02-29T12:34:56.789Z',
      'needs 131072 bytes of memory, 2 table elements, 0 continuation stacks',
      'root: invoked 2 (run), 2 frames',
      '  #0 1 (spin) at loop +0x9 (0x3a), back to the loop at +0x5 (0x36)',
      '       local 0: i32 -3',
      '       local 1: f64 nan (0x7ff8000000000001)',
      '       operand 0: i64 -9223372036854775808',
      '  #1 2 (run) at call +0x3 (0x43)',
      'memory 0: 2 pages, 128 KiB; 1 chunk: 3 bytes stored, 0 bytes of 0xff',
      'memory 1: memory 0',
      'table 0: 2 elements of funcref, 1 null',
      'global 0: i32 7',
      'global 1: externref extern 5',
      '2 data segments, 1 dropped',
      'host state: 12 bytes',
    ]);
  });

  it('does without the module', () => {
    const lines = describe({ ...document, pendingCall: { func: 0, args: [i32(1), nullRef('funcref')] } });
    expect(lines).toContain('  #0 1 at loop +0x9, back to the loop at +0x5');
    expect(lines).toContain('waits for the host function 0 (1, null)');
    expect(lines).toContain('2 globals');
  });

  it('describes anything', () => {
    for (let seed = 0; seed < 200; seed++)
      expect(describe(randomDocument(seed), { values: true }).length).toBeGreaterThan(1);
  });
});

suite('diff', () => {
  it('has nothing to say of equal states, however they are chunked', () => {
    const memory = (chunks: MemoryChunk[]) => ({
      ...document,
      memories: [{ sameAs: undefined, pageBits: 0, pages: 300, chunks }],
    });
    const bytes = new Uint8Array(300).fill(0xff, 20, 220);
    bytes[250] = 9;
    const overlapping: MemoryChunk[] = [
      { kind: 'ones', offset: 10, length: 230 },
      { kind: 'raw', offset: 0, bytes: bytes.subarray(0, 100) },
      { kind: 'raw', offset: 200, bytes: bytes.subarray(200) },
    ];
    expect(diff(memory(overlapping), memory(chunksOf(bytes)))).toEqual([]);
    for (let seed = 0; seed < 100; seed++)
      expect(diff(randomDocument(seed), randomDocument(seed))).toEqual([]);
  });

  it('names what differs', () => {
    const [root] = document.continuations;
    const other: SnapshotDocument = {
      ...document,
      continuations: [
        { ...root, activations: [outer, { ...inner, values: [i32(-2), ...inner.values.slice(1)] }] },
      ],
      memories: [
        {
          sameAs: undefined,
          pageBits: 16,
          pages: 3,
          chunks: [{ kind: 'raw', offset: 10, bytes: Uint8Array.of(1, 5, 3, 4) }],
        },
        { sameAs: undefined, pageBits: 16, pages: 0, chunks: [] },
      ],
      tables: [{ sameAs: undefined, type: 'funcref', elements: Int32Array.of(-1, -1, -1, -1) }],
      globals: [i32(8), document.globals[1]],
      segments: { ...document.segments, dataDropped: Uint8Array.of(1, 1) },
      hostState: new Uint8Array(12).fill(1),
      timestampMs: u64(0, 0),
    };
    expect(diff(document, other, module)).toEqual([
      'taken: 2024-02-29T12:34:56.789Z | 1970-01-01T00:00:00.000Z',
      'continuation 0, frame 1, value 0: i32 -3 | i32 -2',
      'memory 0: 2 pages of 2^16 bytes | 3 pages of 2^16 bytes',
      'memory 0: 2 bytes in 2 ranges: 0xb..0xc 0xd..0xe',
      'memory 1: shared with 0 | its own',
      'table 0, element 0: func 1 (spin) | null',
      'global 0: i32 7 | i32 8',
      'dropped data segments: 10 | 11',
      'host state: 12 bytes, not the same',
    ]);
  });

  it('finds ranges without expanding anything', () => {
    const wide = (offset: number): MemoryChunk[] => [{ kind: 'ones', offset, length: 2 ** 31 }];
    expect(differingRanges(wide(5), wide(9))).toEqual([
      [5, 9],
      [2 ** 31 + 5, 2 ** 31 + 9],
    ]);
    expect(differingRanges([], wide(0))).toEqual([[0, 2 ** 31]]);
  });

  it('finds the ranges that a comparison byte by byte finds', () => {
    for (let seed = 0; seed < 300; seed++) {
      const [a, b] = [seed, seed + 1000].map((s) => {
        const bytes = new Uint8Array(2000);
        for (let i = 0; i < 6; i++)
          bytes.fill(
            [0, 0xff, 3][(s * 31 + i) % 3],
            (s * 977 + i * 311) % 2000,
            ((s * 977 + i * 311) % 2000) + 200,
          );
        return bytes;
      });
      const expected: number[] = [];
      a.forEach((byte, i) => {
        if (byte !== b[i]) expected.push(i);
      });
      const found = differingRanges(chunksOf(a), chunksOf(b)).flatMap(([start, end]) =>
        Array.from({ length: end - start }, (_, i) => start + i),
      );
      expect(found).toEqual(expected);
    }
  });
});

suite('words', () => {
  it('writes 64-bit numbers in decimal', () => {
    const samples = [
      0n,
      1n,
      9999999n,
      10000000n,
      2n ** 32n,
      2n ** 53n + 1n,
      12345678901234567890n,
      2n ** 64n - 1n,
      10n ** 14n,
      10n ** 19n,
    ];
    for (const n of samples) {
      const value = u64(Number(n & 0xffffffffn), Number(n >> 32n));
      expect(u64Decimal(value)).toBe(String(n));
      expect(s64Decimal(value.lo | 0, value.hi | 0)).toBe(String(BigInt.asIntN(64, n)));
      expect(u64FromHex(u64Hex(value))).toEqual(value);
    }
  });
  it('writes values', () => {
    expect(valueText({ type: 'f32', lo: 0x3f000000, hi: 0 })).toBe('0.5');
    expect(valueText({ type: 'f64', lo: 0, hi: -0x80000000 })).toBe('-0');
    expect(valueText({ type: 'f32', lo: -1, hi: 0 })).toBe('nan (0xffffffff)');
    expect(valueText({ type: 'v128', lo: 0, hi: 0, bytes: new Uint8Array(16).fill(10) })).toMatch(/^0x0a 0a/);
  });
  it('writes times as the calendar does', () => {
    for (let day = 0; day < 60000; day += 13) {
      const ms = day * 86400000 + ((day * 7919) % 86400000);
      expect(timeText(u64FromNumber(ms))).toBe(new Date(ms).toISOString());
    }
    expect(timeText(u64(0, 0xffffffff))).toMatch(/ ms$/);
  });
});
