/** What is told of work that takes long, on a terminal alone: one line that is written over, and gone at the end. */
import { type DecodeOptions, Module } from '../index';
import { now } from './clock';
import { isTerminal, progressLine } from './output';

/** Milliseconds before anything is shown, and between two showings. */
const PATIENCE = 200;
const INTERVAL = 100;
/** Bytes whose reading or writing may keep somebody waiting for longer than that: it cannot be looked at on the way. */
const LARGE = 16_000_000;

/** Bytes of a module that is checked sooner than anybody gets impatient. */
const SMALL = 100_000;

/** Where it is shown, and when. */
export interface Display {
  readonly visible: boolean;
  /** Milliseconds. */
  now(): number;
  /** A line that the next one replaces; an empty one clears it. */
  show(line: string): void;
}

let terminal: boolean | undefined;

const STDERR: Display = {
  /** Found out when it is asked for: what tells loads modules of Node's that a short run goes without. */
  get visible() {
    terminal ??= isTerminal();
    return terminal;
  },
  now,
  show: progressLine,
};

const NOWHERE: Display = { visible: false, now, show: () => {} };

export class Progress {
  private readonly begun: number;
  private next: number;
  private shown = false;

  /** `what` is being done, for example `checking big.wasm`. */
  constructor(
    private readonly what: string,
    private readonly display: Display = STDERR,
  ) {
    this.begun = display.now();
    this.next = this.begun + PATIENCE;
  }

  /** Called again and again. */
  tick(detail = ''): void {
    const { display } = this;
    if (!display.visible) return;
    const now = display.now();
    if (now < this.next) return;
    this.next = now + INTERVAL;
    this.shown = true;
    display.show(`tswasm: ${this.what}${detail}, ${Math.round((now - this.begun) / 1000)} s`);
  }

  /** The same with how much is done, of how much. */
  share(done: number, total: number): void {
    this.tick(`: ${Math.floor((100 * done) / total)} %`);
  }

  end(): void {
    if (this.shown) this.display.show('');
    this.shown = false;
  }
}

/** Work on so many bytes that lets nobody look at it before it is done: said before it begins. */
export function during<T>(what: string, bytes: number, work: () => T, display: Display = STDERR): T {
  if (bytes < LARGE || !display.visible) return work();
  display.show(`tswasm: ${what} (${megabytes(bytes)})`);
  try {
    return work();
  } finally {
    display.show('');
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A module whose decoding is looked at. */
export function decodeModule(file: string, bytes: Uint8Array, features?: DecodeOptions['features']): Module {
  const progress = checking(file, bytes);
  try {
    return Module.decode(bytes, { features, onProgress: (done, total) => progress.share(done, total) });
  } finally {
    progress.end();
  }
}

/** Of decoding and validation. */
export function checking(file: string, bytes: Uint8Array): Progress {
  const display = bytes.length < SMALL ? NOWHERE : STDERR;
  return new Progress(`checking ${file} (${megabytes(bytes.length)})`, display);
}
