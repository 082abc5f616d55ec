/** Node's error codes as WASI errnos. */
import { ERRNO, type Errno } from '../../src/wasi/abi';

/** Codes whose name is not `E` and the errno's own name. */
const OTHER: Readonly<Record<string, Errno>> = {
  EOPNOTSUPP: ERRNO.NOTSUP,
  EWOULDBLOCK: ERRNO.AGAIN,
  // Windows tells the end of a pipe this way.
  EOF: ERRNO.SUCCESS,
};

const BY_NAME: Readonly<Record<string, Errno>> = ERRNO;

/** The errno of what a function of `node:fs` threw. What is not a system error is a defect and goes on its way. */
export function errnoOf(error: unknown): Errno {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string') throw error;
  if (code in OTHER) return OTHER[code];
  if (code.startsWith('ERR_')) return ERRNO.INVAL;
  return BY_NAME[code.slice(1)] ?? ERRNO.IO;
}

/** What `run` gives, or the errno of what it throws. */
export function attempt<T>(run: () => T): T | Errno {
  try {
    return run();
  } catch (error) {
    return errnoOf(error);
  }
}

/** Success, or the errno of what `run` throws. */
export function errnoFrom(run: () => void): Errno {
  try {
    run();
    return ERRNO.SUCCESS;
  } catch (error) {
    return errnoOf(error);
  }
}
