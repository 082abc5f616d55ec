/** Open descriptors of `os` as streams, and the two ways in which bytes pass between typed arrays and `os`. */

import * as ERRNO from '../../src/wasi/errno';
import * as FILETYPE from '../../src/wasi/filetype';
import type { Errno, FileStat, StreamHandle } from '../../src/wasi/index';
import { ZERO } from '../../src/wasi/words';
import { errnoOf } from './errors';
import type { Os } from './machine';

/** A stream that can tell when there may be something to read. */
export interface Readiness {
  /** Calls back once. Gives the way to call it off. */
  onReady(callback: () => void): () => void;
}

/** Fills a part of the array from a descriptor's position; the count, or a negated errno. */
export function readInto(os: Os, fd: number, bytes: Uint8Array): number {
  const count = os.read(fd, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  return count < 0 ? -errnoOf(os, count) : count;
}
/** Writes a part of the array at a descriptor's position; the count, or a negated errno. */
export function writeFrom(os: Os, fd: number, bytes: Uint8Array): number {
  const count = os.write(fd, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  return count < 0 ? -errnoOf(os, count) : count;
}

/** A descriptor that is read and written in place: it blocks the thread if the system does. */
export class DescriptorStream implements StreamHandle, Readiness {
  readonly kind = 'stream';
  private readonly os: Os;
  protected readonly fd: number;
  private ended = false;

  constructor(os: Os, fd: number) {
    this.os = os;
    this.fd = fd;
  }

  stat(): FileStat | Errno {
    const type = this.os.isatty(this.fd) ? FILETYPE.CHARACTER_DEVICE : FILETYPE.UNKNOWN;
    return { dev: ZERO, ino: ZERO, type, nlink: 1, size: 0, atim: ZERO, mtim: ZERO, ctim: ZERO };
  }

  read(buffers: readonly Uint8Array[]): number {
    if (buffers.length === 0) return 0;
    // One buffer only: a second read would wait although there is something to give.
    const count = readInto(this.os, this.fd, buffers[0]);
    this.ended = count === 0;
    return count;
  }

  write(buffers: readonly Uint8Array[]): number {
    let total = 0;
    for (const buffer of buffers) {
      const count = writeFrom(this.os, this.fd, buffer);
      if (count < 0) return total > 0 ? total : count;
      total += count;
      if (count < buffer.length) break;
    }
    return total;
  }

  /** `os` cannot ask a descriptor whether it has something; a read finds out. */
  available(): number {
    return this.ended ? 0 : 1;
  }
  writable(): boolean {
    return true;
  }
  onReady(callback: () => void): () => void {
    const { os, fd } = this;
    os.setReadHandler(fd, () => {
      os.setReadHandler(fd, null);
      callback();
    });
    return () => os.setReadHandler(fd, null);
  }
  /** Standard streams outlive the guest. */
  close(): void {}
}

/** A pipe or device found in a directory, opened by the guest. */
export class DeviceStream extends DescriptorStream {
  private readonly closer: () => void;
  constructor(os: Os, fd: number) {
    super(os, fd);
    this.closer = () => os.close(fd);
  }
  override close(): void {
    this.closer();
  }
}

/** Errno for what `os` cannot do at all. */
export const CANNOT: Errno = ERRNO.NOTSUP;
