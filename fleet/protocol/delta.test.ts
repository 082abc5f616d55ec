import { describe, expect, it } from 'vitest';
import { sha256 } from '../security/digest';
import { applyDelta, deltaOf, marksOf } from './delta';

const MAX = 1 << 24;
const rest = () => Promise.resolve();

/** Numbers below something, each time the same ones. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) % below;
  };
}

function random(seed: number, length: number): Uint8Array {
  const below = numbers(seed);
  return Uint8Array.from({ length }, () => below(256));
}

/** Without a word on each of so many bytes. */
const areEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

async function between(before: Uint8Array, after: Uint8Array): Promise<Uint8Array | undefined> {
  const old = { digest: await sha256(before), marks: await marksOf(before, rest) };
  return deltaOf(old, { digest: await sha256(after), marks: await marksOf(after, rest), bytes: after });
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const BASE = random(1, 400_000);
const changed = (at: number): Uint8Array => {
  const bytes = BASE.slice();
  bytes[at] ^= 1;
  return bytes;
};

describe('a delta', () => {
  it.each([
    ['a byte in the middle', changed(200_000), 70_000],
    ['the first byte', changed(0), 70_000],
    ['the last byte', changed(399_999), 70_000],
    ['something put in', joined(BASE.subarray(0, 777), random(2, 100), BASE.subarray(777)), 70_000],
    ['something taken out', joined(BASE.subarray(0, 100_001), BASE.subarray(100_300)), 70_000],
    ['halves in another order', joined(BASE.subarray(200_000), BASE.subarray(0, 200_000)), 140_000],
    ['nothing', BASE, 100],
    ['all but a part', BASE.subarray(300_000), 70_000],
    ['twice the same', joined(BASE, BASE), 140_000],
  ])('of %s gives the file, and tells little more', async (_, after, most) => {
    const delta = await between(BASE, after);
    expect(delta!.length).toBeLessThan(most);
    expect(areEqual(await applyDelta(BASE, delta!, MAX), after)).toBe(true);
  });

  it('is none where nothing is the same, or there is nothing', async () => {
    expect(await between(BASE, random(3, 100_000))).toBeUndefined();
    expect(await between(BASE, new Uint8Array(0))).toBeUndefined();
    expect(await between(new Uint8Array(0), BASE)).toBeUndefined();
  });

  it('gives any of many small files out of any other', async () => {
    const below = numbers(4);
    for (let k = 0; k < 40; k++) {
      const [from, to] = [below(90_000), below(90_000)].sort((a, b) => a - b);
      const cut = BASE.subarray(from, to);
      const delta = await between(BASE.subarray(0, 100_000), cut);
      if (delta === undefined) continue;
      expect(areEqual(await applyDelta(BASE.subarray(0, 100_000), delta, MAX), cut)).toBe(true);
    }
  });

  it('lets others run between its pieces', async () => {
    let rests = 0;
    await marksOf(new Uint8Array(5 << 20), async () => {
      rests++;
    });
    expect(rests).toBe(5);
  });

  it('is refused on another file, of another version, cut off, and when it gives too much', async () => {
    const delta = (await between(BASE, changed(5)))!;
    await expect(applyDelta(changed(9), delta, MAX)).rejects.toThrow('the delta is on another file');
    await expect(applyDelta(BASE, delta, 399_999)).rejects.toThrow('more than 399999 bytes');
    await expect(applyDelta(BASE, delta.subarray(0, 70), MAX)).rejects.toThrow('not a delta of version 1');
    for (const length of [73, 90, delta.length - 1])
      await expect(applyDelta(BASE, delta.subarray(0, length), MAX)).rejects.toMatchObject({
        code: 'bad-request',
      });
    const version2 = delta.slice();
    version2[4] = 2;
    await expect(applyDelta(BASE, version2, MAX)).rejects.toThrow('not a delta of version 1');
  });

  it('gives the file or is refused, whatever is wrong in it', async () => {
    const after = changed(5);
    const delta = (await between(BASE, after))!;
    const below = numbers(7);
    for (let k = 0; k < 100; k++) {
      const damaged = delta.slice();
      damaged[below(Math.min(delta.length, 120))] ^= 1 << below(8);
      const result = await applyDelta(BASE, damaged, MAX).catch((error: Error) => error.name);
      expect(result === 'FleetError' || (typeof result !== 'string' && areEqual(result, after))).toBe(true);
    }
  });
});
