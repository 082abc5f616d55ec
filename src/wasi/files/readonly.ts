/** Any directory, read only: whatever would change it gives ROFS. */
import type { Errno } from '../abi';
import * as ERRNO from '../errno';
import type { DirectoryHandle, FileHandle, Handle, OpenOptions } from '../host';

const no = (): Errno => ERRNO.ROFS;

/** The same directory, without any way to change it. */
export function readOnly(directory: DirectoryHandle): DirectoryHandle {
  return {
    kind: 'directory',
    stat: () => directory.stat(),
    statAt: (name) => directory.statAt(name),
    readLink: (name) => directory.readLink(name),
    list: () => directory.list(),
    sync: () => ERRNO.SUCCESS,
    close: () => directory.close(),
    attach: (now, device, ledger) => directory.attach?.(now, device, ledger),
    openDirectory(name) {
      const below = directory.openDirectory(name);
      return typeof below === 'number' ? below : readOnly(below);
    },
    open: (name, options) => openReadOnly(directory, name, options),
    setTimes: no,
    setTimesAt: no,
    symlink: no,
    makeDirectory: no,
    removeDirectory: no,
    unlink: no,
    rename: no,
    link: no,
  };
}

/** O_CREAT is no offence when the file is there. */
function openReadOnly(directory: DirectoryHandle, name: string, options: OpenOptions): Handle | Errno {
  if (options.create && options.exclusive) {
    const there = directory.statAt(name);
    return typeof there === 'number' ? ERRNO.ROFS : ERRNO.EXIST;
  }
  if (options.write || options.truncate) {
    const there = directory.statAt(name);
    return there === ERRNO.NOENT && !options.create ? there : ERRNO.ROFS;
  }
  const handle = directory.open(name, { ...options, create: false });
  if (handle === ERRNO.NOENT && options.create) return ERRNO.ROFS;
  if (typeof handle === 'number') return handle;
  if (handle.kind === 'directory') return readOnly(handle);
  return handle.kind === 'file' ? readOnlyFile(handle) : handle;
}

function readOnlyFile(file: FileHandle): FileHandle {
  return {
    kind: 'file',
    stat: () => file.stat(),
    size: () => file.size(),
    read: (buffers, position) => file.read(buffers, position),
    write: () => -ERRNO.BADF,
    setSize: no,
    setTimes: no,
    sync: () => ERRNO.SUCCESS,
    close: () => file.close(),
  };
}
