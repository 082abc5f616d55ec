/** A serial line of this machine, with an engine at its other end that is there already. By `stty`, which every Linux and macOS has, and Node itself. */
import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import type { Clock } from '../agent/world';
import type { Connect } from '../bridge/house';
import { AgentEnd } from '../bridge/link';

export interface SerialChoice {
  readonly device: string;
  /** Bits a second. */
  readonly baud: number;
}

const run = promisify(execFile);
/** Milliseconds in which a device takes its settings. */
const SETTING = 5_000;

/** Eight bits, and nothing is made of them by anybody. */
async function set({ device, baud }: SerialChoice): Promise<void> {
  const which = process.platform === 'darwin' ? '-f' : '-F';
  const words = ['raw', '-echo', 'cs8', '-parenb', '-cstopb', 'clocal', '-crtscts'];
  await run('stty', [which, device, String(baud), ...words], { timeout: SETTING });
}

export function serialLine(choice: SerialChoice, clock: Pick<Clock, 'now' | 'after'>): Connect {
  return (take, ended) => {
    let port: ReadStream | undefined;
    let isClosed = false;
    const end = new AgentEnd({
      clock,
      session: crypto.getRandomValues(new Uint32Array(1))[0],
      // What is said before the device is open is said again.
      write: (bytes) => port?.write(bytes),
      take,
      ended,
    });
    const close = (): void => {
      isClosed = true;
      end.close();
      port?.destroy();
    };
    const lose = (error: { readonly message: string } | undefined): void => {
      if (isClosed) return;
      close();
      const reason = error?.message.trim().split('\n').at(-1);
      ended(
        `is out of reach: ${choice.device}${reason === undefined ? ' has been pulled out' : `: ${reason}`}`,
      );
    };
    set(choice)
      .then(() => {
        if (isClosed) return;
        const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
        const opened = new ReadStream(openSync(choice.device, O_RDWR | O_NOCTTY | O_NONBLOCK));
        port = opened;
        opened.on('data', (bytes: Buffer) => end.read(bytes));
        opened.on('error', lose);
        opened.on('close', () => lose(undefined));
      })
      .catch(lose);
    return {
      send: (bytes) => end.send(bytes),
      close,
      get moved() {
        return end.moved;
      },
    };
  };
}
