import { describe, expect, it } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { encodeUtf8 } from '../decoder/utf8';
import { u64Hex } from './u64';
import { Xxh64, xxh64 } from './xxh64';

/** The sanity buffer of the xxHash specification's reference tests: bytes of a running product. */
function sanityBuffer(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let gen = 2654435761n;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(gen >> 56n);
    gen = (gen * 11400714785074694797n) & 0xffffffffffffffffn;
  }
  return bytes;
}

/** An oracle by the letter of the specification. */
function oracle(data: Uint8Array): string {
  const M = (1n << 64n) - 1n;
  const [p1, p2, p3, p4, p5] = [
    0x9e3779b185ebca87n,
    0xc2b2ae3d27d4eb4fn,
    0x165667b19e3779f9n,
    0x85ebca77c2b2ae63n,
    0x27d4eb2f165667c5n,
  ];
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const rotl = (x: bigint, r: bigint) => ((x << r) | (x >> (64n - r))) & M;
  const round = (acc: bigint, v: bigint) => (rotl((acc + v * p2) & M, 31n) * p1) & M;
  let at = 0;
  let h = p5;
  if (data.length >= 32) {
    const acc = [(p1 + p2) & M, p2, 0n, -p1 & M];
    for (; at + 32 <= data.length; at += 32) {
      for (let k = 0; k < 4; k++) acc[k] = round(acc[k], view.getBigUint64(at + 8 * k, true));
    }
    h = (rotl(acc[0], 1n) + rotl(acc[1], 7n) + rotl(acc[2], 12n) + rotl(acc[3], 18n)) & M;
    for (const a of acc) h = ((h ^ round(0n, a)) * p1 + p4) & M;
  }
  h = (h + BigInt(data.length)) & M;
  for (; at + 8 <= data.length; at += 8) {
    h = (rotl(h ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4) & M;
  }
  if (at + 4 <= data.length) {
    h = (rotl(h ^ ((BigInt(view.getUint32(at, true)) * p1) & M), 23n) * p2 + p3) & M;
    at += 4;
  }
  for (; at < data.length; at++) h = (rotl(h ^ ((BigInt(data[at]) * p5) & M), 11n) * p1) & M;
  h = ((h ^ (h >> 33n)) * p2) & M;
  h = ((h ^ (h >> 29n)) * p3) & M;
  return (h ^ (h >> 32n)).toString(16).padStart(16, '0');
}

describe('XXH64', () => {
  it('gives the published values', () => {
    expect(u64Hex(xxh64(encodeUtf8('')))).toBe('ef46db3751d8e999');
    expect(u64Hex(xxh64(encodeUtf8('a')))).toBe('d24ec4f1a98c6e5b');
    expect(u64Hex(xxh64(encodeUtf8('abc')))).toBe('44bc2cf5ad770999');
    expect(u64Hex(xxh64(encodeUtf8('Nobody inspects the spammish repetition')))).toBe('fbcea83c8a378bf1');
  });

  it("passes the reference implementation's sanity checks", () => {
    const bytes = sanityBuffer(222);
    expect(u64Hex(xxh64(bytes.subarray(0, 1)))).toBe('e934a84adb052768');
    expect(u64Hex(xxh64(bytes.subarray(0, 14)))).toBe('8282dcc4994e35c8');
    expect(u64Hex(xxh64(bytes))).toBe('b641ae8cb691c174');
  });

  it('agrees with the specification on every length around its stripes and blocks', () => {
    const bytes = sanityBuffer(20000);
    for (let length = 0; length <= 200; length++) {
      expect(u64Hex(xxh64(bytes.subarray(0, length)))).toBe(oracle(bytes.subarray(0, length)));
    }
    for (const length of [8191, 8192, 8193, 8224, 16384, 20000]) {
      expect(u64Hex(xxh64(bytes.subarray(3, length)))).toBe(oracle(bytes.subarray(3, length)));
    }
  });

  it('does not depend on how the input is cut', () => {
    const bytes = sanityBuffer(10000);
    const hash = new Xxh64();
    for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 97) {
      hash.update(bytes.subarray(at, at + step));
    }
    expect(hash.digest()).toEqual(xxh64(bytes));
  });

  it('takes 32 bytes at a time', async () => {
    const bytes = new Uint8Array(1 << 20).map((_, i) => (i * 2654435761) >>> 13);
    let hash = xxh64(bytes.subarray(0, 100));
    const work = await workOf(() => {
      hash = xxh64(bytes);
    });
    expect(u64Hex(hash)).toBe(oracle(bytes));
    expect(work).toBeLessThan(20 * (bytes.length / 32));
  });
});
