/** Streams that need no host: nothing, given bytes, collected bytes. */
import { ERRNO, FILETYPE } from './abi';
import type { FileStat, StreamHandle } from './host';
import { ZERO } from './words';

const STREAM_STAT: FileStat = {
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
export function inputStream(bytes: Uint8Array): StreamHandle {
  let rest = bytes;
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
      const joined = new Uint8Array(first.length + rest.length);
      joined.set(first);
      joined.set(rest, first.length);
      rest = joined;
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

export function total(buffers: readonly Uint8Array[]): number {
  let sum = 0;
  for (const buffer of buffers) sum += buffer.length;
  return sum;
}
