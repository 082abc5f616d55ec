/** Calls that name a file by its path. The walk itself is in ../resolve.ts; here is what each does with the last component. */
import { encodeUtf8 } from '../../decoder/utf8';
import { type Errno, LOOKUP_SYMLINK_FOLLOW } from '../abi';
import type { Handler, WasiContext } from '../context';
import type { DescriptorOf } from '../descriptors';
import * as ERRNO from '../errno';
import * as FILETYPE from '../filetype';
import { type GuestCall, wordsArg } from '../guest';
import type { DirectoryHandle, FileStat } from '../host';
import { atPath, FOLLOW, type Outcome, type Target } from '../resolve';
import * as RIGHTS from '../rights';
import { isLink, newTimes, writeFilestat } from './stat';

type Directory = DescriptorOf<DirectoryHandle>;

/** The directory descriptor at argument `fd` and the path at the two arguments from `path` on. */
export function baseAndPath(
  w: WasiContext,
  c: GuestCall,
  fd: number,
  path: number,
  rights: number,
): { base: Directory; path: string } | Errno {
  const text = w.memory(c).path(c.u32(path), c.u32(path + 1));
  const base = w.descriptors.directory(c.u32(fd), rights);
  if (typeof base === 'number') return base;
  return typeof text === 'number' ? text : { base, path: text };
}

/** The stat of the last component; a link is followed when asked for, or when the path ended in a slash. */
export function statTarget(t: Target, follow: boolean): FileStat | Outcome {
  const stat = t.name === '.' ? t.directory.stat() : t.directory.statAt(t.name);
  if (typeof stat === 'number') return stat;
  if (isLink(stat) && (follow || t.mustBeDirectory)) return FOLLOW;
  return t.mustBeDirectory && stat.type !== FILETYPE.DIRECTORY ? ERRNO.NOTDIR : stat;
}

export const pathFilestatGet: Handler = (w, c, layout) => {
  const at = baseAndPath(w, c, 0, 2, RIGHTS.PATH_FILESTAT_GET);
  if (typeof at === 'number') return at;
  const follow = (c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0;
  return atPath(at.base, at.path, (t) => {
    const stat = statTarget(t, follow);
    return typeof stat === 'number' ? stat : writeFilestat(w, c, c.u32(4), stat, layout);
  });
};

export const pathFilestatSetTimes: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 2, RIGHTS.PATH_FILESTAT_SET_TIMES);
  if (typeof at === 'number') return at;
  const times = newTimes(w, c.u32(6), wordsArg(c, 4), wordsArg(c, 5));
  if (times === undefined) return ERRNO.INVAL;
  const follow = (c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0;
  return atPath(at.base, at.path, (t) => {
    const stat = statTarget(t, follow);
    if (typeof stat === 'number') return stat;
    return t.name === '.'
      ? t.directory.setTimes(times.atim, times.mtim)
      : t.directory.setTimesAt(t.name, times.atim, times.mtim);
  });
};

export const pathCreateDirectory: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_CREATE_DIRECTORY);
  if (typeof at === 'number') return at;
  return atPath(at.base, at.path, (t) => (t.name === '.' ? ERRNO.EXIST : t.directory.makeDirectory(t.name)));
};

export const pathRemoveDirectory: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_REMOVE_DIRECTORY);
  if (typeof at === 'number') return at;
  return atPath(at.base, at.path, (t) =>
    t.name === '.' ? ERRNO.INVAL : t.directory.removeDirectory(t.name),
  );
};

export const pathUnlinkFile: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_UNLINK_FILE);
  if (typeof at === 'number') return at;
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.ISDIR;
    if (!t.mustBeDirectory) return t.directory.unlink(t.name);
    const stat = t.directory.statAt(t.name);
    if (typeof stat === 'number') return stat;
    return stat.type === FILETYPE.DIRECTORY ? ERRNO.ISDIR : ERRNO.NOTDIR;
  });
};

