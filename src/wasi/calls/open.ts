/** path_open. */

import { ALL_FDFLAGS, ALL_OFLAGS, ALL_RIGHTS, type Errno, LOOKUP_SYMLINK_FOLLOW, OFLAGS } from '../abi';
import type { Handler } from '../context';
import { MAX_KEPT_PATH, makeDescriptor, rightsOf } from '../descriptors';
import * as ERRNO from '../errno';
import type { Handle, OpenOptions } from '../host';
import { given } from '../refusal';
import { atPath, FOLLOW, type Outcome, type Target } from '../resolve';
import * as RIGHTS from '../rights';
import { baseAndPath } from './path';

const WRITING = RIGHTS.FD_WRITE | RIGHTS.FD_ALLOCATE | RIGHTS.FD_FILESTAT_SET_SIZE;

interface OpenRequest {
  readonly options: OpenOptions;
  readonly directoryOnly: boolean;
  readonly follow: boolean;
  readonly wantsToWrite: boolean;
}

export const pathOpen: Handler = (w, c) => {
  const oflags = c.u32(4);
  const fdflags = c.u32(7);
  const result = c.u32(8);
  w.memory(c).check(result, 4);
  const needed =
    RIGHTS.PATH_OPEN |
    ((oflags & OFLAGS.CREAT) !== 0 ? RIGHTS.PATH_CREATE_FILE : 0) |
    ((oflags & OFLAGS.TRUNC) !== 0 ? RIGHTS.PATH_FILESTAT_SET_SIZE : 0);
  const at = baseAndPath(w, c, 0, 2, needed);
  if (oflags > ALL_OFLAGS || fdflags > ALL_FDFLAGS) return ERRNO.INVAL;
  if ((oflags & OFLAGS.CREAT) !== 0 && (oflags & OFLAGS.DIRECTORY) !== 0) return ERRNO.INVAL;
  // Rights that the directory cannot hand on are left out, except those that the program will surely use.
  const asked = c.lo(5) & ALL_RIGHTS;
  const granted = asked & at.base.inheriting;
  if ((asked & ~granted & (RIGHTS.FD_READ | RIGHTS.FD_WRITE)) !== 0) return ERRNO.NOTCAPABLE;
  if (!w.descriptors.hasRoom()) return ERRNO.MFILE;
  const request: OpenRequest = {
    options: {
      read: (granted & RIGHTS.FD_READ) !== 0,
      write: (granted & WRITING) !== 0 || (oflags & OFLAGS.TRUNC) !== 0,
      create: (oflags & OFLAGS.CREAT) !== 0,
      exclusive: (oflags & OFLAGS.EXCL) !== 0,
      truncate: (oflags & OFLAGS.TRUNC) !== 0,
    },
    directoryOnly: (oflags & OFLAGS.DIRECTORY) !== 0,
    follow: (c.u32(1) & LOOKUP_SYMLINK_FOLLOW) !== 0,
    wantsToWrite: (granted & RIGHTS.FD_WRITE) !== 0,
  };
  return atPath(at.base, at.path, (t) => {
    if (t.path.length > MAX_KEPT_PATH) return ERRNO.NAMETOOLONG;
    const handle = given(openTarget(t, request));
    const isDirectory = handle.kind === 'directory';
    const fd = w.descriptors.add(
      makeDescriptor(handle, {
        rights: granted & rightsOf(handle),
        inheriting: isDirectory ? c.lo(6) & at.base.inheriting : 0,
        flags: fdflags,
        root: t.root,
        path: t.path,
        access: { read: request.options.read, write: request.options.write },
      }),
    );
    w.memory(c).setU32(result, fd);
    return ERRNO.SUCCESS;
  });
};

function openTarget(t: Target, request: OpenRequest): Handle | Outcome {
  const { options } = request;
  if (t.name === '.' || request.directoryOnly || t.mustBeDirectory) return openDirectory(t, request);
  const handle = t.directory.open(t.name, options);
  if (handle === ERRNO.LOOP) return request.follow && !options.exclusive ? FOLLOW : linkError(options);
  return handle;
}

function linkError(options: OpenOptions): Errno {
  return options.create && options.exclusive ? ERRNO.EXIST : ERRNO.LOOP;
}

/** Only a directory will do: O_DIRECTORY, a trailing slash, or a path such as `.`. */
function openDirectory(t: Target, request: OpenRequest): Handle | Outcome {
  const { create, exclusive, truncate } = request.options;
  if (create) return exclusive && t.name === '.' ? ERRNO.EXIST : ERRNO.ISDIR;
  const handle = t.directory.openDirectory(t.name);
  if (typeof handle !== 'number') {
    if (!request.wantsToWrite && !truncate) return handle;
    handle.close();
    return ERRNO.ISDIR;
  }
  if (handle !== ERRNO.NOTDIR && handle !== ERRNO.LOOP) return handle;
  if (typeof t.directory.readLink(t.name) === 'number') return ERRNO.NOTDIR;
  return request.follow || t.mustBeDirectory ? FOLLOW : ERRNO.LOOP;
}
