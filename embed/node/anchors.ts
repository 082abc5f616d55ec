/**
 * How a directory is held, and how names below it become paths that Node's functions take (Node has no `openat`).
 *
 * On Linux a directory is an open descriptor, and `/proc/self/fd/N/name` is the name below exactly that directory, whatever has been
 * renamed since: the same guarantee that openat gives. Elsewhere it is a path, and each use first checks that the path still leads to
 * the directory that was opened (device and inode), which leaves a moment between check and use. The README says what that means.
 */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as ERRNO from '../../src/wasi/errno';

/** A directory under our feet. Methods throw as `node:fs` does. */
export interface Anchor {
  /** A path that means `name` in this directory ('.' the directory itself). */
  at(name: string): string;
  /** Another anchor: for a directory below, which must not be a symbolic link. */
  descend(name: string): Anchor;
  close(): void;
}

/** Thrown for names that only an adapter can refuse. */
export class NameError extends Error {
  constructor(readonly code: keyof typeof CODES) {
    super(code);
  }
}
const CODES = { EINVAL: ERRNO.INVAL, ESTALE: ERRNO.STALE, ENOTDIR: ERRNO.NOTDIR } as const;

/** Linux's O_PATH (the same on every architecture that Node runs on); Node does not name it. */
const O_PATH = 0x200000;
const DIRECTORY_ONLY = constants.O_DIRECTORY | constants.O_NOFOLLOW;

class DescriptorAnchor implements Anchor {
  constructor(private readonly fd: number) {}
  at(name: string): string {
    if (name.includes('/')) throw new NameError('EINVAL');
    return `/proc/self/fd/${this.fd}/${name}`;
  }
  descend(name: string): Anchor {
    return new DescriptorAnchor(openSync(this.at(name), O_PATH | DIRECTORY_ONLY));
  }
  close(): void {
    closeSync(this.fd);
  }
}

/**
 * Whether a name means an entry of the directory to Windows too: with a backslash or a colon it would lead elsewhere, and some names are
 * devices in every directory, whatever they end in.
 */
export function isWindowsName(name: string): boolean {
  if (name === '.') return true;
  for (let k = 0; k < name.length; k++) if (name.charCodeAt(k) < 0x20) return false;
  return !/[\\:*?"<>|]|[. ]$/.test(name) && !DEVICE.test(name);
}
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(\.|$)/i;

class PathAnchor implements Anchor {
  constructor(
    private readonly path: string,
    private readonly identity: string,
  ) {}
  at(name: string): string {
    if (name.includes('/')) throw new NameError('EINVAL');
    if (process.platform === 'win32' && !isWindowsName(name)) throw new NameError('EINVAL');
    if (identityOf(this.path) !== this.identity) throw new NameError('ESTALE');
    return name === '.' ? this.path : join(this.path, name);
  }
  descend(name: string): Anchor {
    const below = this.at(name);
    const identity = identityOf(below);
    if (identity === undefined) throw new NameError('ENOTDIR');
    return new PathAnchor(below, identity);
  }
  close(): void {}
}

/** Device and inode of a directory; undefined when it is something else (a symbolic link too). */
function identityOf(directory: string): string | undefined {
  const stats = lstatSync(directory, { bigint: true });
  return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined;
}

let hasDescriptors: boolean | undefined;
/** Whether the system shows open descriptors as files. */
function byDescriptor(): boolean {
  hasDescriptors ??= process.platform === 'linux' && existsSync('/proc/self/fd');
  return hasDescriptors;
}

/** The anchor of a preopened directory. Here, and only here, symbolic links on the way are followed: the user named the path. */
export function anchorAt(directory: string, portable = !byDescriptor()): Anchor {
  if (!portable) {
    return new DescriptorAnchor(openSync(directory, O_PATH | constants.O_DIRECTORY));
  }
  const fd = openSync(directory, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  const stats = fstatSync(fd, { bigint: true });
  closeSync(fd);
  return new PathAnchor(resolve(directory), `${stats.dev}:${stats.ino}`);
}

/** Whether an open descriptor can be opened once more by number. */
export function reopenPath(fd: number): string | undefined {
  return byDescriptor() ? `/proc/self/fd/${fd}` : undefined;
}
