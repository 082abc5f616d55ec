/** Streams that need no host: nothing, given bytes, collected bytes. */
import { type ByteSource, bytesOf } from '../checks';
import * as ERRNO from './errno';
import * as FILETYPE from './filetype';
import type { FileStat, Pollable, StreamHandle } from './host';
import { ZERO } from './words';

/** All there is to know of a stream: nothing. */
export const STREAM_STAT: FileStat = {
  dev: ZERO,
  ino: ZERO,
  type: FILETYPE.UNKNOWN,
  nlink: 1,
  size: 0,
  atim: ZERO,
  mtim: ZERO,
  ctim: ZERO,
};

function stream(methods: Partial<StreamHandle>): StreamHandle {
  return {
    kind: 'stream',
    stat: () => STREAM_STAT,
    close: () => undefined,
    read: () => 0,
    write: (buffers) => total(buffers),
    available: () => 0,
    writable: () => true,
    ...methods,
  };
}

/** Reads as empty, swallows what is written. */
export function nullStream(): StreamHandle {
  return stream({});
}

/** Gives the bytes, then the end. What has not been read travels with a saved state. */
export function inputStream(bytes: ByteSource): StreamHandle {
  let rest = bytesOf('the input', bytes);
  return stream({
    read(buffers) {
      const before = rest.length;
      for (const buffer of buffers) {
        const part = rest.subarray(0, buffer.length);
        buffer.set(part);
        rest = rest.subarray(part.length);
      }
      return before - rest.length;
    },
    write: () => -ERRNO.BADF,
    available: () => rest.length,
    unread: () => rest,
    giveBack(first) {
      rest = join([first, rest]);
    },
  });
}

/** Hands every write on as a copy. */
export function outputStream(write: (bytes: Uint8Array) => void): StreamHandle {
  return stream({
    read: () => -ERRNO.BADF,
    write(buffers) {
      for (const buffer of buffers) write(buffer.slice());
      return total(buffers);
    },
  });
}

/**
 * Fills the buffers, or what there is to the end: the same count however the bytes come. A negated AGAIN when they have not all come yet;
 * what has is given back.
 */
export function readWhole(stream: Pollable, buffers: readonly Uint8Array[]): number {
  const wanted = total(buffers);
  let count = 0;
  while (count < wanted) {
    const got = stream.read(behind(buffers, count));
    if (got === -ERRNO.AGAIN && count > 0 && stream.giveBack !== undefined) {
      stream.giveBack(join(before(buffers, count)));
      return got;
    }
    if (got <= 0) return count > 0 ? count : got;
    count += got;
  }
  return count;
}

/** Writes what is behind the first `done` bytes, in as many pieces as the stream wants. The bytes now written, those first ones too, or a negated errno. */
export function writeWhole(stream: Pollable, buffers: readonly Uint8Array[], done: number): number {
  const wanted = total(buffers);
  let count = done;
  do {
    const put = stream.write(behind(buffers, count));
    if (put < 0 && count === done) return put;
    if (put <= 0) return count;
    count += put;
  } while (count < wanted);
  return count;
}

function before(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  return buffers.flatMap((buffer) => {
    const part = buffer.subarray(0, left);
    left -= part.length;
    return part.length > 0 ? [part] : [];
  });
}

function behind(buffers: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  if (count === 0) return buffers;
  let over = count;
  return buffers.flatMap((buffer) => {
    const part = buffer.subarray(Math.min(over, buffer.length));
    over -= buffer.length - part.length;
    return part.length > 0 ? [part] : [];
  });
}

export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(total(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function total(buffers: readonly Uint8Array[]): number {
  let sum = 0;
  for (const buffer of buffers) sum += buffer.length;
  return sum;
}
