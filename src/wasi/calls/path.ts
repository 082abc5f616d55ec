/** Calls that name a file by its path. The walk itself is in ../resolve.ts; here is what each does with the last component. */

import { encodeUtf8 } from '../../decoder/utf8';
import { LOOKUP_SYMLINK_FOLLOW } from '../abi';
import type { Handler, WasiContext } from '../context';
import type { DescriptorOf } from '../descriptors';
import * as ERRNO from '../errno';
import * as FILETYPE from '../filetype';
import { type GuestCall, wordsArg } from '../guest';
import type { DirectoryHandle, FileStat } from '../host';
import { given, refuse } from '../refusal';
import { atPath, FOLLOW, type Target } from '../resolve';
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
): { base: Directory; path: string } {
  const text = w.memory(c).path(c.u32(path), c.u32(path + 1));
  const base = w.descriptors.directory(c.u32(fd), rights);
  return { base, path: given(text) };
}

/** The stat of the last component; a link is followed when asked for, or when the path ended in a slash. */
export function statTarget(t: Target, follow: boolean): FileStat {
  const stat = given(t.name === '.' ? t.directory.stat() : t.directory.statAt(t.name));
  if (isLink(stat) && (follow || t.mustBeDirectory)) refuse(FOLLOW);
  if (slashOnFile(t, stat)) refuse(ERRNO.NOTDIR);
  return stat;
}

export const pathFilestatGet: Handler = (w, c, layout) => {
  const at = baseAndPath(w, c, 0, 2, RIGHTS.PATH_FILESTAT_GET);
  const follow = (c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0;
  return atPath(at.base, at.path, (t) => {
    return writeFilestat(w, c, c.u32(4), statTarget(t, follow), layout);
  });
};

export const pathFilestatSetTimes: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 2, RIGHTS.PATH_FILESTAT_SET_TIMES);
  const times = newTimes(w, c.u32(6), wordsArg(c, 4), wordsArg(c, 5));
  if (times === undefined) return ERRNO.INVAL;
  const follow = (c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0;
  return atPath(at.base, at.path, (t) => {
    statTarget(t, follow);
    return t.name === '.'
      ? t.directory.setTimes(times.atim, times.mtim)
      : t.directory.setTimesAt(t.name, times.atim, times.mtim);
  });
};

export const pathCreateDirectory: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_CREATE_DIRECTORY);
  return atPath(at.base, at.path, (t) => (t.name === '.' ? ERRNO.EXIST : t.directory.makeDirectory(t.name)));
};

export const pathRemoveDirectory: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_REMOVE_DIRECTORY);
  return atPath(at.base, at.path, (t) =>
    t.name === '.' ? ERRNO.INVAL : t.directory.removeDirectory(t.name),
  );
};

export const pathUnlinkFile: Handler = (w, c) => {
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_UNLINK_FILE);
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.ISDIR;
    if (!t.mustBeDirectory) return t.directory.unlink(t.name);
    const stat = given(t.directory.statAt(t.name));
    return stat.type === FILETYPE.DIRECTORY ? ERRNO.ISDIR : ERRNO.NOTDIR;
  });
};

/** Absolute targets could only lead out of the sandbox, so neither are made nor told. */
export const pathSymlink: Handler = (w, c) => {
  const text = w.memory(c).path(c.u32(0), c.u32(1));
  const at = baseAndPath(w, c, 2, 3, RIGHTS.PATH_SYMLINK);
  const target = given(text);
  if (target === '') return ERRNO.NOENT;
  if (target.startsWith('/')) return ERRNO.PERM;
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.EXIST;
    if (!t.mustBeDirectory) return t.directory.symlink(target, t.name);
    given(t.directory.statAt(t.name));
    return ERRNO.EXIST;
  });
};

export const pathReadlink: Handler = (w, c) => {
  const memory = w.memory(c);
  const buffer = memory.view(c.u32(3), c.u32(4));
  memory.check(c.u32(5), 4);
  const at = baseAndPath(w, c, 0, 1, RIGHTS.PATH_READLINK);
  return atPath(at.base, at.path, (t) => {
    if (t.name === '.') return ERRNO.INVAL;
    const link = given(t.directory.readLink(t.name));
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
  const to = baseAndPath(w, c, 4, 5, RIGHTS.PATH_LINK_TARGET);
  // As wasmtime: a hard link is made to what the name itself means.
  if ((c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0) return ERRNO.INVAL;
  return atPath(from.base, from.path, (source) => {
    if (source.name === '.') return ERRNO.PERM;
    const stat = given(source.directory.statAt(source.name));
    if (slashOnFile(source, stat)) return ERRNO.NOTDIR;
    if (stat.type === FILETYPE.DIRECTORY) return ERRNO.PERM;
    return atPath(to.base, to.path, (target) => {
      if (target.name === '.') return ERRNO.EXIST;
      if (!target.mustBeDirectory) return source.directory.link(source.name, target.directory, target.name);
      given(target.directory.statAt(target.name));
      return ERRNO.EXIST;
    });
  });
};

export const pathRename: Handler = (w, c) => {
  const from = baseAndPath(w, c, 0, 1, RIGHTS.PATH_RENAME_SOURCE);
  const to = baseAndPath(w, c, 3, 4, RIGHTS.PATH_RENAME_TARGET);
  return atPath(from.base, from.path, (source) => {
    if (source.name === '.') return ERRNO.BUSY;
    const stat = given(source.directory.statAt(source.name));
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
