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

/** What is known about a file. */
export interface FileStat {
  /** The device that it is on. */
  readonly dev: U64;
  /** Its number there. */
  readonly ino: U64;
  /** One of `FILETYPE`. */
  readonly type: FileType;
  /** How many names it has. */
  readonly nlink: number;
  /** Exact below 2^53. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly atim: U64;
  /** When its contents changed, in nanoseconds. */
  readonly mtim: U64;
  /** When anything about it changed, in nanoseconds. */
  readonly ctim: U64;
}

/** An entry of a directory. */
export interface DirectoryEntry {
  /** Its name there. */
  readonly name: string;
  /** Its number on the device. */
  readonly ino: U64;
  /** One of `FILETYPE`. */
  readonly type: FileType;
}

/** How a file is opened. Nothing is ever followed: a symbolic link gives LOOP. */
export interface OpenOptions {
  /** It will be read. */
  readonly read: boolean;
  /** It will be written. */
  readonly write: boolean;
  /** It is made when there is none. */
  readonly create: boolean;
  /** It must not be there yet. */
  readonly exclusive: boolean;
  /** It is emptied. */
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
  /** Tells it from directories and streams. */
  readonly kind: 'file';
  /** The size in bytes, or a negated errno. */
  size(): number;
  /** Fills the buffers from `position` on. Gives the bytes read (0 at the end) or a negated errno. */
  read(buffers: readonly Uint8Array[], position: number): number;
  /** Gives the bytes written or a negated errno. */
  write(buffers: readonly Uint8Array[], position: number): number;
  /** Cuts it, or fills it up with zeros. */
  setSize(size: number): Errno;
  /** Gives the bytes from `start` to `end` their room, and makes the file as long. Without it a longer size has to do. */
  allocate?(start: number, end: number): Errno;
  /** Sets its times of access and change. */
  setTimes(atim: NewTime, mtim: NewTime): Errno;
  /** Brings it to the device. */
  sync(dataOnly: boolean): Errno;
}

/** A directory. `name` is one component: no slash, no NUL, not empty, not `..`; `.` only where stated. */
export interface DirectoryHandle extends HandleBase {
  /** Tells it from files and streams. */
  readonly kind: 'directory';
  /** A handle on a directory below, or with `.` another handle on this one. A symbolic link gives NOTDIR or LOOP. */
  openDirectory(name: string): DirectoryHandle | Errno;
  /** Opens or creates whatever is there (a directory too, when neither `write` nor `create` forbid it). */
  open(name: string, options: OpenOptions): Handle | Errno;
  /** About an entry; a link is not followed. */
  statAt(name: string): FileStat | Errno;
  /** Sets its times of access and change. */
  setTimes(atim: NewTime, mtim: NewTime): Errno;
  /** The same of an entry; a link is not followed. */
  setTimesAt(name: string, atim: NewTime, mtim: NewTime): Errno;
  /** The target, or INVAL when it is not a symbolic link. */
  readLink(name: string): string | Errno;
  /** Makes a symbolic link. */
  symlink(target: string, name: string): Errno;
  /** Makes a directory. */
  makeDirectory(name: string): Errno;
  /** Removes an empty directory. */
  removeDirectory(name: string): Errno;
  /** Removes what is no directory. */
  unlink(name: string): Errno;
  /** XDEV when the target is a directory of another file system. */
  rename(name: string, target: DirectoryHandle, targetName: string): Errno;
  /** Another name for an entry, in the target directory. */
  link(name: string, target: DirectoryHandle, targetName: string): Errno;
  /** All entries but `.` and `..`, in any order. */
  list(): readonly DirectoryEntry[] | Errno;
  /** Brings its entries to the device. */
  sync(): Errno;
  /** Called when the directory becomes a preopen: clock, device number and ledger for file systems that live in memory. */
  attach?(now: () => U64, device: number, ledger: Ledger): void;
}

/** A pipe, a terminal, a device: bytes without positions. */
export interface StreamHandle extends HandleBase {
  /** Tells it from files and directories. */
  readonly kind: 'stream';
  /** Gives the bytes read, 0 at the end, or a negated errno: -AGAIN when the guest would have to wait. */
  read(buffers: readonly Uint8Array[]): number;
  /** Writes what there is room for; the number of bytes, or an errno below zero. */
  write(buffers: readonly Uint8Array[]): number;
  /** Bytes that a read gives without waiting; 0 at the end of the stream; -1 when a read would wait. */
  available(): number;
  /** Whether a write would make progress. */
  writable(): boolean;
  /** Bytes taken from the host that the guest has not read yet, and the way to give such bytes back (for state that travels). */
  unread?(): Uint8Array;
  /** Bytes that were read and not used come first the next time. */
  giveBack?(bytes: Uint8Array): void;
}

/** A listening or connected stream socket. */
export interface SocketHandle extends Omit<StreamHandle, 'kind'> {
  /** Tells it from other streams. */
  readonly kind: 'socket';
  /** Whether it accepts connections, and carries no bytes itself. */
  readonly listening: boolean;
  /** The next connection, or AGAIN. */
  accept(): SocketHandle | Errno;
  /** As `read`, but leaves the bytes in place. */
  peek(buffers: readonly Uint8Array[]): number;
  /** SDFLAGS bits. */
  shutdown(how: number): Errno;
}

/** What a descriptor stands for. */
export type Handle = FileHandle | DirectoryHandle | StreamHandle | SocketHandle;
/** What can be waited for. */
export type Pollable = StreamHandle | SocketHandle;

/** What a program waits for. */
export interface Interest {
  /** On which stream. */
  readonly stream: Pollable;
  /** To write; else to read. */
  readonly write: boolean;
}

/** A wait under way. After `cancel` the promise may stay pending for ever. */
export interface Waiting {
  /** Is fulfilled when there is something to do. */
  readonly promise: PromiseLike<void>;
  /** Waits no longer. */
  cancel(): void;
}

/** What WASI asks of its host. What is optional is missing for the program. */
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
  /** Where the program writes. */
  readonly stdout?: Pollable;
  /** Where the program complains. */
  readonly stderr?: Pollable;
  /**
   * Wait until the nanoseconds have passed (Infinity: no limit) or a stream may be ready; may come back early. The first blocks the
   * thread, the second does not. A host gives those that it can; with neither, a guest that waits gets NOTSUP.
   */
  waitSync?(nanoseconds: number, interests: readonly Interest[]): void;
  /** Waits so long, or until a stream is ready. */
  wait?(nanoseconds: number, interests: readonly Interest[]): Waiting;
}
