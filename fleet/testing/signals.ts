/** What a process has started ends with it, also when somebody else ends it. */
import { constants } from 'node:os';

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Closes before this process does what a signal asks for (`timeout` and Ctrl-C send one). */
export function closeOnSignals(close: () => Promise<void>): void {
  for (const signal of SIGNALS)
    process.once(signal, () => {
      void close().finally(() => process.exit(128 + constants.signals[signal]));
    });
}
