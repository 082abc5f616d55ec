/** tswasm on Node: one-liners for WASI programs, and Node as a WASI host. The entry `tswasm/node`. */
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
import '../embed/node/fresh-factories';
import '../embed/node/native-memory';
import '../embed/node/tiers';
import '../embed/node/source-positions';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { decodeWithin } from '../embed/loop/decode';
import { DRIVE_OPTIONS, type DriveOptions } from '../embed/loop/drive';
import { type GuestImports, RunStoppedError, runCommand } from '../embed/loop/run';
import { nodeDirectory } from '../embed/node/files';
import { nodeHost } from '../embed/node/host';
import { processStreams, releaseInput } from '../embed/node/stdio';
import { ReadableStream, WritableStream } from '../embed/node/streams';
import { type DecodeProgress, Module, type StoreLimits, type TierChoice } from './index';
import {
  type DirectoryHandle,
  inputStream,
  MemoryFileSystem,
  outputStream,
  type Pollable,
  Wasi,
  type WasiOptions,
} from './wasi/index';

export { type DriveOptions, drive, type Ending, type StopReason } from '../embed/loop/drive';
export { type Guest, type GuestImports, RunStoppedError } from '../embed/loop/run';
export { type NodeDirectoryOptions, nodeDirectory } from '../embed/node/files';
export { inheritedStreams, type NodeHostOptions, nodeHost } from '../embed/node/host';
export { keepCode } from '../embed/node/keep-code';
export { processStreams } from '../embed/node/stdio';
export { ReadableStream, WritableStream } from '../embed/node/streams';

/** Where input comes from: this process's standard input, text, bytes, or a stream. */
export type Input = 'inherit' | string | Uint8Array | Readable | Pollable;
/** Where output goes: this process's own, the result of `runWasi` ('capture'), a stream, or a function. */
export type Output = 'inherit' | 'capture' | Writable | Pollable | ((bytes: Uint8Array) => void);
/** A path on this machine, in-memory files, or any directory. */
export type Directory = string | MemoryFileSystem | DirectoryHandle;

/** How a WASI program is run. */
export interface RunWasiOptions extends DriveOptions {
  /** The program's arguments, without its name. */
  readonly args?: readonly string[];
  /** What the program sees as its name. Default `program`. */
  readonly argv0?: string;
  /** Variables of the program's; default none. */
  readonly env?: WasiOptions['env'];
  /** Directories by the names that the program sees. */
  readonly preopens?: Readonly<Record<string, Directory>>;
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
  /** What runs its functions, as for a `Store`. */
  readonly tier?: TierChoice;
  /** Clocks and random numbers from a seed. */
  readonly deterministic?: WasiOptions['deterministic'];
  /** Functions beside WASI's whose state travels in its snapshots: `new WasiNn(...)` of `tswasm/wasi-nn`. */
  readonly companions?: WasiOptions['companions'];
  /** What the module imports beside WASI, by name; or a function that gives it, for imports that look into the guest's memory. */
  readonly imports?: GuestImports;
  /**
   * Where a snapshot goes when the program is stopped: a file, or a function. `resumeFrom` goes on from there, with the world that the program
   * had: directories are given again under the same names, arguments and variables are those of the snapshot.
   */
  readonly snapshotTo?: string | ((snapshot: Uint8Array) => void);
  /** A snapshot to go on from: its bytes, or the name of a file. */
  readonly resumeFrom?: string | ByteSource;
  /** Told how much of the program has been decoded, unless it is a `Module` already. */
  readonly onProgress?: DecodeProgress;
}

/** How a program ended. */
export interface RunWasiResult {
  /** What it exited with. */
  readonly exitCode: number;
  /** What was captured; empty when it went elsewhere. */
  readonly stdout: Buffer;
  /** What it complained, if that was captured. */
  readonly stderr: Buffer;
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
  tier: TEXT,
  deterministic: OBJECT,
  companions: OBJECTS,
  imports: OBJECT,
  snapshotTo: TEXT_OR_OBJECT,
  resumeFrom: TEXT_OR_OBJECT,
  onProgress: CALLBACK,
};

/**
 * Runs a WASI command to its end on the event loop. Throws CompileError or LinkError for a module that cannot run, RuntimeError for a
 * trap, RunStoppedError when a limit of the options is reached. Bytes that are given (the program, its input) are copied.
 */
