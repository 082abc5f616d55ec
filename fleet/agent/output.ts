/** What a guest prints: at a rate, beyond which it has to wait; kept for the answer, and told to the log line by line. */
import { ERRNO, outputStream, type StreamHandle } from 'tswasm/wasi';
import type { Rate } from './rate';

/** Bytes of output that an answer carries; the log has all of it. */
const MAX_KEPT = 32 * 1024;
/** Characters after which a line without an end is told. */
const MAX_LINE = 4096;

/** A stream that takes no more than the rate lets through. */
export function limitedStream(rate: Rate, take: (bytes: Uint8Array) => void): StreamHandle {
  const all = outputStream(take);
  return {
    ...all,
    write: (buffers) => {
      const size = buffers.reduce((sum, { length }) => sum + length, 0);
      if (rate.available() < Math.min(size, 1)) return -ERRNO.AGAIN;
      rate.take(size);
      return all.write(buffers);
    },
    writable: () => rate.available() >= 1,
  };
}

export class Output {
  private readonly decoder = new TextDecoder();
  private kept = '';
  private line = '';

  constructor(private readonly log: (text: string) => void) {}

  write(bytes: Uint8Array): void {
    this.print(this.decoder.decode(bytes, { stream: true }));
  }

  print(text: string): void {
    if (this.kept.length < MAX_KEPT) this.kept += text.slice(0, MAX_KEPT - this.kept.length);
    this.line += text;
    for (let end = this.line.indexOf('\n'); end >= 0; end = this.line.indexOf('\n')) {
      this.log(this.line.slice(0, end));
      this.line = this.line.slice(end + 1);
    }
    if (this.line.length > MAX_LINE) {
      this.log(this.line);
      this.line = '';
    }
  }

  /** What has been printed since it was last asked. */
  taken(): string {
    const { kept } = this;
    this.kept = '';
    return kept;
  }
}
