/** Reading, writing and moving about in descriptors. */
import { ALL_FDFLAGS, type Errno, FDFLAGS } from '../abi';
import type { Handler, Pause, WasiContext } from '../context';
import { type Descriptor, isPollable } from '../descriptors';
import * as ERRNO from '../errno';
import { type GuestMemory, s64Arg, u64Arg } from '../guest';
import { APPEND, type FileHandle, type Pollable } from '../host';
import * as RIGHTS from '../rights';
import { readWhole, total, writeWhole } from '../streams';

/** Offsets and sizes beyond this are not exact in a number, and no host has such files. */
export const MAX_OFFSET = Number.MAX_SAFE_INTEGER;

/** "Until the stream is ready, however long that takes". */
export function untilStream(stream: Pollable, write: boolean): Pause {
  return { nanoseconds: Number.POSITIVE_INFINITY, interests: [{ stream, write }] };
}

/** Stores a count at `pointer`, or gives the errno that a negative count stands for. */
function giveCount(memory: GuestMemory, pointer: number, count: number): Errno {
  if (count < 0) return -count;
  memory.setU32(pointer, count);
  return ERRNO.SUCCESS;
}

export const fdRead: Handler = (w, c) => {
  const fd = c.u32(0);
  const result = c.u32(3);
  const memory = w.memory(c);
  memory.check(result, 4);
  const descriptor = w.descriptors.need(fd, 0);
  const { handle } = descriptor;
  if (handle.kind === 'directory') return ERRNO.ISDIR;
  if ((descriptor.rights & RIGHTS.FD_READ) === 0) return ERRNO.NOTCAPABLE;
  if (handle.kind === 'file') {
    const count = handle.read(memory.buffers(c.u32(1), c.u32(2)), descriptor.offset);
    if (count > 0) descriptor.offset += count;
    return giveCount(memory, result, count);
  }
  const iovs = c.u32(1);
  const iovsLength = c.u32(2);
  const steady = w.isSteady(handle);
  const waits = steady || (descriptor.flags & FDFLAGS.NONBLOCK) === 0;
  return w.untilReady(() => {
    const memory = w.memory(c);
    const buffers = memory.buffers(iovs, iovsLength);
    const count = steady ? readWhole(handle, buffers) : handle.read(buffers);
    if (count > 0) w.hasRead(handle, count);
    const wait = count === -ERRNO.AGAIN && waits;
    return wait ? untilStream(handle, false) : giveCount(memory, result, count);
  });
};

export const fdWrite: Handler = (w, c) => {
  const fd = c.u32(0);
  const iovs = c.u32(1);
  const iovsLength = c.u32(2);
  const result = c.u32(3);
  const memory = w.memory(c);
  memory.check(result, 4);
  const descriptor = w.descriptors.need(fd, 0);
  const { handle } = descriptor;
  if (handle.kind === 'directory') return ERRNO.ISDIR;
  if ((descriptor.rights & RIGHTS.FD_WRITE) === 0) return ERRNO.NOTCAPABLE;
  if (handle.kind === 'file') {
    return giveCount(memory, result, writeFile(descriptor, handle, memory.buffers(iovs, iovsLength)));
  }
  const steady = w.isSteady(handle);
  const waits = steady || (descriptor.flags & FDFLAGS.NONBLOCK) === 0;
  const counted = handle === w.standard[1] || handle === w.standard[2];
  let done = 0;
  return w.untilReady(() => {
    const memory = w.memory(c);
    const buffers = memory.buffers(iovs, iovsLength);
    const size = total(buffers);
    if (counted && w.outputBytes + size - done > w.limits.outputBytes) return ERRNO.DQUOT;
    const count = waits ? writeWhole(handle, buffers, done) : handle.write(buffers);
    if (count === -ERRNO.AGAIN && waits) return untilStream(handle, true);
    // What went out before an error is told; the error comes with the next write.
    if (count < 0 && done > 0) return giveCount(memory, result, done);
    if (count > done && counted) w.outputBytes += count - done;
    done = Math.max(done, count);
    return steady && count >= 0 && count < size
      ? untilStream(handle, true)
      : giveCount(memory, result, count);
  });
};

/** A write at the descriptor's offset, or at the end with APPEND. Gives the count or a negated errno. */
function writeFile(descriptor: Descriptor, handle: FileHandle, buffers: readonly Uint8Array[]): number {
  const append = (descriptor.flags & FDFLAGS.APPEND) !== 0;
  if (descriptor.offset + total(buffers) > MAX_OFFSET) return -ERRNO.FBIG;
  const count = handle.write(buffers, append ? APPEND : descriptor.offset);
  if (count < 0) return count;
  if (append) {
    const size = handle.size();
    descriptor.offset = size < 0 ? descriptor.offset : size;
  } else {
    descriptor.offset += count;
  }
  return syncAfterWrite(descriptor, handle, count);
}

