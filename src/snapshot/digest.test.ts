import { describe, expect, it } from 'vitest';
import { SnapshotError } from '../errors';
import { decode } from './decode';
import { hasDigest, withDigest } from './digest';
import type { SnapshotDocument } from './document';
import { encode, encodeSections } from './encode';
import { stripSnapshot } from './strip';
import { Random, randomDocument } from './testing';

function refused(bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return false;
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return true;
  }
}

function documents(count: number): SnapshotDocument[] {
  return Array.from({ length: count }, (_, seed) => randomDocument(seed)).filter((one) => !one.postmortem);
}

/** Where the section with the digest begins: its id and length lie before the magic. */
function hostStateStart(bytes: Uint8Array): number {
  const magic = Buffer.from(bytes).indexOf('\0tswasm digest');
  return Buffer.from(bytes).lastIndexOf(7, magic - 1);
}

describe('a digest', () => {
  it('is plain draft bytes around the same state', () => {
    for (const document of documents(300)) {
      const plain = encode(document);
      const bytes = withDigest(plain);
      expect([hasDigest(plain), hasDigest(bytes)]).toEqual([false, true]);
      expect(decode(bytes)).toEqual(decode(plain));
      expect(withDigest(bytes)).toEqual(bytes);
      // What a reader sees that does not know it: a host state that is the embedder's own.
      expect(encode(decode(bytes))).toEqual(plain);
    }
  });

  it('is that of the sections, wherever they stand', () => {
    for (const document of documents(100)) {
      const sections = withDigest(encodeSections(document));
      const standalone = withDigest(encode(document));
      expect(sections).toEqual(standalone.subarray(8));
      expect(decode(sections)).toEqual(document);
    }
  });

  it('notices every bit that flips', () => {
    let flips = 0;
    for (const document of documents(24)) {
      const good = withDigest(encode(document));
      for (let at = 0; at < Math.min(good.length, 1500); at++) {
        for (let bit = 0; bit < 8; bit++, flips++) {
          const bytes = good.slice();
          bytes[at] ^= 1 << bit;
          if (!refused(bytes)) throw new Error(`bit ${bit} of byte ${at} flipped, and nobody noticed`);
        }
      }
    }
    expect(flips).toBeGreaterThan(20_000);
  });

  it('notices every other byte, bytes that go and bytes that come', () => {
    const r = new Random(1);
    for (const document of documents(16)) {
      const good = withDigest(encode(document));
      // Cut off where its section begins, it is gone: what is left is a whole snapshot without one.
      const start = hostStateStart(good);
      for (let at = 8; at < Math.min(good.length, 400); at++) {
        const other = good.slice();
        other[at] ^= 1 + r.below(255);
        const without = Uint8Array.from([...good.subarray(0, at), ...good.subarray(at + 1)]);
        const more = Uint8Array.from([...good.subarray(0, at), r.below(256), ...good.subarray(at)]);
        const cut = good.subarray(0, at === start ? at - 1 : at);
        const wrong = [other, without, more, cut].map(refused);
        expect([at, ...wrong]).toEqual([at, true, true, true, true]);
      }
    }
  });

  it('can be left unchecked', () => {
    const document = documents(1)[0];
    const bytes = withDigest(encode({ ...document, hostState: Uint8Array.of(5, 6, 7) }));
    const last = bytes.lastIndexOf(7);
    bytes[last] = 8;
    expect(refused(bytes)).toBe(true);
    expect([...decode(bytes, { checkDigest: false }).hostState]).toEqual([5, 6, 8]);
  });

  it('has no room in a postmortem', () => {
    const dump = encode({
      ...documents(1)[0],
      postmortem: true,
      continuations: [],
      hostState: new Uint8Array(),
    });
    expect(() => withDigest(dump)).toThrow('postmortem');
  });
});

describe('a stripped snapshot', () => {
  it('has nothing that the draft does not define, and says what went', () => {
    for (const document of documents(200)) {
      const bytes = withDigest(encode(document));
      if (document.pendingCall !== undefined) {
        expect(() => stripSnapshot(bytes)).toThrow('waits for a host call');
        continue;
      }
      const { bytes: plain, lost } = stripSnapshot(bytes);
      expect(hasDigest(plain)).toBe(false);
      expect(decode(plain)).toEqual({ ...document, hostState: new Uint8Array(), extras: [] });
      const kinds = [document.hostState.length > 0, document.extras.length > 0].filter(Boolean).length;
      expect(lost).toHaveLength(kinds);
    }
  });
});
