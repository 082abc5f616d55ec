/**
 * Directories of the machine through `os`. Each is held open, and `/proc/self/fd/N/name` is the name below exactly that directory,
 * whatever has been renamed since: what `openat` gives elsewhere. So this is for Linux; other systems have files in memory.
 *
 * `os` has no `O_NOFOLLOW`: what a name stands for is looked at first, and what was opened must then be the same (device and inode).
 * New files are made with `O_EXCL`, which follows no link. `os` has neither `link` nor `fsync`, and times are whole milliseconds.
 */
import type { Errno, FileType } from '../../src/wasi/abi';
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
import { fromNumber, nanoseconds, toSeconds } from '../../src/wasi/words';
import { errnoOf } from './errors';
import type { Os, OsStat } from './machine';
import { DeviceStream, readInto, writeFrom } from './streams';

const SEEK_SET = 0;
const SEEK_END = 2;

/** A directory of this machine, for a preopen. Throws when it cannot be opened. */
export function quickjsDirectory(os: Os, path: string): DirectoryHandle {
  if (os.stat('/proc/self/fd')[1] !== 0) {
    throw new Error(
      'directories of the machine need /proc/self/fd, which this system lacks: use files in memory',
    );
  }
  const [stat, code] = os.stat(path);
  if (stat === null || typeOf(os, stat) !== FILETYPE.DIRECTORY) {
    throw new Error(
      `${path}: ${code === 0 ? 'not a directory' : `cannot be opened (errno ${Math.abs(code)})`}`,
    );
  }
  const fd = os.open(path, os.O_RDONLY);
  if (fd < 0) throw new Error(`${path}: cannot be opened (errno ${-fd})`);
  return new QuickjsDirectory(os, fd);
}

function typeOf(os: Os, { mode }: OsStat): FileType {
  switch (mode & os.S_IFMT) {
    case os.S_IFREG:
      return FILETYPE.REGULAR_FILE;
    case os.S_IFDIR:
      return FILETYPE.DIRECTORY;
    case os.S_IFLNK:
      return FILETYPE.SYMBOLIC_LINK;
    case os.S_IFCHR:
      return FILETYPE.CHARACTER_DEVICE;
    case os.S_IFBLK:
      return FILETYPE.BLOCK_DEVICE;
    case os.S_IFSOCK:
      return FILETYPE.SOCKET_STREAM;
    default:
      return FILETYPE.UNKNOWN;
  }
}

function fileStat(os: Os, stat: OsStat): FileStat {
  return {
    dev: fromNumber(stat.dev),
    ino: fromNumber(stat.ino),
    type: typeOf(os, stat),
    nlink: stat.nlink,
    size: stat.size,
    atim: timeOf(stat.atime),
    mtim: timeOf(stat.mtime),
    ctim: timeOf(stat.ctime),
  };
}
function timeOf(ms: number) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return nanoseconds(seconds, Math.max(0, Math.round((ms - seconds * 1000) * 1e6)));
}
function millisecondsOf(time: NewTime, kept: number): number {
  if (time === undefined) return kept;
  const { seconds, nanos } = toSeconds(time);
  return seconds * 1000 + Math.floor(nanos / 1e6);
}

class QuickjsDirectory implements DirectoryHandle {
  readonly kind = 'directory';
  private readonly os: Os;
  private readonly fd: number;
  constructor(os: Os, fd: number) {
    this.os = os;
    this.fd = fd;
  }

