/** Files and directories of the host through `node:fs`. Names are single components; symbolic links are never followed here. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  readvSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import type { Errno } from '../../src/wasi/abi';
import * as ERRNO from '../../src/wasi/errno';
import * as FILETYPE from '../../src/wasi/filetype';
import {
  APPEND,
  type DirectoryEntry,
  type DirectoryHandle,
  type FileHandle,
  type FileStat,
  type Handle,
  type NewTime,
  type OpenOptions,
} from '../../src/wasi/host';
import { total } from '../../src/wasi/streams';
import { type Anchor, anchorAt, reopenPath } from './anchors';
import { attempt, errnoFrom, errnoOf } from './errors';
import { DeviceStream } from './streams';
import { ExactTimes, typeOfStats, words } from './times';

/** What a guest may do with a directory of Node's. */
export interface NodeDirectoryOptions {
  /**
   * Bytes by which files, with the targets of symbolic links, may grow all told. What the guest cuts off or removes makes room again; the
   * files never take more than this beside what they took at first.
   */
  readonly maxBytes?: number;
  /** Use the way of systems without /proc/self/fd, for tests. */
  readonly portable?: boolean;
}

/** What all handles below one preopened directory share. */
class Shared {
  readonly times = new ExactTimes();
  private grown = 0;
  /** Handles on each file (device and inode) that are open. Kept only for a quota. */
  private readonly open = new Map<string, number>();

  constructor(private readonly maxBytes: number) {}

  get limited(): boolean {
    return this.maxBytes !== Number.POSITIVE_INFINITY;
  }

  /** Whether the quota allows so many bytes more; if so, they are taken off it. */
  take(bytes: number): boolean {
    if (this.grown + bytes > this.maxBytes) return false;
    this.grown += bytes;
    return true;
  }

  give(bytes: number): void {
    this.grown = Math.max(0, this.grown - bytes);
  }

  opened(stats: Stats): void {
    if (this.limited) this.open.set(identity(stats), (this.open.get(identity(stats)) ?? 0) + 1);
  }

  /** Also gives back what nobody can reach any more. */
  closed(stats: Stats): void {
    if (!this.limited) return;
    const left = (this.open.get(identity(stats)) ?? 1) - 1;
    if (left > 0) this.open.set(identity(stats), left);
    else this.open.delete(identity(stats));
    if (left <= 0 && stats.nlink === 0) this.give(stats.size);
  }

  /** Told when a name is gone that `stats` were found by. A file that is still open gives back when it is closed. */
  removed(stats: Stats | undefined): void {
    const counts = stats?.isFile() || stats?.isSymbolicLink();
    if (stats && counts && stats.nlink === 1 && !this.open.has(identity(stats))) this.give(stats.size);
  }
}

