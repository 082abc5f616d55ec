/** `--timeout` of what is done before a program runs, or without one: in parts, with a look at the clock between them. */
import { type Features, Module } from '../decoder';
import { now } from './clock';
import { type OptionSpec, type Options, parseDuration } from './options';
import { checking } from './progress';

export const TIMEOUT: OptionSpec = {
  name: 'timeout',
  value: 'TIME',
  help: 'stop after this time, for example 500ms, 5s or 2m',
};

/** Milliseconds of `--timeout`. */
export function timeoutOf(options: Options): number | undefined {
  const text = options.get(TIMEOUT.name);
  return text === undefined ? undefined : parseDuration(TIMEOUT.name, text);
}

/** The time of a command is over. */
export class TimeoutError extends Error {}

/** The time that a command has, from when this is made. */
export class TimeLimit {
  private readonly begun = now();
  private readonly given: number;

  constructor(private readonly options: Options) {
    this.given = timeoutOf(options) ?? Number.POSITIVE_INFINITY;
  }

  /** Throws when the time is over. */
  look(): void {
    if (now() - this.begun >= this.given) {
      throw new TimeoutError(`stopped: not finished after ${this.options.get(TIMEOUT.name)}`);
    }
  }

  /** All parts, or the error that the time is over. */
  inParts<T>(parts: Generator<undefined, T, undefined>): T {
    for (;;) {
      const { done, value } = parts.next();
      this.look();
      if (done) return value;
    }
  }

  /** Decodes a module, and tells that on a terminal when it takes long. */
  decode(file: string, bytes: Uint8Array, features?: Partial<Features>): Module {
    const progress = checking(file, bytes);
    const onProgress = (done: number, total: number) => progress.share(done, total);
    try {
      return this.inParts(Module.decodeInParts(bytes, { features, onProgress }));
    } finally {
      progress.end();
    }
  }
}
