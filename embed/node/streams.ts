/** Streams over descriptors and over Node's stream objects. */
import { type BigIntStats, closeSync, fstatSync, readSync, writevSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { ERRNO, type Errno, FILETYPE, type FileStat, type StreamHandle } from '../../src/wasi/index';
import { total } from '../../src/wasi/streams';
import { ZERO } from '../../src/wasi/words';
import { attempt, errnoFrom, errnoOf } from './errors';
import { ExactTimes } from './times';

/** A stream that can tell when it may be ready, so that nobody has to ask again and again. */
export interface NodePollable {
  /** Calls back once when a read (or write) may get somewhere. Gives the way to call it off. */
  onReady(write: boolean, callback: () => void): () => void;
}

export function isNodePollable(stream: unknown): stream is NodePollable {
  return typeof (stream as Partial<NodePollable>).onReady === 'function';
}

/** A descriptor that is read and written in place: it blocks the thread if the system does. */
export class DescriptorStream implements StreamHandle {
  readonly kind = 'stream';
  private readonly stats: FileStat | Errno;
  private ended = false;

  constructor(
    protected readonly fd: number,
    /** Told when the other end of a pipe is gone, before the guest gets its PIPE. */
    private readonly onBrokenPipe?: () => void,
  ) {
    this.stats = attempt(() => streamStat(fstatSync(fd, { bigint: true })));
  }

  stat(): FileStat | Errno {
    return this.stats;
  }

  read(buffers: readonly Uint8Array[]): number {
    try {
      // One buffer only: a second read would wait although there is something to give.
      const count = buffers.length === 0 ? 0 : readSync(this.fd, buffers[0], 0, buffers[0].length, null);
      this.ended = count === 0 && buffers.length > 0;
      return count;
    } catch (error) {
      return -errnoOf(error);
    }
  }

  write(buffers: readonly Uint8Array[]): number {
    try {
      return buffers.length === 0 ? 0 : writevSync(this.fd, buffers);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === ERRNO.PIPE) this.onBrokenPipe?.();
      return -errno;
    }
  }

  /** Node cannot ask a descriptor whether it has something; a read finds out. */
  available(): number {
    return this.ended ? 0 : 1;
  }
  writable(): boolean {
    return true;
  }
  /** Standard streams outlive the guest. */
  close(): void {}
}

/** A pipe or device found in a directory, opened by the guest. */
export class DeviceStream extends DescriptorStream {
  override close(): void {
    errnoFrom(() => closeSync(this.fd));
  }
}

/** A stream's attributes without times and identity: nothing a guest should learn from, or that could travel. */
function streamStat(stats: BigIntStats): FileStat {
  const { type } = new ExactTimes().stat(stats);
  return bareStat(type);
}

export function bareStat(type: number): FileStat {
  return { dev: ZERO, ino: ZERO, type, nlink: 1, size: 0, atim: ZERO, mtim: ZERO, ctim: ZERO };
}

/** Any Node `Readable` (standard input too, in runs that must not block). */
export class ReadableStream implements StreamHandle, NodePollable {
  /** Tells it from files and directories. */
  readonly kind = 'stream';
  private rest: Uint8Array = new Uint8Array(0);
  private failure: Errno = ERRNO.SUCCESS;
  private ended = false;

  constructor(
    private readonly source: Readable,
    private readonly type: number = FILETYPE.UNKNOWN,
  ) {
    // It may have come to its end before it came to us.
    if (source.readableEnded || source.destroyed) this.ended = true;
    if (source.errored) this.failure = attemptErrno(source.errored);
    source.once('end', () => {
      this.ended = true;
    });
    source.once('close', () => {
      this.ended = true;
    });
    source.on('error', (error) => {
      this.failure = attemptErrno(error);
    });
  }

  /** What the guest is told about it. */
  stat(): FileStat {
    return bareStat(this.type);
  }

  read(buffers: readonly Uint8Array[]): number {
    const count = this.peek(buffers);
    if (count > 0) this.rest = this.rest.subarray(count);
    return count;
  }