/** Absolute targets could only lead out of the sandbox, so neither are made nor told. */
export const pathSymlink: Handler = (w, c) => {
  const target = w.memory(c).path(c.u32(0), c.u32(1));
  const at = baseAndPath(w, c, 2, 3, RIGHTS.PATH_SYMLINK);
  if (typeof at === 'number') return at;
  if (typeof target === 'number') return target;
  if (target === '') return ERRNO.NOENT;
  if (target.startsWith('/')) return ERRNO.PERM;
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.EXIST;
    if (!t.mustBeDirectory) return t.directory.symlink(target, t.name);
    const stat = t.directory.statAt(t.name);
    return typeof stat === 'number' ? stat : ERRNO.EXIST;
  });
};

export const pathReadlink: Handler = (w, c) => {
  const memory = w.memory(c);
  const buffer = memory.view(c.u32(3), c.u32(4));
  memory.check(c.u32(5), 4);
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_READLINK);
  if (typeof at === 'number') return at;
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.INVAL;
    const link = t.directory.readLink(t.name);
    if (typeof link === 'number') return link;
    if (t.mustBeDirectory) return ERRNO.INVAL;
    if (link.startsWith('/')) return ERRNO.PERM;
    const part = encodeUtf8(link).subarray(0, buffer.length);
    buffer.set(part);
    memory.setU32(c.u32(5), part.length);
    return ERRNO.SUCCESS;
  });
};

/** A slash behind the name of what is not a directory. */
function slashOnFile(t: Target, stat: FileStat): boolean {
  return t.mustBeDirectory && stat.type !== FILETYPE.DIRECTORY;
}

export const pathLink: Handler = (w, c) => {
  const from = baseAndPath(w, c, 0, 2, RIGHTS.PATH_LINK_SOURCE);
  if (typeof from === 'number') return from;
  const to = baseAndPath(w, c, 4, 5, RIGHTS.PATH_LINK_TARGET);
  if (typeof to === 'number') return to;
  // As wasmtime: a hard link is made to what the name itself means.
  if ((c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0) return ERRNO.INVAL;
  return atPath(from.base, from.path, (source) => {
    if (source.name === '.') return ERRNO.PERM;
    const stat = source.directory.statAt(source.name);
    if (typeof stat === 'number') return stat;
    if (slashOnFile(source, stat)) return ERRNO.NOTDIR;
    if (stat.type === FILETYPE.DIRECTORY) return ERRNO.PERM;
    return atPath(to.base, to.path, (target) => {
      if (target.name === '.') return ERRNO.EXIST;
      if (!target.mustBeDirectory) return source.directory.link(source.name, target.directory, target.name);
      const there = target.directory.statAt(target.name);
      return typeof there === 'number' ? there : ERRNO.EXIST;
    });
  });
};

export const pathRename: Handler = (w, c) => {
  const from = baseAndPath(w, c, 0, 1, RIGHTS.PATH_RENAME_SOURCE);
  if (typeof from === 'number') return from;
  const to = baseAndPath(w, c, 3, 4, RIGHTS.PATH_RENAME_TARGET);
  if (typeof to === 'number') return to;
  return atPath(from.base, from.path, (source) => {
    if (source.name === '.') return ERRNO.BUSY;
    const stat = source.directory.statAt(source.name);
    if (typeof stat === 'number') return stat;
    if (slashOnFile(source, stat)) return ERRNO.NOTDIR;
    return atPath(to.base, to.path, (target) => {
      if (target.name === '.') return ERRNO.BUSY;
      if (slashOnFile(target, stat)) return ERRNO.NOTDIR;
      if (!w.descriptors.canRename(source, target)) return ERRNO.NAMETOOLONG;
      const errno = source.directory.rename(source.name, target.directory, target.name);
      if (errno === ERRNO.SUCCESS) w.descriptors.renamed(source, target);
      return errno;
    });
  });
};
