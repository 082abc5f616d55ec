/** One guest's WASI world: its arguments, descriptors, clocks and limits, and the way its imports are answered. */
import {
  CALLBACK,
  COUNT,
  check,
  FLAG,
  OBJECT,
  OBJECTS,
  type OptionChecks,
  readOptions,
  TEXT,
  TEXTS,
  VARIABLES,
} from '../checks';
import { encodeUtf8 } from '../decoder/utf8';
import { printable } from '../errors';
import { DIRECTORY_RIGHTS, type Errno, FILE_RIGHTS, type Layout } from './abi';
import { Clocks } from './clocks';
import type { Companion } from './companion';
import { type DescriptorOf, DescriptorTable, makeDescriptor } from './descriptors';
import * as ERRNO from './errno';
import { WasiExit } from './exit';
import { DEFAULT_MEMORY_LIMITS } from './files/memory';
import { type GuestCall, type GuestMemory, memoryOf } from './guest';
import type { DirectoryHandle, Handle, Interest, Pollable, SocketHandle, Waiting, WasiHost } from './host';
import { Ledger } from './ledger';
import { SeededRandom } from './random';
import { nullStream } from './streams';
import type { U64 } from './words';

/** A directory that a program has from the start. */
export interface Preopen {
  /** The name by which the guest finds it, for example `/` or `.`. */
  readonly path: string;
  /** What it is. */
  readonly directory: DirectoryHandle;
}

/** What a program may use of WASI. */
export interface WasiLimits {
  /** Descriptors open at a time, the standard ones and preopens included. */
  readonly openFiles: number;
  /** Bytes that go out through standard output and error together. */
  readonly outputBytes: number;
  /**
   * What may be held in memory for the guest: bytes of files (and of input that a state gave back), files and directories, and bytes of
   * names. All file systems, listings, copies of lost files and what a state brings count together; what preopens hold from the start
   * does not. Without these limits the file systems that are given keep to their own, and the defaults are for all else.
   */
  readonly fileBytes: number;
  /** Files and directories in memory. */
  readonly fileNodes: number;
  /** Bytes of all names in memory. */
  readonly nameBytes: number;
}
/** Limits of a program that is given none. */
export const DEFAULT_LIMITS: WasiLimits = {
  openFiles: 1024,
  outputBytes: Number.POSITIVE_INFINITY,
  fileBytes: DEFAULT_MEMORY_LIMITS.maxBytes,
  fileNodes: DEFAULT_MEMORY_LIMITS.maxNodes,
  // Four times what one file system may take: listings of directories that lie on a disk are part of it.
  nameBytes: 4 * DEFAULT_MEMORY_LIMITS.maxNames,
};

const LIMIT_CHECKS: OptionChecks<Partial<WasiLimits>> = {
  openFiles: COUNT,
  outputBytes: COUNT,
  fileBytes: COUNT,
  fileNodes: COUNT,
  nameBytes: COUNT,
};

/** What a program is given. */
export interface WasiOptions {
  /** Clocks, random bytes and streams. */
  readonly host: WasiHost;
  /** The first is the program's name. */
  readonly args?: readonly string[];
  /** `[name, value]` pairs or an object. */
  readonly env?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** Directories; default none. */
  readonly preopens?: readonly Preopen[];
  /** Sockets that are open from the start, from descriptor 3 on, before the preopened directories. */
  readonly sockets?: readonly SocketHandle[];
  /** Those that differ from `DEFAULT_LIMITS`. */
  readonly limits?: Partial<WasiLimits>;
  /** Virtual clocks and a random source with this seed: the same run on every host. */
  readonly deterministic?: { readonly seed: number };
  /**
   * Whether a call that has to wait blocks the thread (a run through `Func.call`) or gives a promise (a run through `Execution`).
   * Default: blocks if the host can.
   */
  readonly blocking?: boolean;
  /** Functions beside WASI's, such as `tswasm/wasi-nn`: their state is part of WASI's. */
  readonly companions?: readonly Companion[];
  /** Told about every call and its errno, which is undefined when the call does not return. */
  readonly trace?: (name: string, errno: Errno | undefined, call: TracedCall) => void;
}