function identity({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function overQuota(): Error {
  return Object.assign(new Error('quota'), { code: 'EDQUOT' });
}

/** A directory of this machine, for a preopen. Throws as `node:fs` does when it cannot be opened. */
export function nodeDirectory(path: string, options: NodeDirectoryOptions = {}): DirectoryHandle {
  const shared = new Shared(options.maxBytes ?? Number.POSITIVE_INFINITY);
  return new NodeDirectory(anchorAt(path, options.portable), shared);
}

// Not every system has every flag.
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const COMMON = NOFOLLOW | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

function openFlags(options: OpenOptions): number {
  const access = options.write ? (options.read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return (
    COMMON |
    access |
    (options.create ? constants.O_CREAT : 0) |
    (options.exclusive ? constants.O_EXCL : 0) |
    (options.truncate ? constants.O_TRUNC : 0)
  );
}

class NodeDirectory implements DirectoryHandle {
  readonly kind = 'directory';
  constructor(
    private readonly anchor: Anchor,
    private readonly shared: Shared,
  ) {}

  stat(): FileStat | Errno {
    return this.statAt('.');
  }

  statAt(name: string): FileStat | Errno {
    return attempt(() => this.shared.times.stat(this.lstat(name)));
  }

  private lstat(name: string): BigIntStats {
    return lstatSync(this.anchor.at(name), { bigint: true });
  }

  openDirectory(name: string): DirectoryHandle | Errno {
    return attempt(() => new NodeDirectory(this.anchor.descend(name), this.shared));
  }

  open(name: string, options: OpenOptions): Handle | Errno {
    const { shared } = this;
    return attempt(() => {
      const path = this.anchor.at(name);
      // Where the system cannot refuse a link while opening, it is looked at before.
      if (NOFOLLOW === 0 && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return ERRNO.LOOP;
      const before = options.truncate ? this.seen(name) : undefined;
      const fd = openSync(path, openFlags(options), 0o666);
      const stats = fstatSync(fd);
      if (before?.isFile()) shared.give(before.size);
      if (stats.isFile()) return new NodeFile(fd, shared);
      if (!stats.isDirectory()) return new DeviceStream(fd);
      closeSync(fd);
      return this.openDirectory(name);
    });
  }

  setTimes(atim: NewTime, mtim: NewTime): Errno {
    return this.setTimesAt('.', atim, mtim);
  }

  setTimesAt(name: string, atim: NewTime, mtim: NewTime): Errno {
    return errnoFrom(() => {
      const path = this.anchor.at(name);
      this.shared.times.set(
        () => this.lstat(name),
        atim,
        mtim,
        (atime, mtime) => lutimesSync(path, atime, mtime),
      );
    });
  }

  readLink(name: string): string | Errno {
    return attempt(() => readlinkSync(this.anchor.at(name)));
  }

  /** What a name stands for, as far as the quota has to know; undefined when it stands for nothing. */
  private seen(name: string): Stats | undefined {
    return this.shared.limited ? lstatSync(this.anchor.at(name), { throwIfNoEntry: false }) : undefined;
  }

  symlink(target: string, name: string): Errno {
    const { shared } = this;
    return errnoFrom(() => {
      const bytes = Buffer.byteLength(target);
      if (!shared.take(bytes)) throw overQuota();
      try {
        symlinkSync(target, this.anchor.at(name));
      } catch (error) {
        shared.give(bytes);
        throw error;
      }
    });
  }

  makeDirectory(name: string): Errno {
    return errnoFrom(() => mkdirSync(this.anchor.at(name)));
  }

  removeDirectory(name: string): Errno {
    return errnoFrom(() => rmdirSync(this.anchor.at(name)));
  }

  unlink(name: string): Errno {
    const errno = errnoFrom(() => {
      const before = this.seen(name);
      unlinkSync(this.anchor.at(name));
      this.shared.removed(before);
    });
    // Linux says ISDIR, others PERM.
    const stat = errno === ERRNO.PERM ? this.statAt(name) : errno;
    return typeof stat !== 'number' && stat.type === FILETYPE.DIRECTORY ? ERRNO.ISDIR : errno;
  }

  rename(name: string, target: DirectoryHandle, targetName: string): Errno {
    if (!(target instanceof NodeDirectory)) return ERRNO.XDEV;
    // A file counts where it was made: taken elsewhere it would be on one quota and give back to another.
    if (target.shared !== this.shared && (this.shared.limited || target.shared.limited)) return ERRNO.XDEV;
    return errnoFrom(() => {
      const before = target.seen(targetName);
      const moved = before && this.seen(name);
      renameSync(this.anchor.at(name), target.anchor.at(targetName));
      // Two names of one file: a rename does nothing.
      if (before && moved && identity(before) !== identity(moved)) this.shared.removed(before);
    });
  }

  link(name: string, target: DirectoryHandle, targetName: string): Errno {
    if (!(target instanceof NodeDirectory)) return ERRNO.XDEV;
    return errnoFrom(() => linkSync(this.anchor.at(name), target.anchor.at(targetName)));
  }

  /** Names that are not UTF-8 cannot be told to a guest and are left out. */
  list(): readonly DirectoryEntry[] | Errno {
    return attempt(() => {
      const entries: DirectoryEntry[] = [];
      for (const name of readdirSync(this.anchor.at('.'))) {
        if (name.includes('\ufffd')) continue;
        const stats = attempt(() => this.lstat(name));
        if (typeof stats === 'number') continue;
        entries.push({ name, ino: words(stats.ino), type: typeOfStats(stats) });
      }
      return entries;
    });
  }

  sync(): Errno {
    return errnoFrom(() => {
      const fd = openSync(this.anchor.at('.'), constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  close(): void {
    this.anchor.close();
  }
}

class NodeFile implements FileHandle {
  readonly kind = 'file';
  /** A second descriptor on the same file that appends, so that other writers to its end are not overwritten. */
  private appendFd: number | undefined;
  /** One for reading a file that was opened for writing only: a saved state may need its contents. Guests never get here. */
  private readFd: number | undefined;

  constructor(
    private readonly fd: number,
    private readonly shared: Shared,
  ) {
    if (shared.limited) shared.opened(fstatSync(fd));
  }

  stat(): FileStat | Errno {
    return attempt(() => this.shared.times.stat(fstatSync(this.fd, { bigint: true })));
  }

  size(): number {
    try {
      return fstatSync(this.fd).size;
    } catch (error) {
      return -errnoOf(error);
    }
  }

  read(buffers: readonly Uint8Array[], position: number): number {
    try {
      return readAt(this.readFd ?? this.fd, buffers, position);
    } catch (error) {
      return errnoOf(error) === ERRNO.BADF ? this.readAnyway(buffers, position) : -errnoOf(error);
    }
  }

  private readAnyway(buffers: readonly Uint8Array[], position: number): number {
    const again = reopenPath(this.fd);
    if (again === undefined || this.readFd !== undefined) return -ERRNO.BADF;
    try {
      this.readFd = openSync(again, constants.O_RDONLY);
      return readAt(this.readFd, buffers, position);
    } catch (error) {
      return -errnoOf(error);
    }
  }

  write(buffers: readonly Uint8Array[], position: number): number {
    try {
      return this.within(position, buffers, () => {
        if (position === APPEND) return this.append(buffers);
        if (buffers.length === 1) return writeSync(this.fd, buffers[0], 0, buffers[0].length, position);
        return buffers.length === 0 ? 0 : writevSync(this.fd, buffers, position);
      });
    } catch (error) {
      return -errnoOf(error);
    }
  }

  private append(buffers: readonly Uint8Array[]): number {
    const again = reopenPath(this.fd);
    if (this.appendFd === undefined && again !== undefined) {
      this.appendFd = openSync(again, constants.O_WRONLY | constants.O_APPEND);
    }
    if (this.appendFd !== undefined) return writevSync(this.appendFd, buffers);
    return writevSync(this.fd, buffers, fstatSync(this.fd).size);
  }

  setSize(size: number): Errno {
    return errnoFrom(() => this.within(size, [], () => ftruncateSync(this.fd, size)));
  }

  /** Does what makes the file longer if the quota allows; then what it did not grow by, or shrank by, is given back. */
  private within<T>(position: number, buffers: readonly Uint8Array[], change: () => T): T {
    const { shared } = this;
    if (!shared.limited) return change();
    const { size } = fstatSync(this.fd);
    const growth = Math.max(0, (position === APPEND ? size : position) + total(buffers) - size);
    if (!shared.take(growth)) throw overQuota();
    try {
      return change();
    } finally {
      shared.give(size + growth - fstatSync(this.fd).size);
    }
  }

  setTimes(atim: NewTime, mtim: NewTime): Errno {
    return errnoFrom(() =>
      this.shared.times.set(
        () => fstatSync(this.fd, { bigint: true }),
        atim,
        mtim,
        (atime, mtime) => futimesSync(this.fd, atime, mtime),
      ),
    );
  }

  sync(dataOnly: boolean): Errno {
    return errnoFrom(() => (dataOnly ? fdatasyncSync(this.fd) : fsyncSync(this.fd)));
  }

  close(): void {
    if (this.shared.limited) errnoFrom(() => this.shared.closed(fstatSync(this.fd)));
    for (const fd of [this.fd, this.appendFd, this.readFd]) {
      if (fd !== undefined) errnoFrom(() => closeSync(fd));
    }
    this.appendFd = undefined;
    this.readFd = undefined;
  }
}

function readAt(fd: number, buffers: readonly Uint8Array[], position: number): number {
  if (buffers.length === 1) return readSync(fd, buffers[0], 0, buffers[0].length, position);
  return buffers.length === 0 ? 0 : readvSync(fd, buffers, position);
}