  private at(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`;
  }
  private lstat(name: string): OsStat | Errno {
    const [stat, code] = this.os.lstat(this.at(name));
    return stat ?? errnoOf(this.os, code);
  }

  stat(): FileStat | Errno {
    return this.statAt('.');
  }
  statAt(name: string): FileStat | Errno {
    const stat = this.lstat(name);
    return typeof stat === 'number' ? stat : fileStat(this.os, stat);
  }

  openDirectory(name: string): DirectoryHandle | Errno {
    const stat = this.lstat(name);
    if (typeof stat === 'number') return stat;
    if (typeOf(this.os, stat) !== FILETYPE.DIRECTORY) return ERRNO.NOTDIR;
    const fd = this.openExactly(name, stat, this.os.O_RDONLY);
    return typeof fd === 'number' ? fd : new QuickjsDirectory(this.os, fd.fd);
  }

  open(name: string, options: OpenOptions): Handle | Errno {
    const { os } = this;
    const stat = this.lstat(name);
    const access = options.write ? (options.read ? os.O_RDWR : os.O_WRONLY) : os.O_RDONLY;
    if (typeof stat === 'number') {
      if (stat !== ERRNO.NOENT || !options.create) return stat;
      const fd = os.open(this.at(name), access | os.O_CREAT | os.O_EXCL, 0o666);
      return fd < 0 ? errnoOf(os, fd) : new QuickjsFile(os, fd);
    }
    if (options.create && options.exclusive) return ERRNO.EXIST;
    const type = typeOf(os, stat);
    if (type === FILETYPE.SYMBOLIC_LINK) return ERRNO.LOOP;
    if (type === FILETYPE.DIRECTORY) {
      return options.write || options.create || options.truncate ? ERRNO.ISDIR : this.openDirectory(name);
    }
    const opened = this.openExactly(name, stat, access);
    if (typeof opened === 'number') return opened;
    if (type !== FILETYPE.REGULAR_FILE) return new DeviceStream(os, opened.fd);
    const file = new QuickjsFile(os, opened.fd);
    const errno = options.truncate ? file.setSize(0) : ERRNO.SUCCESS;
    if (errno === ERRNO.SUCCESS) return file;
    file.close();
    return errno;
  }

  /** Opens what `stat` was of, and nothing that has taken its place. */
  private openExactly(name: string, stat: OsStat, flags: number): { readonly fd: number } | Errno {
    const { os } = this;
    const fd = os.open(this.at(name), flags);
    if (fd < 0) return errnoOf(os, fd);
    const [opened] = os.stat(`/proc/self/fd/${fd}`);
    if (opened?.dev === stat.dev && opened.ino === stat.ino) return { fd };
    os.close(fd);
    return ERRNO.LOOP;
  }

  setTimes(atim: NewTime, mtim: NewTime): Errno {
    return this.setTimesAt('.', atim, mtim);
  }
  setTimesAt(name: string, atim: NewTime, mtim: NewTime): Errno {
    const { os } = this;
    const stat = this.lstat(name);
    if (typeof stat === 'number') return stat;
    // `os.utimes` would follow it.
    if (typeOf(os, stat) === FILETYPE.SYMBOLIC_LINK) return ERRNO.NOTSUP;
    const times = [millisecondsOf(atim, stat.atime), millisecondsOf(mtim, stat.mtime)] as const;
    return errnoOf(os, os.utimes(this.at(name), ...times));
  }

  readLink(name: string): string | Errno {
    const [target, code] = this.os.readlink(this.at(name));
    return code === 0 ? target : errnoOf(this.os, code);
  }
  symlink(target: string, name: string): Errno {
    return errnoOf(this.os, this.os.symlink(target, this.at(name)));
  }
  makeDirectory(name: string): Errno {
    return errnoOf(this.os, this.os.mkdir(this.at(name), 0o777));
  }
  removeDirectory(name: string): Errno {
    return this.remove(name, true);
  }
  unlink(name: string): Errno {
    return this.remove(name, false);
  }
  /** `os.remove` removes files and directories alike. */
  private remove(name: string, directory: boolean): Errno {
    const stat = this.lstat(name);
    if (typeof stat === 'number') return stat;
    if ((typeOf(this.os, stat) === FILETYPE.DIRECTORY) !== directory) {
      return directory ? ERRNO.NOTDIR : ERRNO.ISDIR;
    }
    return errnoOf(this.os, this.os.remove(this.at(name)));
  }

  rename(name: string, target: DirectoryHandle, targetName: string): Errno {
    if (!(target instanceof QuickjsDirectory)) return ERRNO.XDEV;
    return errnoOf(this.os, this.os.rename(this.at(name), target.at(targetName)));
  }
  link(): Errno {
    return ERRNO.NOTSUP;
  }

  /** Names that are not UTF-8 cannot be told to a guest and are left out. */
  list(): readonly DirectoryEntry[] | Errno {
    const [names, code] = this.os.readdir(this.at('.'));
    if (code !== 0) return errnoOf(this.os, code);
    return names.flatMap((name): DirectoryEntry[] => {
      if (name === '.' || name === '..' || name.includes('\ufffd')) return [];
      const stat = this.statAt(name);
      return typeof stat === 'number' ? [] : [{ name, ino: stat.ino, type: stat.type }];
    });
  }
  sync(): Errno {
    return ERRNO.SUCCESS;
  }
  close(): void {
    this.os.close(this.fd);
  }
}

class QuickjsFile implements FileHandle {
  readonly kind = 'file';
  private readonly os: Os;
  private readonly fd: number;
  constructor(os: Os, fd: number) {
    this.os = os;
    this.fd = fd;
  }

  private get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }
  private osStat(): OsStat | Errno {
    const [stat, code] = this.os.stat(this.path);
    return stat ?? errnoOf(this.os, code);
  }
  stat(): FileStat | Errno {
    const stat = this.osStat();
    return typeof stat === 'number' ? stat : fileStat(this.os, stat);
  }
  size(): number {
    const stat = this.osStat();
    return typeof stat === 'number' ? -stat : stat.size;
  }

  private seek(position: number, whence: number): number {
    const result = this.os.seek(this.fd, position, whence);
    return result < 0 ? -errnoOf(this.os, result) : result;
  }
  read(buffers: readonly Uint8Array[], position: number): number {
    const start = this.seek(position, SEEK_SET);
    return start < 0 ? start : this.each(buffers, readInto);
  }
  write(buffers: readonly Uint8Array[], position: number): number {
    const start = position === APPEND ? this.seek(0, SEEK_END) : this.seek(position, SEEK_SET);
    return start < 0 ? start : this.each(buffers, writeFrom);
  }
  private each(buffers: readonly Uint8Array[], move: typeof readInto): number {
    let total = 0;
    for (const buffer of buffers) {
      const count = move(this.os, this.fd, buffer);
      if (count < 0) return total > 0 ? total : count;
      total += count;
      if (count < buffer.length) break;
    }
    return total;
  }

  /** `os` cannot cut a file except to nothing: a part that stays is written again. */
  setSize(size: number): Errno {
    const before = this.size();
    if (before < 0) return -before;
    if (size > before) return this.extend(size);
    if (size === before) return ERRNO.SUCCESS;
    const kept = new Uint8Array(size);
    if (size > 0 && this.readAgain(kept) !== size) return ERRNO.IO;
    const fd = this.os.open(this.path, this.os.O_WRONLY | this.os.O_TRUNC);
    if (fd < 0) return errnoOf(this.os, fd);
    this.os.close(fd);
    if (size === 0) return ERRNO.SUCCESS;
    const written = this.write([kept], 0);
    return written === size ? ERRNO.SUCCESS : written < 0 ? -written : ERRNO.IO;
  }
  private extend(size: number): Errno {
    const written = this.write([new Uint8Array(1)], size - 1);
    return written < 0 ? -written : ERRNO.SUCCESS;
  }
  /** Through a descriptor of its own: this one may be for writing only. */
  private readAgain(bytes: Uint8Array): number {
    const fd = this.os.open(this.path, this.os.O_RDONLY);
    if (fd < 0) return fd;
    const count = new QuickjsFile(this.os, fd).read([bytes], 0);
    this.os.close(fd);
    return count;
  }

  setTimes(atim: NewTime, mtim: NewTime): Errno {
    const stat = this.osStat();
    if (typeof stat === 'number') return stat;
    const times = [millisecondsOf(atim, stat.atime), millisecondsOf(mtim, stat.mtime)] as const;
    return errnoOf(this.os, this.os.utimes(this.path, ...times));
  }
  sync(): Errno {
    return ERRNO.SUCCESS;
  }
  close(): void {
    this.os.close(this.fd);
  }
}