const OPTION_CHECKS: OptionChecks<WasiOptions> = {
  host: OBJECT,
  args: TEXTS,
  env: VARIABLES,
  preopens: OBJECTS,
  sockets: OBJECTS,
  limits: OBJECT,
  deterministic: OBJECT,
  blocking: FLAG,
  companions: OBJECTS,
  trace: CALLBACK,
};

/** What a tracer can look at, while it is told of the call. */
export interface TracedCall {
  /** By the parameters; i64 as signed numbers, exact below 2^53. */
  readonly args: readonly number[];
  /** The guest's memory, as the call has left it. */
  readonly bytes: Uint8Array;
}

/** What an attempt gives that cannot go on yet: how long to wait at most, and for whom. */
export interface Pause {
  readonly nanoseconds: number;
  readonly interests: readonly Interest[];
}
/** What a handler gives. */
export type Answer = Errno | PromiseLike<Errno>;

/** A poll under way: relative timeouts count from `started` (on the guest's monotonic clock). */
export interface PendingPoll {
  readonly subscriptions: number;
  readonly events: number;
  readonly count: number;
  readonly started: U64;
}

export class WasiContext {
  args: readonly Uint8Array[];
  env: readonly Uint8Array[];
  roots: readonly Preopen[];
  readonly host: WasiHost;
  clocks: Clocks;
  random: SeededRandom | undefined;
  readonly descriptors: DescriptorTable;
  readonly limits: WasiLimits;
  readonly trace: WasiOptions['trace'];
  readonly companions: readonly Companion[];
  /** All that is held in memory for the guest. */
  ledger: Ledger;
  /** Of each standard stream: bytes that a state gave back and the guest has not read again. They are in the ledger. */
  readonly heldInput = [0, 0, 0];
  /** Standard input, output and error. */
  readonly standard: readonly Pollable[];
  /** Bytes written to standard output and error so far. */
  outputBytes = 0;
  pendingPoll: PendingPoll | undefined;
  private readonly blocking: boolean;
  private waiting: Waiting | undefined;

  constructor(given: WasiOptions) {
    const options = readOptions('wasi', given, OPTION_CHECKS);
    const { host } = options;
    check('wasi: option "host"', host, OBJECT);
    this.host = host;
    for (const { path, directory } of options.preopens ?? []) {
      check('the path of a preopened directory', path, TEXT);
      check(`the directory at ${printable(path)}`, directory, OBJECT);
    }
    if (options.deterministic !== undefined) check('the seed', options.deterministic.seed, COUNT);
    this.args = (options.args ?? []).map(zeroTerminated);
    this.env = environment(options.env ?? {}).map(variable);
    const limits = readOptions('limits', options.limits, LIMIT_CHECKS);
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    const { fileBytes, fileNodes, nameBytes } = this.limits;
    const open = options.limits?.fileBytes === undefined && options.limits?.fileNodes === undefined;
    this.ledger = new Ledger({ bytes: fileBytes, nodes: fileNodes, names: nameBytes }, open);
    this.clocks = new Clocks(host, options.deterministic !== undefined);
    this.random = options.deterministic && new SeededRandom(options.deterministic.seed);
    this.blocking = options.blocking ?? host.waitSync !== undefined;
    this.trace = options.trace;
    this.companions = options.companions ?? [];
    this.descriptors = new DescriptorTable(this.limits.openFiles);
    this.standard = [host.stdin, host.stdout, host.stderr].map((stream) => stream ?? nullStream());
    for (const stream of this.standard) this.descriptors.add(makeDescriptor(stream));
    for (const socket of options.sockets ?? []) this.descriptors.add(makeDescriptor(socket));
    this.roots = options.preopens ?? [];
    this.attachRoots();
    this.roots.forEach((_, root) => {
      this.descriptors.add(this.rootDescriptor(root)!);
    });
  }

  /** Gives file systems that live in memory their clock, device number and ledger. */
  attachRoots(): void {
    this.roots.forEach(({ directory }, root) => {
      directory.attach?.(() => this.clocks.realtime(), root + 1, this.ledger);
    });
  }

