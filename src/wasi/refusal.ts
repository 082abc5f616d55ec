/** Calls that fail end with an error number from wherever they find it: it is thrown, and becomes the answer of the call. */
import type { Errno } from './abi';

class Refusal {
  readonly errno: Errno;
  constructor(errno: Errno) {
    this.errno = errno;
  }
}

export function refuse(errno: Errno): never {
  throw new Refusal(errno);
}

/** What a host's object has answered, unless that is an error number. */
export function given<T>(answer: T | Errno): Exclude<T, number> {
  return typeof answer === 'number' ? refuse(answer) : (answer as Exclude<T, number>);
}

/** What it gives, or the number that it was refused with. */
export function answerOf<T>(run: () => T): T | Errno {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) return error.errno;
    throw error;
  }
}
