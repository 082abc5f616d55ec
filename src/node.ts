/** tswasm on Node: one-liners for WASI programs, and Node as a WASI host. The entry `tswasm/node`. */
import {
  type ByteSource,
  bytesOf,
  OBJECT,
  type OptionChecks,
  readOptions,
  TEXT,
  TEXT_OR_OBJECT,
} from './checks';
import '../embed/node/fresh-factories';
import '../embed/node/native-memory';
import '../embed/node/source-positions';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { decodeWithin } from '../embed/node/decode';
import { DRIVE_OPTIONS, type DriveOptions, type StopReason } from '../embed/node/drive';
import { nodeDirectory } from '../embed/node/files';
import { nodeHost } from '../embed/node/host';
import { exportedFunc, type ProgramEnding, programOf } from '../embed/node/program';
import { processStreams, releaseInput } from '../embed/node/stdio';
import { ReadableStream, WritableStream } from '../embed/node/streams';
import {
  type BacktraceFrame,
  Execution,
  Func,
  type ImportSource,
  type ImportsByName,
  type Instance,
  instantiatePaused,
  LinkError,
  type Memory,
  Module,
  Store,
  type StoreLimits,
} from './index';
import { restore, snapshot, withDigest } from './snapshot/index';
import {
  type DirectoryHandle,
  inputStream,
  MemoryFileSystem,
  outputStream,
  type Pollable,
  Wasi,
  type WasiOptions,
} from './wasi/index';

export { type DriveOptions, drive, type Ending, type StopReason } from '../embed/node/drive';
export { type NodeDirectoryOptions, nodeDirectory } from '../embed/node/files';
export { inheritedStreams, type NodeHostOptions, nodeHost } from '../embed/node/host';
export { processStreams } from '../embed/node/stdio';
export { ReadableStream, WritableStream } from '../embed/node/streams';

/** Where input comes from: this process's standard input, text, bytes, or a stream. */
export type Input = 'inherit' | string | Uint8Array | Readable | Pollable;
/** Where output goes: this process's own, the result of `runWasi` ('capture'), a stream, or a function. */
export type Output = 'inherit' | 'capture' | Writable | Pollable | ((bytes: Uint8Array) => void);
/** A path on this machine, in-memory files, or any directory. */
export type Directory = string | MemoryFileSystem | DirectoryHandle;

export interface RunWasiOptions extends DriveOptions {
  /** The program's arguments, without its name. */
  readonly args?: readonly string[];
  /** What the program sees as its name. Default `program`. */
  readonly argv0?: string;
  readonly env?: WasiOptions['env'];
  /** Directories by the names that the program sees. */
  readonly preopens?: Readonly<Record<string, Directory>>;
  /** Default: empty. */
  readonly stdin?: Input;
  /** Default: 'capture'. */
  readonly stdout?: Output;
  readonly stderr?: Output;
  readonly limits?: WasiOptions['limits'];
  readonly storeLimits?: Partial<StoreLimits>;
  readonly deterministic?: WasiOptions['deterministic'];
  /** What the module imports beside WASI, by name; or a function that gives it, for imports that look into the guest's memory. */
  readonly imports?: ImportsByName | ((guest: Guest) => ImportSource);
  /**
   * Where a snapshot goes when the program is stopped: a file, or a function. `resumeFrom` goes on from there, with the world that the program
   * had: directories are given again under the same names, arguments and variables are those of the snapshot.
   */
  readonly snapshotTo?: string | ((snapshot: Uint8Array) => void);
  /** A snapshot of this program, as a file or as bytes, to go on from. */
  readonly resumeFrom?: string | ByteSource;
}

/** The program's side, for what it imports. */
export interface Guest {
  readonly store: Store;
  /** Throws as long as there is none: it is made when all imports are known. */
  readonly instance: Instance;
  /** The memory that it exports as `memory`. */
  readonly memory: Memory;
}

export interface RunWasiResult {
  readonly exitCode: number;
  /** What was captured; empty when it went elsewhere. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** The guest's world after the run, for example `wasi.memoryFiles('/')`. */
  readonly wasi: Wasi;
}

const RUN_WASI_OPTIONS: OptionChecks<RunWasiOptions> = {
  ...DRIVE_OPTIONS,
  args: OBJECT,
  argv0: TEXT,
  env: OBJECT,
  preopens: OBJECT,
  stdin: TEXT_OR_OBJECT,
  stdout: TEXT_OR_OBJECT,
  stderr: TEXT_OR_OBJECT,
  limits: OBJECT,
  storeLimits: OBJECT,
  deterministic: OBJECT,
  imports: OBJECT,
  snapshotTo: TEXT_OR_OBJECT,
  resumeFrom: TEXT_OR_OBJECT,
};

