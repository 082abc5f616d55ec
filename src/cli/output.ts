/** Writing to the terminal: at once, so that nothing is lost when the process ends, and quiet when nobody reads any more. */
import { writeSync } from 'node:fs';
import { printable } from '../errors';

/** Ends the process as a signal SIGPIPE would. */
export const BROKEN_PIPE = 128 + 13;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function write(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(BROKEN_PIPE);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

/** Lines without what a terminal would obey: names in them are those of modules, files and snapshots. */
function tame(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** To standard output. */
export function print(text: string): void {
  write(1, tame(text));
}

/** A line on standard error, under our name. */
export function complain(message: string): void {
  write(2, `tswasm: ${tame(message)}\n`);
}