function syncAfterWrite(descriptor: Descriptor, handle: FileHandle, count: number): number {
  if ((descriptor.flags & (FDFLAGS.SYNC | FDFLAGS.DSYNC)) === 0) return count;
  const errno = handle.sync((descriptor.flags & FDFLAGS.SYNC) === 0);
  return errno === ERRNO.SUCCESS ? count : -errno;
}

export const fdPread: Handler = (w, c) => {
  const memory = w.memory(c);
  memory.check(c.u32(4), 4);
  const file = w.descriptors.file(c.u32(0), RIGHTS.FD_READ | RIGHTS.FD_SEEK, ERRNO.SPIPE);
  const offset = u64Arg(c, 3);
  if (offset > MAX_OFFSET) return ERRNO.INVAL;
  return giveCount(memory, c.u32(4), file.handle.read(memory.buffers(c.u32(1), c.u32(2)), offset));
};

export const fdPwrite: Handler = (w, c) => {
  const memory = w.memory(c);
  memory.check(c.u32(4), 4);
  const file = w.descriptors.file(c.u32(0), RIGHTS.FD_WRITE | RIGHTS.FD_SEEK, ERRNO.SPIPE);
  const offset = u64Arg(c, 3);
  const buffers = memory.buffers(c.u32(1), c.u32(2));
  if (offset + total(buffers) > MAX_OFFSET) return offset > MAX_OFFSET ? ERRNO.INVAL : ERRNO.FBIG;
  const count = file.handle.write(buffers, offset);
  return giveCount(memory, c.u32(4), count < 0 ? count : syncAfterWrite(file, file.handle, count));
};

export const fdSeek: Handler = (w, c, layout) => {
  const memory = w.memory(c);
  memory.check(c.u32(3), 8);
  const delta = s64Arg(c, 1);
  const whence = c.u32(2);
  const stays = whence === layout.seekCur && delta === 0;
  const file = w.descriptors.file(c.u32(0), 0, ERRNO.SPIPE);
  // The right to seek implies the right to tell, and a seek that moves nothing only tells.
  const enough = stays ? RIGHTS.FD_SEEK | RIGHTS.FD_TELL : RIGHTS.FD_SEEK;
  if ((file.rights & enough) === 0) return ERRNO.NOTCAPABLE;
  let from = 0;
  if (whence === layout.seekCur) from = file.offset;
  else if (whence === layout.seekEnd) from = file.handle.size();
  else if (whence !== layout.seekSet) return ERRNO.INVAL;
  if (from < 0) return -from;
  const offset = from + delta;
  if (offset < 0 || offset > MAX_OFFSET) return ERRNO.INVAL;
  file.offset = offset;
  memory.setNumber(c.u32(3), offset);
  return ERRNO.SUCCESS;
};

export const fdTell: Handler = (w, c) => {
  const memory = w.memory(c);
  memory.check(c.u32(1), 8);
  const file = w.descriptors.file(c.u32(0), 0, ERRNO.SPIPE);
  if ((file.rights & (RIGHTS.FD_SEEK | RIGHTS.FD_TELL)) === 0) return ERRNO.NOTCAPABLE;
  memory.setNumber(c.u32(1), file.offset);
  return ERRNO.SUCCESS;
};

export const fdClose: Handler = (w, c) => w.descriptors.close(c.u32(0));

export const fdRenumber: Handler = (w, c) => w.descriptors.renumber(c.u32(0), c.u32(1));

function sync(w: WasiContext, fd: number, right: number, dataOnly: boolean): Errno {
  const descriptor = w.descriptors.need(fd, 0);
  if (isPollable(descriptor.handle)) return ERRNO.INVAL;
  if ((descriptor.rights & right) === 0) return ERRNO.NOTCAPABLE;
  return descriptor.handle.kind === 'file' ? descriptor.handle.sync(dataOnly) : descriptor.handle.sync();
}

export const fdSync: Handler = (w, c) => sync(w, c.u32(0), RIGHTS.FD_SYNC, false);
export const fdDatasync: Handler = (w, c) => sync(w, c.u32(0), RIGHTS.FD_DATASYNC, true);

export const fdFdstatSetFlags: Handler = (w, c) => {
  const flags = c.u32(1);
  const descriptor = w.descriptors.need(c.u32(0), RIGHTS.FD_FDSTAT_SET_FLAGS);
  if ((flags & ~ALL_FDFLAGS) !== 0) return ERRNO.INVAL;
  descriptor.flags = flags;
  return ERRNO.SUCCESS;
};
