/** Node as a WASI host: clocks, random bytes, standard streams and waiting. */
import type { Interest, Pollable, U64, Waiting, WasiHost } from '../../src/wasi/host';
import { firstOf } from '../../src/wasi/waiting';
import { wallClock } from '../../src/wasi/wall-clock';
import { DescriptorStream, isNodePollable } from './streams';
import { words } from './times';

/** Bytes that `crypto.getRandomValues` gives at most. */
const MOST_RANDOM = 65_536;

/** Standard streams for Node as a WASI host. What is left out is the process's own. */
export interface NodeHostOptions {
  /** Where the guest reads. */
  readonly stdin?: Pollable;
  /** Where the guest writes. */
  readonly stdout?: Pollable;
  /** Where the guest complains. */
  readonly stderr?: Pollable;
}

/** setTimeout's limit; who waits longer comes back and waits again. */
const LONGEST_TIMEOUT = 0x7fffffff;
/** How often a stream that cannot call back is asked again, in milliseconds. */
const ASK_AGAIN = 10;

/** A Node host. Streams that are not given are empty. */
export function nodeHost(options: NodeHostOptions = {}): WasiHost {
  return {
    // Node loads `performance` when it is first named.
    realtime: wallClock(
      Date.now,
      () => performance.now(),
      () => performance.timeOrigin,
    ),
    monotonic: () => words(process.hrtime.bigint()),
    cpuTime(): U64 {
      const { user, system } = process.cpuUsage();
      return words(BigInt(user + system) * 1000n);
    },
    random: (bytes) => {
      // Importing node:crypto would cost every program what few need; so many bytes are given at a time.
      for (let at = 0; at < bytes.length; at += MOST_RANDOM)
        crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM));
    },
    waitSync,
    wait,
    ...options,
  };
}

/** The three standard streams of this process, read and written in place (a read of a terminal or pipe blocks). */
export function inheritedStreams(): Required<NodeHostOptions> {
  return { stdin: new DescriptorStream(0), stdout: new DescriptorStream(1), stderr: new DescriptorStream(2) };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function milliseconds(nanoseconds: number, interests: readonly Interest[]): number {
  const ms = Math.min(Math.ceil(nanoseconds / 1e6), LONGEST_TIMEOUT);
  return interests.some(({ stream }) => !isNodePollable(stream)) ? Math.min(ms, ASK_AGAIN) : ms;
}

function waitSync(nanoseconds: number, interests: readonly Interest[]): void {
  // Nothing that needs the event loop can happen meanwhile: with streams to watch, sleep a little and let the caller look again.
  const ms = interests.length > 0 ? Math.min(nanoseconds / 1e6, ASK_AGAIN) : nanoseconds / 1e6;
  Atomics.wait(sleeper, 0, 0, Math.min(ms, LONGEST_TIMEOUT));
}

function wait(nanoseconds: number, interests: readonly Interest[]): Waiting {
  return firstOf((done) => {
    const timer = setTimeout(done, milliseconds(nanoseconds, interests));
    const subscriptions = [() => clearTimeout(timer)];
    for (const { stream, write } of interests) {
      if (isNodePollable(stream)) subscriptions.push(stream.onReady(write, done));
    }
    return subscriptions;
  });
}
