/**
 * A QuickJS for an agent's guests: a child process, whose program the build has put beside this one's, or one at the other end of a serial line,
 * which runs that program with `--line`.
 */
import { fileURLToPath } from 'node:url';
import type { Devices } from '../agent/host/devices';
import type { Models } from '../agent/models';
import type { Clock } from '../agent/world';
import { childProcess } from '../bridge/child';
import { type Connect, RemoteHouse } from '../bridge/house';
import { type SerialChoice, serialLine } from './serial';

/** A program of this machine, or a line to another one. */
export type QuickjsChoice = { readonly program: string } | { readonly line: SerialChoice };

export interface QuickjsParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly models: Models;
  readonly log: (text: string) => void;
  readonly onEnd?: (reason: string) => void;
  /** The program that it runs; only tests have another one. */
  readonly file?: string;
}

export function quickjsHouse(choice: QuickjsChoice, parts: QuickjsParts): RemoteHouse {
  const { models, ...rest } = parts;
  return new RemoteHouse({
    ...rest,
    connect: 'line' in choice ? serialLine(choice.line, parts.clock) : child(choice.program, parts),
    compute: (encoding, request) => models.compute(encoding, request),
  });
}

function child(program: string, { log, file = OWN }: QuickjsParts): Connect {
  // Bellard's builds want to hear that it is a module, the -ng ones that it needs `std` and `os`.
  return childProcess(program, ['--std', '-m', file], (line) => log(`${program}: ${line}`));
}
const OWN = fileURLToPath(new URL('quickjs-guests.js', import.meta.url));
