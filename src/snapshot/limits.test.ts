/** Small files that claim much: refused with the kind `limit` before anything is built of what they claim. */
import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { DEFAULT_STORE_LIMITS } from '../runtime';
import { type DecodeOptions, decode } from './decode';
import { applyDeltas } from './delta';
import { type Activation, EMPTY_DOCUMENT, type SnapshotDocument } from './document';
import { encode } from './encode';
import { xxh64 } from './xxh64';

const root = {
  state: 'suspended' as const,
  typeIndex: -1,
  entryFunc: 0,
  resumeThrow: -1,
  boundCount: 0,
  boundArgs: [],
};
const frame = (site: Activation['site'], values: Activation['values'] = []): Activation => ({
  func: 0,
  site,
  offset: 1,
  targetLoop: -1,
  values,
  targetCont: -1,
});
const one: SnapshotDocument = {
  ...EMPTY_DOCUMENT,
  continuations: [{ ...root, activations: [frame('entry')] }],
};
const zero = { type: 'i32' as const, lo: 0, hi: 0 };

function withFrames(count: number, values: number): Uint8Array {
  const outer = frame('call', Array(values).fill(zero));
  const activations = [...Array<Activation>(count - 1).fill(outer), frame('entry')];
  return encode({ ...one, continuations: [{ ...root, activations }] });
}

function limitOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof SnapshotError && error.kind === 'limit') return error.message;
    throw error;
  }
  return 'accepted';
}
const decodes = (bytes: Uint8Array, options?: DecodeOptions) => limitOf(() => decode(bytes, options));

/** Bytes that stay while `work` runs, at most. */
function taken(work: () => void): number {
  const before = process.memoryUsage();
  work();
  const after = process.memoryUsage();
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
}

describe('limits of a snapshot', () => {
  it('count frames and values before they are built', () => {
    const limits = { maxFrames: 100, maxSlots: 1000 };
    expect(decodes(withFrames(100, 10), limits)).toBe('accepted');
    expect(decodes(withFrames(101, 0), limits)).toContain('101 frames, the limit is 100');
    expect(decodes(withFrames(100, 11), limits)).toContain('values on it, the limit is 1000');
  });

  it('hold for twenty megabytes of frames', () => {
    const many = encodeMany(5_000_000);
    expect(many.length).toBeGreaterThan(15_000_000);
    const grown = taken(() => expect(decodes(many)).toContain('call stack exhausted'));
    expect(grown).toBeLessThan(2 ** 25);
  });

  it('hold for tables, memories and chunks', () => {
    const elements = new Int32Array(200).fill(-1);
    const table = encode({ ...one, tables: [{ sameAs: undefined, type: 'funcref', elements }] });
    expect(decodes(table, { maxTableElements: 100 })).toBe('accepted');
    expect(decodes(table, { maxTableElements: 99 })).toContain('100 table elements');
    const memory = encode({ ...one, memories: [{ sameAs: undefined, pageBits: 16, pages: 3, chunks: [] }] });
    expect(decodes(memory, { maxMemoryBytes: 3 << 16 })).toBe('accepted');
    expect(decodes(memory, { maxMemoryBytes: (3 << 16) - 1 })).toContain('bytes of memory');
    const chunks = Array.from({ length: 300_000 }, () => ({ kind: 'ones' as const, offset: 0, length: 1 }));
    const cut = encode({ ...one, memories: [{ sameAs: undefined, pageBits: 16, pages: 1, chunks }] });
    expect(decodes(cut)).toContain('chunks');
  });

  it('hold for deltas', () => {
    const pages = 0x9896;
    const large = (kind: number) =>
      encode({
        ...one,
        globals: [{ ...zero, lo: kind }],
        memories: [
          { sameAs: undefined, pageBits: 16, pages, chunks: [{ kind: 'ones', offset: 0, length: 9 }] },
        ],
      });
    const whole = encode({
      ...one,
      globals: [zero],
      memories: [{ sameAs: undefined, pageBits: 16, pages: 1, chunks: [] }],
    });
    const delta = deltaOn(whole, large(1));
    expect(delta.length).toBeLessThan(100);
    const limits = { maxMemoryBytes: 2 ** 24 };
    const grown = taken(() => {
      expect(limitOf(() => applyDeltas(whole, [delta], limits))).toContain('bytes of memory');
      expect(limitOf(() => applyDeltas(large(1), [deltaOn(large(1), large(2))], limits))).toContain('memory');
    });
    expect(grown).toBeLessThan(2 ** 23);
    const next = deltaOn(whole, encode({ ...decode(whole), globals: [{ ...zero, lo: 3 }] }));
    expect(limitOf(() => applyDeltas(whole, [next], limits))).toBe('accepted');
    expect(limitOf(() => applyDeltas(whole, [next], { maxMemoryBytes: 9 }))).toContain('memory');
  });

  it('are those of a store unless they are given', () => {
    expect(decodes(withFrames(DEFAULT_STORE_LIMITS.maxFrames, 0))).toBe('accepted');
    expect(decodes(withFrames(DEFAULT_STORE_LIMITS.maxFrames + 1, 0))).toContain('frames');
    expect(decodes(withFrames(1001, 0), { maxFrames: 1001 })).toBe('accepted');
  });
});

/** The bytes of a delta on `before` that says `inner`. */
function deltaOn(before: Uint8Array, inner: Uint8Array): Uint8Array {
  const { lo, hi } = xxh64(before);
  const out = new Uint8Array(16 + inner.length);
  out.set([0x00, 0x64, 0x6c, 0x74, 0x01]);
  const view = new DataView(out.buffer);
  view.setUint32(8, lo, true);
  view.setUint32(12, hi, true);
  out.set(inner, 16);
  return out;
}

/** A snapshot with so many frames at calls, written by hand. */
function encodeMany(count: number): Uint8Array {
  const leb = (value: number) => {
    const out: number[] = [];
    for (; value > 0x7f; value >>>= 7) out.push((value & 0x7f) | 0x80);
    return [...out, value];
  };
  const meta = [0, 8, 0, 0, 0, 1, 0, 0, 0, 0];
  const head = [1, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, ...leb(count)];
  const section = [0, 0x64, 0x6d, 0x70, 1, 0, 0, 0, ...meta, 6, ...leb(head.length + 4 * count), ...head];
  const bytes = new Uint8Array(section.length + 4 * count);
  bytes.set(section);
  for (let at = section.length; at < bytes.length; at += 4) bytes.set([0, 2, 1, 0], at);
  return bytes;
}