/** The run used up its fuel or time, or was aborted. */
export class RunStoppedError extends Error {
  constructor(
    readonly reason: StopReason,
    /** Where the guest was, innermost frame first. */
    readonly backtrace: readonly BacktraceFrame[],
    /** What it could go on from, when `snapshotTo` asks for it. */
    readonly snapshot?: Uint8Array,
  ) {
    super(`the program was stopped (${reason})`);
  }
}
Object.defineProperty(RunStoppedError.prototype, 'name', { value: 'RunStoppedError', configurable: true });

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
      : await decodeWithin(new Uint8Array(bytesOf('the program', program)), whole);
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
    blocking: false,
  });
  const store = new Store(world.storeLimits);
  const guest = new RunningGuest(store);
  const given = typeof world.imports === 'function' ? world.imports(guest) : world.imports;
  const imports = wasi.imports(store, module, Func.host, given);
  const keeper = new SnapshotKeeper(wasi, world.snapshotTo);
  try {
    guest.instance = instantiatePaused(store, module, imports);
    const started = programOf(guest.instance, keeper.watched(limits));
    const main = exportedFunc(guest.instance, '_start');
    if (main === undefined) throw new LinkError('the module exports no function "_start"');
    const first =
      world.resumeFrom === undefined
        ? startOf(guest.instance)
        : resumed(world.resumeFrom, guest.instance, wasi);
    let ending = first === undefined ? undefined : await started.goOn(first);
    if (ending === undefined || (ending.kind === 'done' && first?.func !== main))
      ending = await started.run(main, []);
    const exitCode = exitCodeOf(ending, keeper.taken);
    await Promise.all([stdout.flushed(), stderr.flushed()]);
    return { exitCode, stdout: stdout.captured(), stderr: stderr.captured(), wasi };
  } finally {
    wasi.cancelWait();
    if (world.stdin === 'inherit') releaseInput();
  }
}

/** Bytes that are captured when `limits.outputBytes` says nothing: a program that prints without end must not fill our memory. */
const MAX_CAPTURED = 256 * 1024 * 1024;

function captures({ stdout = 'capture', stderr = 'capture' }: RunWasiOptions): boolean {
  return stdout === 'capture' || stderr === 'capture';
}

function exitCodeOf(ending: ProgramEnding, snapshot: Uint8Array | undefined): number {
  switch (ending.kind) {
    case 'done':
      return 0;
    case 'exited':
      return ending.code;
    case 'trapped':
      throw ending.error;
    case 'stopped':
      throw new RunStoppedError(ending.reason, ending.backtrace, snapshot);
  }
}

/** The start function, when there is one. */
function startOf({ startFunc }: Instance): Execution | undefined {
  return startFunc === undefined ? undefined : new Execution(startFunc, []);
}

function resumed(from: string | ByteSource, instance: Instance, wasi: Wasi): Execution {
  const bytes = typeof from === 'string' ? readFileSync(from) : bytesOf('resumeFrom', from);
  return restore(bytes, instance, { loadHostState: (state) => wasi.restoreState(state) });
}

class RunningGuest implements Guest {
  private made: Instance | undefined;

  constructor(readonly store: Store) {}

  get instance(): Instance {
    if (this.made === undefined) throw new TypeError('the instance is made when all its imports are known');
    return this.made;
  }
  set instance(instance: Instance) {
    this.made = instance;
  }
  get memory(): Memory {
    return this.instance.memory('memory');
  }
}

/** Takes a snapshot of an execution that shall not go on. */
class SnapshotKeeper {
  taken: Uint8Array | undefined;

  constructor(
    private readonly wasi: Wasi,
    private readonly target: RunWasiOptions['snapshotTo'],
  ) {}

  watched(options: DriveOptions): DriveOptions {
    if (this.target === undefined) return options;
    const onStop: DriveOptions['onStop'] = (reason, execution) => {
      const more = options.onStop?.(reason, execution);
      if (more === undefined) this.take(execution);
      return more;
    };
    return { ...options, onStop };
  }

  private take(execution: Execution): void {
    const bytes = withDigest(snapshot(execution, { hostState: this.wasi.saveState() }));
    this.taken = bytes;
    if (typeof this.target === 'string') writeFileSync(this.target, bytes);
    else this.target?.(bytes);
  }
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