export async function runWasi(
  program: ByteSource | Module,
  options: RunWasiOptions = {},
): Promise<RunWasiResult> {
  const begun = performance.now();
  const {
    slice = 20,
    fuel,
    timeout,
    signal,
    onStop,
    ...world
  } = readOptions('runWasi', options, RUN_WASI_OPTIONS);
  // Copies: what the caller does to his bytes later is none of the guest's business. A Buffer's own slice is none.
  const stdin = world.stdin instanceof Uint8Array ? new Uint8Array(world.stdin) : world.stdin;
  const whole: DriveOptions = { slice, fuel, timeout, signal, onStop };
  const module =
    program instanceof Module
      ? program
      : await decodeWithin(new Uint8Array(bytesOf('the program', program)), whole, {
          onProgress: world.onProgress,
        });
  if (!(module instanceof Module)) throw new RunStoppedError(module, []);
  const left = timeout === undefined ? undefined : Math.max(0, timeout - (performance.now() - begun));
  const limits = { ...whole, timeout: left };
  const stdout = new Sink(world.stdout ?? 'capture', 'stdout');
  const stderr = new Sink(world.stderr ?? 'capture', 'stderr');
  const wasi = new Wasi({
    host: nodeHost({ stdin: inputOf(stdin), stdout: stdout.stream, stderr: stderr.stream }),
    args: [world.argv0 ?? 'program', ...(world.args ?? [])],
    env: world.env,
    preopens: Object.entries(world.preopens ?? {}).map(([path, directory]) => ({
      path,
      directory: directoryOf(directory),
    })),
    limits: captures(world) ? { outputBytes: MAX_CAPTURED, ...world.limits } : world.limits,
    deterministic: world.deterministic,
    companions: world.companions,
    blocking: false,
  });
  const { imports, storeLimits, tier, resumeFrom, snapshotTo } = world;
  try {
    const exitCode = await runCommand({
      module,
      wasi,
      limits,
      storeLimits,
      tier,
      isDeterministic: world.deterministic !== undefined,
      imports,
      resumeFrom: typeof resumeFrom === 'string' ? readFileSync(resumeFrom) : resumeFrom,
      snapshotTo: typeof snapshotTo === 'string' ? (bytes) => writeFileSync(snapshotTo, bytes) : snapshotTo,
    });
    await Promise.all([stdout.flushed(), stderr.flushed()]);
    return { exitCode, stdout: stdout.captured(), stderr: stderr.captured(), wasi };
  } finally {
    if (world.stdin === 'inherit') releaseInput();
  }
}

/** Bytes that are captured when `limits.outputBytes` says nothing: a program that prints without end must not fill our memory. */
const MAX_CAPTURED = 256 * 1024 * 1024;

function captures({ stdout = 'capture', stderr = 'capture' }: RunWasiOptions): boolean {
  return stdout === 'capture' || stderr === 'capture';
}

function directoryOf(directory: Directory): DirectoryHandle {
  if (typeof directory === 'string') return nodeDirectory(directory);
  return directory instanceof MemoryFileSystem ? directory.directory() : directory;
}

function inputOf(input: Input | undefined): Pollable {
  if (input === 'inherit') return processStreams().stdin;
  if (input === undefined || typeof input === 'string') return inputStream(Buffer.from(input ?? ''));
  if (input instanceof Uint8Array) return inputStream(input);
  return input instanceof Readable ? new ReadableStream(input) : input;
}

/** One of the two outputs of a program. */
class Sink {
  readonly stream: Pollable;
  private readonly pieces: Uint8Array[] = [];
  private readonly writable: WritableStream | undefined;

  constructor(output: Output, name: 'stdout' | 'stderr') {
    if (output instanceof Writable) this.writable = new WritableStream(output);
    if (this.writable !== undefined) this.stream = this.writable;
    else if (output === 'inherit') this.stream = processStreams()[name];
    else if (output === 'capture') this.stream = outputStream((bytes) => this.pieces.push(bytes));
    else this.stream = typeof output === 'function' ? outputStream(output) : (output as Pollable);
  }

  /** Until a stream has taken everything. */
  async flushed(): Promise<void> {
    await this.writable?.flushed();
  }
  captured(): Buffer {
    return Buffer.concat(this.pieces);
  }
}
