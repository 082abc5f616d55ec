/** A QuickJS beside an agent: a child process whose program the build has put beside this one's. */
import { fileURLToPath } from 'node:url';
import type { Devices } from '../agent/host/devices';
import type { Models } from '../agent/models';
import type { Clock } from '../agent/world';
import { childProcess } from '../bridge/child';
import { RemoteHouse } from '../bridge/house';

export interface QuickjsParts {
  readonly clock: Clock;
  readonly devices: Devices;
  readonly models: Models;
  readonly log: (text: string) => void;
  /** The program that it runs; only tests have another one. */
  readonly file?: string;
}

export function quickjsHouse(program: string, parts: QuickjsParts): RemoteHouse {
  const { clock, devices, models, log } = parts;
  const { file = fileURLToPath(new URL('quickjs-guests.js', import.meta.url)) } = parts;
  return new RemoteHouse({
    // Bellard's builds want to hear that it is a module, the -ng ones that it needs `std` and `os`.
    connect: childProcess(program, ['--std', '-m', file], (line) => log(`${program}: ${line}`)),
    clock,
    devices,
    compute: (encoding, request) => models.compute(encoding, request),
    log,
  });
}
