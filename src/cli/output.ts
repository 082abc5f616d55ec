/** Writing to the terminal: at once, so that nothing is lost when the process ends, and quiet when nobody reads any more. */
import { writeSync } from 'node:fs';
import { late } from '../../embed/node/late';
import { printable } from '../errors';

/** Ends the process as a signal SIGPIPE would. */
export const BROKEN_PIPE = 128 + 13;

function write(fd: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(BROKEN_PIPE);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
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

/** Colours when somebody looks, and has not asked for none (no-color.org). */
function colours(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return late('node:tty').isatty(2) && TERM !== 'dumb';
}

const SGR = { bold: '1', dim: '2', error: '1;31', note: '1;36' } as const;

function paint(style: keyof typeof SGR, text: string): string {
  return `\u001b[${SGR[style]}m${text}\u001b[0m`;
}

/** A line on standard error, under our name. Colours come after what would harm a terminal has been made visible. */
export function complain(message: string, kind: 'note' | 'error' = 'note'): void {
  const text = tame(message);
  if (!colours()) {
    write(2, `tswasm: ${text}\n`);
    return;
  }
  const [first, ...others] = text.split('\n');
  const rest = others.map((line) => `\n${paint('dim', line)}`).join('');
  write(2, `${paint(kind, 'tswasm:')} ${paint('bold', first)}${rest}\n`);
}

/** Whether standard error is a terminal, where a line may be written over. */
export function isTerminal(): boolean {
  return late('node:tty').isatty(2);
}

/** A line that the next one replaces; an empty one clears it. For terminals. */
export function progressLine(text: string): void {
  write(2, `\r\u001b[K${tame(text)}`);
}
