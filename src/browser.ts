/**
 * tswasm on a page or in a worker: WASI programs, and the browser as a WASI host. The entry `tswasm/browser`. Nothing is evaluated, and no memory
 * is shared: it runs under `script-src 'self'`.
 */
import { decodeWithin } from '../embed/loop/decode';
import { DRIVE_OPTIONS, type DriveOptions } from '../embed/loop/drive';
import { type GuestImports, RunStoppedError, runCommand } from '../embed/loop/run';
import {
  type ByteSource,
  bytesOf,
  CALLBACK,
  OBJECT,
  OBJECTS,
  type OptionChecks,
  readOptions,
  TEXT,
  TEXT_OR_OBJECT,
  TEXTS,
  VARIABLES,
} from './checks';
import { type DecodeProgress, Module, type Scheduler, type StoreLimits } from './index';
import { nextTurn } from './js-api/turns';
import {
  type DirectoryHandle,
  inputStream,
  MemoryFileSystem,
  outputStream,
  type Pollable,
  Wasi,
  type WasiHost,
  type WasiOptions,
} from './wasi/index';
import { wallClock } from './wasi/wall-clock';
import { fromMilliseconds } from './wasi/words';

export { type DriveOptions, drive, type Ending, type StopReason } from '../embed/loop/drive';
export { type Guest, type GuestImports, RunStoppedError } from '../embed/loop/run';

/** Input: text, bytes or a stream. */
export type Input = string | ByteSource | Pollable;
/** Output: the result of `runWasi` ('capture'), a function or a stream. */
export type Output = 'capture' | ((bytes: Uint8Array) => void) | Pollable;

/** How a WASI program is run. */
export interface RunWasiOptions extends DriveOptions {
  /** The program's arguments, without its name. */
  readonly args?: readonly string[];
  /** What the program sees as its name. Default `program`. */
  readonly argv0?: string;
  /** Variables of the program's; default none. */
  readonly env?: WasiOptions['env'];
  /** Directories by the names that the program sees. */
  readonly preopens?: Readonly<Record<string, MemoryFileSystem | DirectoryHandle>>;
  /** Default: empty. */
  readonly stdin?: Input;
  /** Default: 'capture'. */
  readonly stdout?: Output;
  /** Where the program complains; default as `stdout`. */
  readonly stderr?: Output;
  /** Limits of WASI: descriptors, bytes written, files. */
  readonly limits?: WasiOptions['limits'];
  /** Limits of memory, tables, depth and code. */
  readonly storeLimits?: Partial<StoreLimits>;
  /** Clocks and random numbers from a seed. */
  readonly deterministic?: WasiOptions['deterministic'];
  /** Functions beside WASI's whose state travels in its snapshots: `new WasiNn(...)` of `tswasm/wasi-nn`. */
  readonly companions?: WasiOptions['companions'];
  /** What the module imports beside WASI. */
  readonly imports?: GuestImports;
  /** Gets a snapshot when the program is stopped; `resumeFrom` goes on from there. */
  readonly snapshotTo?: (snapshot: Uint8Array) => void;
  /** A snapshot to go on from. */
  readonly resumeFrom?: ByteSource;
  /** Told how much of the program has been decoded, unless it is a `Module` already. */
  readonly onProgress?: DecodeProgress;
}

/** How a program ended. */
export interface RunWasiResult {
  /** What it exited with. */
  readonly exitCode: number;
  /** What was captured; empty when it went elsewhere. */
  readonly stdout: Uint8Array;
  /** What it complained, if that was captured. */
  readonly stderr: Uint8Array;
  /** The guest's world after the run, for example `wasi.memoryFiles('/')`. */
  readonly wasi: Wasi;
}

const RUN_WASI_OPTIONS: OptionChecks<RunWasiOptions> = {
  ...DRIVE_OPTIONS,
  args: TEXTS,
  argv0: TEXT,
  env: VARIABLES,
  preopens: OBJECT,
  stdin: TEXT_OR_OBJECT,
  stdout: TEXT_OR_OBJECT,
  stderr: TEXT_OR_OBJECT,
  limits: OBJECT,
  storeLimits: OBJECT,
  deterministic: OBJECT,
  companions: OBJECTS,
  imports: OBJECT,
  snapshotTo: CALLBACK,
  resumeFrom: OBJECT,
  onProgress: CALLBACK,
};

