/** QuickJS as a WASI host: clocks, random bytes, waiting, standard streams. Files are in files.ts. */
import type { Interest, Pollable, U64, Waiting, WasiHost } from '../../src/wasi/host';
import { firstOf } from '../../src/wasi/waiting';
import { wallClock } from '../../src/wasi/wall-clock';
import { fromMilliseconds } from '../../src/wasi/words';
import type { Machine, StdFile } from './machine';
import { DescriptorStream, type Readiness } from './streams';

/** The streams and timers of a guest in QuickJS; one that is left out is empty, or drops what is written. */
export interface QuickjsHostOptions {
  /** Where descriptor 0 reads from. */
  readonly stdin?: Pollable;
  /** Where descriptor 1 writes to. */
  readonly stdout?: Pollable;
  /** Where descriptor 2 writes to. */
  readonly stderr?: Pollable;
  /** Fills the array with unpredictable bytes. Without it they come from /dev/urandom, and without that there are none. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Blocks the thread. Default: `os.sleep`. */
  readonly sleep?: (milliseconds: number) => void;
  /** A timer of the embedder for runs that must not block. Default: `os.setTimeout`. */
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown;
  /** Takes back a timer of `setTimeout`. */
  readonly clearTimeout?: (handle: unknown) => void;
}

/** How often a stream that cannot call back is asked again, in milliseconds. */
const ASK_AGAIN = 10;
/** The longest time for which `os.setTimeout` and `os.sleep` are trusted; who waits longer comes back and waits again. */
const LONGEST = 0x7fffffff;

/** Streams that are not given are empty. `machine` is what `findMachine` found. */
export function quickjsHost(machine: Machine | undefined, options: QuickjsHostOptions = {}): WasiHost {
  const { stdin, stdout, stderr } = options;
  const sleep = options.sleep ?? machine?.os.sleep;
  const setTimer = options.setTimeout ?? machine?.os.setTimeout;
  const clearTimer = options.clearTimeout ?? machine?.os.clearTimeout;
  return {
    realtime: realtimeClock(),
    monotonic: monotonicClock(),
    resolution: performanceClock() ? 1000 : 1_000_000,
    random: options.random ?? randomSource(machine),
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(sleep && { waitSync: (nanos, interests) => sleep(millisecondsFor(nanos, interests)) }),
    ...(setTimer && {
      wait: (nanos, interests) => startWait(nanos, interests, setTimer, clearTimer ?? (() => undefined)),
    }),
  };
}

/** The three standard streams of this process. A read of a terminal or pipe blocks. */
export function inheritedStreams({ os }: Machine): Required<Pick<WasiHost, 'stdin' | 'stdout' | 'stderr'>> {
  return {
    stdin: new DescriptorStream(os, 0),
    stdout: new DescriptorStream(os, 1),
    stderr: new DescriptorStream(os, 2),
  };
}

interface Performance {
  now(): number;
  readonly timeOrigin?: number;
}
const performanceClock = (): Performance | undefined =>
  (globalThis as unknown as { performance?: Performance }).performance;

/** The wall clock; with `performance.now` in its steps. */
function realtimeClock(): () => U64 {
  const fine = performanceClock();
  if (fine === undefined) return () => fromMilliseconds(Date.now());
  return wallClock(
    Date.now,
    () => fine.now(),
    () => fine.timeOrigin,
  );
}

/** `performance.now` where there is one, else the wall clock held back when it is set back. */
function monotonicClock(): () => U64 {
  let latest = 0;
  return () => {
    const now = performanceClock()?.now() ?? Date.now();
    latest = Math.max(latest, now);
    return fromMilliseconds(latest);
  };
}

function randomSource(machine: Machine | undefined): (bytes: Uint8Array) => void {
  let device: StdFile | null | undefined;
  return (bytes) => {
    device ??= machine?.std.open('/dev/urandom', 'rb');
    const own = bytes.slice();
    if (!device || device.read(own.buffer, 0, own.length) !== own.length) {
      throw new Error(
        'this host has no source of random bytes: give quickjsHost one, or run deterministically',
      );
    }
    bytes.set(own);
  };
}

function canCallBack(stream: unknown): stream is Readiness {
  return typeof (stream as Partial<Readiness>).onReady === 'function';
}

function millisecondsFor(nanos: number, interests: readonly Interest[]): number {
  const ms = Math.min(Math.ceil(nanos / 1e6), LONGEST);
  return interests.length > 0 ? Math.min(ms, ASK_AGAIN) : ms;
}

function startWait(
  nanos: number,
  interests: readonly Interest[],
  setTimer: (callback: () => void, milliseconds: number) => unknown,
  clearTimer: (handle: unknown) => void,
): Waiting {
  return firstOf((done) => {
    const mute = interests.filter(({ stream }) => !canCallBack(stream));
    const timer = setTimer(done, millisecondsFor(nanos, mute));
    const subscriptions = [() => clearTimer(timer)];
    for (const { stream, write } of interests) {
      if (!write && canCallBack(stream)) subscriptions.push(stream.onReady(done));
    }
    return subscriptions;
  });
}
