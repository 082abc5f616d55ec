import { expect, it } from 'vitest';
import { decodeLossy } from './utf8';

const host = new TextDecoder('utf-8', { ignoreBOM: true });

/** Each byte that begins or ends a range of the standard's table, and one within. */
const EDGES = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
  0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

function* sequences(length: number): Generator<number[]> {
  if (length === 0) return yield [];
  for (const rest of sequences(length - 1)) for (const byte of EDGES) yield [byte, ...rest];
}

it('reads every sequence of three bytes at the edges of UTF-8 as TextDecoder does', () => {
  let count = 0;
  for (let length = 0; length <= 3; length++)
    for (const bytes of sequences(length)) {
      // What follows shows where it goes on after what is wrong.
      const whole = Uint8Array.from([...bytes, 0x80, 0x41]);
      if (decodeLossy(whole) !== host.decode(whole)) expect.fail(`${bytes}`);
      count++;
    }
  expect(count).toBe(1 + 25 + 25 ** 2 + 25 ** 3);
});

it('reads four bytes, and what ends in their midst', () => {
  const good = [
    [0xf0, 0x90, 0x80, 0x80],
    [0xf0, 0x9f, 0x8e, 0x89],
    [0xf4, 0x8f, 0xbf, 0xbf],
  ];
  const bad = [
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf0, 0x90, 0x80, 0x41],
    [0xf1, 0x80, 0xc2, 0xa2],
  ];
  for (const bytes of [...good, ...bad])
    for (let length = 1; length <= bytes.length; length++) {
      const part = Uint8Array.from(bytes.slice(0, length));
      expect(decodeLossy(part), String([...part])).toBe(host.decode(part));
    }
  expect(decodeLossy(Uint8Array.from(good[1]))).toBe('🎉');
});

it('keeps a byte order mark, and reads every text that TextEncoder writes', () => {
  const text = `\ufeffa\u0080\u07ff\u0800\ud7ff\ue000\uffff${String.fromCodePoint(0x10000, 0x10ffff)}`;
  expect(decodeLossy(new TextEncoder().encode(text))).toBe(text);
});
