import { expect, it } from 'vitest';
import * as ERRNO from './errno';
import * as FILETYPE from './filetype';
import type { StreamHandle } from './host';
import { inputStream, nullStream } from './streams';
import { FakeHost, fakeGuest } from './testing';

/** A terminal that gives the pieces one by one, with nothing in between; '' is the end. */
function dribble(pieces: string[]): StreamHandle {
  let back: Uint8Array = new Uint8Array(0);
  let ready = false;
  return {
    ...nullStream(),
    stat: () => ({ ...(nullStream().stat() as object), type: FILETYPE.CHARACTER_DEVICE }) as never,
    read([buffer]) {
      if (back.length > 0) {
        const count = Math.min(back.length, buffer.length);
        buffer.set(back.subarray(0, count));
        back = back.subarray(count);
        return count;
      }
      ready = !ready;
      if (ready) return -ERRNO.AGAIN;
      const piece = Buffer.from(pieces.shift() ?? '');
      const part = piece.subarray(0, buffer.length);
      back = Uint8Array.from(piece.subarray(part.length));
      buffer.set(part);
      return part.length;
    },
    giveBack(bytes) {
      back = Buffer.concat([bytes, back]);
    },
  };
}

it('a deterministic guest reads the same, however its input comes', () => {
  const text = 'a few words of input';
  const reads = [inputStream(Buffer.from(text)), dribble(['a f', 'ew wo', 'rds of inp', 'ut'])].map(
    (stdin) => {
      const g = fakeGuest({ host: new FakeHost({ stdin }), deterministic: { seed: 1 } });
      // It asks not to wait, which would show whether there is something.
      expect(g.call('fd_fdstat_set_flags', 0, 4)).toBe('ESUCCESS');
      const seen = [g.read(0, 7), g.read(0, 7), g.read(0, 7), g.read(0, 7)];
      g.call('fd_fdstat_get', 0, 100);
      return { seen, type: g.u8(100), digest: g.wasi.stateDigest() };
    },
  );
  expect(reads[0].seen).toEqual(['a few w', 'ords of', ' input', '']);
  expect(reads[1]).toEqual(reads[0]);
});

it('and writes whole', () => {
  const written: string[] = [];
  let busy = true;
  const narrow: StreamHandle = {
    ...nullStream(),
    write(buffers) {
      busy = !busy;
      if (busy) return -ERRNO.AGAIN;
      const piece = Buffer.from(buffers[0]).subarray(0, 3);
      written.push(piece.toString());
      return piece.length;
    },
  };
  const host = new FakeHost({ stdout: narrow });
  const g = fakeGuest({ host, deterministic: { seed: 1 }, limits: { outputBytes: 20 } });
  expect(g.write(1, 'more than three')).toBe(15);
  expect(written).toEqual(['mor', 'e t', 'han', ' th', 'ree']);
  expect(g.write(1, 'too much')).toBe('EDQUOT');
  expect(fakeGuest({ host }).write(1, 'more than three')).toBe(3);
});

it('what a host has read ahead is not in the state hash', () => {
  const [one, two] = ['abc', 'abcdef'].map((text) => {
    const host = new FakeHost({ stdin: inputStream(Buffer.from(text)) });
    const g = fakeGuest({ host, deterministic: { seed: 1 } });
    g.read(0, 3);
    return g.wasi;
  });
  expect(one.stateDigest()).toBe(two.stateDigest());
  expect(one.stateDigest(Uint8Array.of(1))).not.toBe(two.stateDigest());
  expect(one.saveState()).not.toEqual(two.saveState());
});