  /** Told of what the guest has read of a stream: what had been given back to it comes first. */
  hasRead(handle: Handle, count: number): void {
    const stream = this.standard.indexOf(handle as Pollable);
    const held = Math.min(count, this.heldInput[stream] ?? 0);
    if (held <= 0) return;
    this.heldInput[stream] -= held;
    this.ledger.give({ bytes: held });
  }

  /** A new descriptor of a root, with all rights. */
  rootDescriptor(root: number): DescriptorOf<DirectoryHandle> | undefined {
    const preopen = this.roots[root];
    if (preopen === undefined) return undefined;
    const inheriting = FILE_RIGHTS | DIRECTORY_RIGHTS;
    const descriptor = makeDescriptor(preopen.directory, { inheriting, root, preopen: preopen.path });
    return descriptor as DescriptorOf<DirectoryHandle>;
  }

  /** The memory of the calling instance. A view: not to be kept over a wait. */
  memory(c: GuestCall): GuestMemory {
    return memoryOf(c);
  }

  /**
   * Whether it is a standard stream of a deterministic run. What the guest sees of such a stream depends on its bytes alone: not on when
   * they come, in which pieces, or whether a terminal, a pipe or a file is behind it.
   */
  isSteady(handle: Handle): boolean {
    return this.clocks.virtual && this.standard.includes(handle as Pollable);
  }

  fillRandom(bytes: Uint8Array): void {
    // In pieces: hosts take no more at a time (65,536 is the Web's limit).
    for (let at = 0; at < bytes.length; at += RANDOM_PIECE) {
      const piece = bytes.subarray(at, at + RANDOM_PIECE);
      if (this.random) this.random.fill(piece);
      else this.host.random(piece);
    }
  }

  /** Repeats `attempt`, waiting in between, until it gives an errno. */
  untilReady(attempt: () => Errno | Pause): Answer {
    let result = attempt();
    while (typeof result !== 'number') {
      if (!this.blocking) return this.waitAndRetry(result, attempt);
      if (this.host.waitSync === undefined) return ERRNO.NOTSUP;
      this.host.waitSync(result.nanoseconds, result.interests);
      result = attempt();
    }
    return result;
  }

  private async waitAndRetry(pause: Pause, attempt: () => Errno | Pause): Promise<Errno> {
    let result: Errno | Pause = pause;
    while (typeof result !== 'number') {
      if (this.host.wait === undefined) return ERRNO.NOTSUP;
      this.waiting = this.host.wait(result.nanoseconds, result.interests);
      await this.waiting.promise;
      this.waiting = undefined;
      result = attempt();
    }
    return result;
  }

  /** Gives up a wait under way: its call never returns. For a host that ends a guest, or has saved it and goes home. */
  cancelWait(): void {
    this.waiting?.cancel();
    this.waiting = undefined;
  }

  exit(code: number): never {
    throw new WasiExit(code);
  }

  /** Closes every descriptor and root. */
  dispose(): void {
    this.cancelWait();
    this.descriptors.closeAll();
    for (const root of this.roots) root.directory.close();
    for (const companion of this.companions) companion.dispose();
  }
}

const RANDOM_PIECE = 65536;

/** A handler of one call: its arguments are in `c`; what it gives becomes the call's result. */
export type Handler = (w: WasiContext, c: GuestCall, layout: Layout) => Answer;

function environment(env: NonNullable<WasiOptions['env']>): readonly (readonly [string, string])[] {
  return Array.isArray(env)
    ? (env as readonly (readonly [string, string])[])
    : Object.entries(env as Readonly<Record<string, string>>);
}

/** As `environ` has it. A name with = in it would become another one. */
function variable([name, value]: readonly [string, string]): Uint8Array {
  if (name === '' || name.includes('='))
    throw new TypeError(`the name of a variable must not be empty or contain =: ${printable(name)}`);
  return zeroTerminated(`${name}=${value}`);
}

/** A C string. What follows a NUL would be lost, so it is refused. */
export function zeroTerminated(text: string): Uint8Array {
  if (text.includes('\0'))
    throw new TypeError(`an argument or variable must not contain NUL: ${printable(text)}`);
  const utf8 = encodeUtf8(text);
  const out = new Uint8Array(utf8.length + 1);
  out.set(utf8);
  return out;
}