  /** Copies what is there without taking it; the number of bytes, or an errno below zero. */
  peek(buffers: readonly Uint8Array[]): number {
    if (buffers.length === 0) return 0;
    const ready = this.available();
    if (ready < 0) return -ERRNO.AGAIN;
    if (ready === 0) return -this.failure;
    let count = 0;
    for (const buffer of buffers) {
      const part = this.rest.subarray(count, count + buffer.length);
      buffer.set(part);
      count += part.length;
    }
    return count;
  }

  available(): number {
    if (this.rest.length === 0 && !this.ended) {
      const chunk: unknown = this.source.read();
      if (typeof chunk === 'string') this.rest = Buffer.from(chunk);
      else if (chunk instanceof Uint8Array) this.rest = chunk;
    }
    if (this.rest.length > 0) return this.rest.length;
    return this.ended || this.failure !== ERRNO.SUCCESS ? 0 : -1;
  }

  onReady(_write: boolean, callback: () => void): () => void {
    const events = ['readable', 'end', 'close', 'error'] as const;
    for (const event of events) this.source.once(event, callback);
    return () => {
      for (const event of events) this.source.removeListener(event, callback);
    };
  }

  /** Always refused: it is for reading. */
  write(): number {
    return -ERRNO.BADF;
  }
  writable(): boolean {
    return true;
  }
  /** Also what Node's stream has taken from the system and not given out yet. */
  unread(): Uint8Array {
    for (let chunk: unknown = this.source.read(); chunk !== null; chunk = this.source.read()) {
      this.rest = Buffer.concat([this.rest, Buffer.from(chunk as Uint8Array)]);
    }
    return this.rest;
  }
  /** Bytes that were read and not used come first the next time. */
  giveBack(bytes: Uint8Array): void {
    this.rest = Buffer.concat([bytes, this.rest]);
  }
  /** Does nothing: the process goes on to have it. */
  close(): void {}
}

/** Any Node `Writable`. A write is refused with AGAIN while the stream asks to wait for 'drain'. */
export class WritableStream implements StreamHandle, NodePollable {
  /** Tells it from files and directories. */
  readonly kind = 'stream';
  private failure: Errno = ERRNO.SUCCESS;

  constructor(
    private readonly sink: Writable,
    private readonly type: number = FILETYPE.UNKNOWN,
  ) {
    sink.on('error', (error) => {
      this.failure = attemptErrno(error);
    });
  }

  /** What the guest is told about it. */
  stat(): FileStat {
    return bareStat(this.type);
  }

  /** Writes what there is room for; the number of bytes, or an errno below zero. */
  write(buffers: readonly Uint8Array[]): number {
    if (this.failure !== ERRNO.SUCCESS) return -this.failure;
    if (this.sink.destroyed || this.sink.writableEnded) return -ERRNO.PIPE;
    if (this.sink.writableNeedDrain) return -ERRNO.AGAIN;
    // A copy: the guest goes on to use its memory while the stream still holds the bytes. So not too many at a time.
    const size = Math.min(total(buffers), MOST_HELD);
    if (size > 0) this.sink.write(Buffer.concat(firstBytes(buffers, size)));
    return size;
  }

  writable(): boolean {
    return !this.sink.writableNeedDrain || this.sink.destroyed;
  }

  onReady(_write: boolean, callback: () => void): () => void {
    const events = ['drain', 'close', 'error'] as const;
    for (const event of events) this.sink.once(event, callback);
    return () => {
      for (const event of events) this.sink.removeListener(event, callback);
    };
  }

  /** Waits until the stream has taken all that was written (or failed). */
  async flushed(): Promise<void> {
    while (this.sink.writableLength > 0 && !this.sink.destroyed && this.failure === ERRNO.SUCCESS) {
      await new Promise<void>((resolve) => {
        this.onReady(true, resolve);
        setImmediate(resolve);
      });
    }
  }

  read(): number {
    return -ERRNO.BADF;
  }
  available(): number {
    return 0;
  }
  /** Does nothing: the process goes on to have it. */
  close(): void {}
}

/** Bytes that a `Writable` is given at a time; a longer write is a short count. */
const MOST_HELD = 1024 * 1024;

function firstBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  return buffers.map((buffer) => {
    const part = buffer.subarray(0, left);
    left -= part.length;
    return part;
  });
}

function attemptErrno(error: unknown): Errno {
  try {
    return errnoOf(error) || ERRNO.IO;
  } catch {
    return ERRNO.IO;
  }
}
