/** The standard streams of this process for a guest that must not block the event loop. */
import { fstatSync, type Stats } from 'node:fs';
import { FILETYPE, type StreamHandle } from '../../src/wasi/index';
import type { NodeHostOptions } from './host';
import { late } from './late';
import { DescriptorStream, type NodePollable, ReadableStream } from './streams';

/** Standard input. A file is read in place; from a terminal or a pipe Node's stream reads, once the guest asks for something. */
export function standardInput(): StreamHandle {
  let kind: Stats | undefined;
  try {
    kind = fstatSync(0);
  } catch {
    kind = undefined;
  }
  return kind?.isFile() || kind === undefined ? new DescriptorStream(0) : new LazyInput();
}

class LazyInput implements StreamHandle, NodePollable {
  readonly kind = 'stream';
  private made: ReadableStream | undefined;

  private get stream(): ReadableStream {
    const type = late('node:tty').isatty(0) ? FILETYPE.CHARACTER_DEVICE : FILETYPE.UNKNOWN;
    this.made ??= new ReadableStream(process.stdin, type);
    return this.made;
  }
  stat() {
    return new DescriptorStream(0).stat();
  }
  read(buffers: readonly Uint8Array[]) {
    return this.stream.read(buffers);
  }
  write(buffers: readonly Uint8Array[]) {
    return new DescriptorStream(0).write(buffers);
  }
  available() {
    return this.stream.available();
  }
  writable() {
    return true;
  }
  unread() {
    return this.made?.unread() ?? new Uint8Array(0);
  }
  giveBack(bytes: Uint8Array) {
    this.stream.giveBack(bytes);
  }
  onReady(write: boolean, callback: () => void) {
    return this.stream.onReady(write, callback);
  }
  close() {}
}

/** Lets the process end although standard input is still open: nobody waits for it any more. */
export function releaseInput(): void {
  process.stdin.pause();
  (process.stdin as Partial<NodeJS.Socket & typeof process.stdin>).unref?.();
}

/** Standard streams for runs on the event loop. `onBrokenPipe` is called when nobody reads the output any more. */
export function processStreams(onBrokenPipe?: () => void): Required<NodeHostOptions> {
  return {
    stdin: standardInput(),
    stdout: new DescriptorStream(1, onBrokenPipe),
    stderr: new DescriptorStream(2, onBrokenPipe),
  };
}
