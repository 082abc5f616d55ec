/**
 * What WASI asks of its host. This page is the whole of it: clocks, random bytes, three standard streams, waiting, and files as
 * handles. A handle's methods take single names, never paths: walking a path, symbolic links and the sandbox are WASI's own
 * business (resolve.ts), the same for every host.
 *
 * Results: an object or an errno; a count or a negated errno; plain errno where there is nothing to return. Methods do not throw.
 */
import type { Errno, FileType } from './abi';
import type { Ledger } from './ledger';
import type { U64 } from './words';

export type { U64 } from './words';

export interface FileStat {
  readonly dev: U64;
  readonly ino: U64;
  readonly type: FileType;
  readonly nlink: number;
  /** Exact below 2^53. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly atim: U64;
  readonly mtim: U64;
  readonly ctim: U64;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: U64;
  readonly type: FileType;
}

/** How a file is opened. Nothing is ever followed: a symbolic link gives LOOP. */
export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** A time to set: nanoseconds since 1970, or undefined to keep the present one. */
export type NewTime = U64 | undefined;

interface HandleBase {
  stat(): FileStat | Errno;
  close(): void;
}

/** Position that means "at the end of the file, whatever it is by then". */
export const APPEND = -1;

/** A regular file. It has no offset: positions are given with each call. */
export interface FileHandle extends HandleBase {
  readonly kind: 'file';
  /** The size in bytes, or a negated errno. */
  size(): number;
  /** Fills the buffers from `position` on. Gives the bytes read (0 at the end) or a negated errno. */
  read(buffers: readonly Uint8Array[], position: number): number;
  /** Gives the bytes written or a negated errno. */
  write(buffers: readonly Uint8Array[], position: number): number;
  setSize(size: number): Errno;
  /** Gives the bytes from `start` to `end` their room, and makes the file as long. Without it a longer size has to do. */
  allocate?(start: number, end: number): Errno;
  setTimes(atim: NewTime, mtim: NewTime): Errno;
  sync(dataOnly: boolean): Errno;
}

/** A directory. `name` is one component: no slash, no NUL, not empty, not `..`; `.` only where stated. */
export interface DirectoryHandle extends HandleBase {
  readonly kind: 'directory';
  /** A handle on a directory below, or with `.` another handle on this one. A symbolic link gives NOTDIR or LOOP. */
  openDirectory(name: string): DirectoryHandle | Errno;
  /** Opens or creates whatever is there (a directory too, when neither `write` nor `create` forbid it). */
  open(name: string, options: OpenOptions): Handle | Errno;
  statAt(name: string): FileStat | Errno;
  setTimes(atim: NewTime, mtim: NewTime): Errno;
  setTimesAt(name: string, atim: NewTime, mtim: NewTime): Errno;
  /** The target, or INVAL when it is not a symbolic link. */
  readLink(name: string): string | Errno;
  symlink(target: string, name: string): Errno;
  makeDirectory(name: string): Errno;
  removeDirectory(name: string): Errno;
  unlink(name: string): Errno;
  /** XDEV when the target is a directory of another file system. */
  rename(name: string, target: DirectoryHandle, targetName: string): Errno;
  link(name: string, target: DirectoryHandle, targetName: string): Errno;
  /** All entries but `.` and `..`, in any order. */
  list(): readonly DirectoryEntry[] | Errno;
  sync(): Errno;
  /** Called when the directory becomes a preopen: clock, device number and ledger for file systems that live in memory. */
  attach?(now: () => U64, device: number, ledger: Ledger): void;
}

/** A pipe, a terminal, a device: bytes without positions. */
export interface StreamHandle extends HandleBase {
  readonly kind: 'stream';
  /** Gives the bytes read, 0 at the end, or a negated errno: -AGAIN when the guest would have to wait. */
  read(buffers: readonly Uint8Array[]): number;
  write(buffers: readonly Uint8Array[]): number;
  /** Bytes that a read gives without waiting; 0 at the end of the stream; -1 when a read would wait. */
  available(): number;
  /** Whether a write would make progress. */
  writable(): boolean;
  /** Bytes taken from the host that the guest has not read yet, and the way to give such bytes back (for state that travels). */
  unread?(): Uint8Array;
  giveBack?(bytes: Uint8Array): void;
}

/** A listening or connected stream socket. */
export interface SocketHandle extends Omit<StreamHandle, 'kind'> {
  readonly kind: 'socket';
  readonly listening: boolean;
  /** The next connection, or AGAIN. */
  accept(): SocketHandle | Errno;
  /** As `read`, but leaves the bytes in place. */
  peek(buffers: readonly Uint8Array[]): number;
  /** SDFLAGS bits. */
  shutdown(how: number): Errno;
}

export type Handle = FileHandle | DirectoryHandle | StreamHandle | SocketHandle;
export type Pollable = StreamHandle | SocketHandle;

export interface Interest {
  readonly stream: Pollable;
  readonly write: boolean;
}

/** A wait under way. After `cancel` the promise may stay pending for ever. */
export interface Waiting {
  readonly promise: PromiseLike<void>;
  cancel(): void;
}

export interface WasiHost {
  /** Nanoseconds since 1970. */
  realtime(): U64;
  /** Nanoseconds since any fixed moment; never goes back. */
  monotonic(): U64;
  /** Processor time used, if the host knows. */
  cpuTime?(): U64;
  /** Resolution of the clocks in nanoseconds; 1 when not given. */
  readonly resolution?: number;
  /** Fills the array with unpredictable bytes. */
  random(bytes: Uint8Array): void;
  /** A missing stream reads as empty and swallows what is written. */
  readonly stdin?: Pollable;
  readonly stdout?: Pollable;
  readonly stderr?: Pollable;
  /**
   * Wait until the nanoseconds have passed (Infinity: no limit) or a stream may be ready; may come back early. The first blocks the
   * thread, the second does not. A host gives those that it can; with neither, a guest that waits gets NOTSUP.
   */
  waitSync?(nanoseconds: number, interests: readonly Interest[]): void;
  wait?(nanoseconds: number, interests: readonly Interest[]): Waiting;
}