/** Milliseconds of computing between two turns of the event loop: half of what a frame at sixty a second has. */
const SLICE = 8;
/** Bytes that are captured when `limits.outputBytes` says nothing. */
const MAX_CAPTURED = 64 * 1024 * 1024;
/** As many bytes as `crypto.getRandomValues` fills at once. */
const MAX_RANDOM = 65_536;
/** setTimeout's limit. */
const LONGEST_TIMEOUT = 0x7fffffff;
/** How often a stream is asked whether it is ready, in milliseconds. */
const ASK_AGAIN = 10;

/** For `runAsync`: the page's clock, turns and timers. */
export const browserScheduler: Scheduler = {
  now: () => performance.now(),
  turn: nextTurn,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMEOUT));
    return () => clearTimeout(timer);
  },
};

/** A page or a worker as a WASI host. Streams that are not given are empty. */
export function browserHost(streams: Pick<WasiHost, 'stdin' | 'stdout' | 'stderr'> = {}): WasiHost {
  return {
    realtime: wallClock(
      Date.now,
      () => performance.now(),
      () => performance.timeOrigin,
    ),
    monotonic: () => fromMilliseconds(performance.now()),
    // What pages are told of time is coarse on purpose.
    resolution: 100_000,
    random(bytes) {
      for (let at = 0; at < bytes.length; at += MAX_RANDOM) {
        // Memory of a guest may be shared, which `crypto` does not fill.
        const part = new Uint8Array(Math.min(MAX_RANDOM, bytes.length - at));
        bytes.set(crypto.getRandomValues(part), at);
      }
    },
    wait(duration, interests) {
      const most = interests.length > 0 ? ASK_AGAIN : LONGEST_TIMEOUT;
      let cancel = () => {};
      const over = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(Math.ceil(duration / 1e6), most));
        cancel = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return { promise: over, cancel };
    },
    ...streams,
  };
}

/**
 * Runs a WASI command to its end, in slices that leave the page its turns. Throws CompileError or LinkError for a module that cannot run,
 * RuntimeError for a trap, RunStoppedError when a limit of the options is reached. Bytes that are given are copied.
 */
export async function runWasi(
  program: ByteSource | Module,
  options: RunWasiOptions = {},
): Promise<RunWasiResult> {
  const begun = performance.now();
  const given = readOptions('runWasi', options, RUN_WASI_OPTIONS);
  const { slice = SLICE, fuel, timeout, signal, onStop, ...world } = given;
  const stdin = inputOf(world.stdin);
  const whole: DriveOptions = { slice, fuel, timeout, signal, onStop };
  const module =
    program instanceof Module
      ? program
      : await decodeWithin(new Uint8Array(bytesOf('the program', program)), whole, {
          onProgress: world.onProgress,
        });
  if (!(module instanceof Module)) throw new RunStoppedError(module, []);
  const left = timeout === undefined ? undefined : Math.max(0, timeout - (performance.now() - begun));
  const stdout = new Capture(world.stdout);
  const stderr = new Capture(world.stderr);
  const wasi = new Wasi({
    host: browserHost({ stdin, stdout: stdout.stream, stderr: stderr.stream }),
    args: [world.argv0 ?? 'program', ...(world.args ?? [])],
    env: world.env,
    preopens: Object.entries(world.preopens ?? {}).map(([path, directory]) => ({
      path,
      directory: directory instanceof MemoryFileSystem ? directory.directory() : directory,
    })),
    limits: { outputBytes: MAX_CAPTURED, ...world.limits },
    deterministic: world.deterministic,
    companions: world.companions,
    blocking: false,
  });
  const { imports, storeLimits, resumeFrom, snapshotTo } = world;
  const limits = { ...whole, timeout: left };
  const exitCode = await runCommand({
    module,
    wasi,
    limits,
    storeLimits,
    isDeterministic: world.deterministic !== undefined,
    imports,
    resumeFrom,
    snapshotTo,
  });
  return { exitCode, stdout: stdout.captured(), stderr: stderr.captured(), wasi };
}

function inputOf(input: Input = ''): Pollable {
  if (typeof input === 'string') return inputStream(new TextEncoder().encode(input));
  if ('read' in input) return input;
  return inputStream(new Uint8Array(bytesOf('stdin', input)));
}

/** An output, and what of it was captured. */
class Capture {
  readonly stream: Pollable;
  private readonly pieces: Uint8Array[] = [];

  constructor(output: Output = 'capture') {
    if (output === 'capture') this.stream = outputStream((bytes) => this.pieces.push(bytes));
    else this.stream = typeof output === 'function' ? outputStream(output) : output;
  }

  captured(): Uint8Array {
    const whole = new Uint8Array(this.pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
