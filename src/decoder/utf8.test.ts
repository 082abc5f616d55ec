import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from './utf8';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function reference(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

describe('UTF-8', () => {
  it('decodes and rejects as the Encoding standard, for all short sequences around the boundaries', () => {
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec];
    edges.push(0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff);
    const sequences: number[][] = [[], ...edges.map((byte) => [byte])];
    for (let i = 1; i < sequences.length && sequences[i].length < 4; i++) {
      if (sequences[i].length === 3 && sequences[i][0] < 0xf0) continue;
      for (const byte of edges) sequences.push([...sequences[i], byte]);
    }
    for (const sequence of sequences) {
      const bytes = Uint8Array.from(sequence);
      if (decodeUtf8(bytes) !== reference(bytes))
        expect(decodeUtf8(bytes), `${sequence}`).toBe(reference(bytes));
    }
  });

  it('decodes a part, and long texts', () => {
    expect(decodeUtf8(encodeUtf8('abc'), 1, 2)).toBe('b');
    const long = 'aé€😀'.repeat(5000);
    expect(decodeUtf8(encodeUtf8(long))).toBe(long);
  });

  it('encodes as the Encoding standard, lone surrogates included', () => {
    for (const text of [
      '',
      'a',
      'é',
      '\u07ff\u0800',
      '€',
      '\uffff',
      '😀',
      '\ud800',
      'a\udc00b',
      '\ud800\ud800\udc00',
    ]) {
      expect(Array.from(encodeUtf8(text))).toEqual(Array.from(new TextEncoder().encode(text)));
    }
  });
});
