/** What a descriptor is, its rights, size, times and space. */

import { encodeUtf8 } from '../../decoder/utf8';
import { ADVICE_COUNT, type Errno, FSTFLAGS, type Layout, PREOPENTYPE_DIR } from '../abi';
import type { Handler, WasiContext } from '../context';
import * as ERRNO from '../errno';
import * as FILETYPE from '../filetype';
import { type GuestCall, u64Arg, wordsArg } from '../guest';
import type { FileStat, NewTime } from '../host';
import { given } from '../refusal';
import * as RIGHTS from '../rights';
import { STREAM_STAT } from '../streams';
import type { U64 } from '../words';
import { MAX_OFFSET } from './io';

export function writeFilestat(
  w: WasiContext,
  c: GuestCall,
  pointer: number,
  stat: FileStat,
  layout: Layout,
): Errno {
  const memory = w.memory(c);
  // The older layout has a narrow link count, and all that follows moves up.
  const links = layout.wideLinkCount ? 24 : 20;
  const size = layout.wideLinkCount ? 32 : 24;
  memory.fill(pointer, size + 32);
  memory.setU64(pointer, stat.dev);
  memory.setU64(pointer + 8, stat.ino);
  memory.setU8(pointer + 16, stat.type);
  memory.setU32(pointer + links, stat.nlink);
  memory.setNumber(pointer + size, stat.size);
  memory.setU64(pointer + size + 8, stat.atim);
  memory.setU64(pointer + size + 16, stat.mtim);
  memory.setU64(pointer + size + 24, stat.ctim);
  return ERRNO.SUCCESS;
}

export const fdFilestatGet: Handler = (w, c, layout) => {
  const descriptor = w.descriptors.need(c.u32(0), RIGHTS.FD_FILESTAT_GET);
  const stat = w.isSteady(descriptor.handle) ? STREAM_STAT : descriptor.handle.stat();
  return writeFilestat(w, c, c.u32(1), given(stat), layout);
};

/** The two times that FSTFLAGS ask for, or undefined when they contradict each other. */
export function newTimes(
  w: WasiContext,
  flags: number,
  atim: U64,
  mtim: U64,
): { atim: NewTime; mtim: NewTime } | undefined {
  const both = (a: number, b: number) => (flags & a) !== 0 && (flags & b) !== 0;
  if (flags > 15 || both(FSTFLAGS.ATIM, FSTFLAGS.ATIM_NOW) || both(FSTFLAGS.MTIM, FSTFLAGS.MTIM_NOW)) {
    return undefined;
  }
  const now = (flags & (FSTFLAGS.ATIM_NOW | FSTFLAGS.MTIM_NOW)) !== 0 ? w.clocks.realtime() : undefined;
  const choose = (set: number, setNow: number, value: U64) =>
    (flags & set) !== 0 ? value : (flags & setNow) !== 0 ? now : undefined;
  return {
    atim: choose(FSTFLAGS.ATIM, FSTFLAGS.ATIM_NOW, atim),
    mtim: choose(FSTFLAGS.MTIM, FSTFLAGS.MTIM_NOW, mtim),
  };
}

export const fdFilestatSetTimes: Handler = (w, c) => {
  const descriptor = w.descriptors.need(c.u32(0), RIGHTS.FD_FILESTAT_SET_TIMES);
  const times = newTimes(w, c.u32(3), wordsArg(c, 1), wordsArg(c, 2));
  if (times === undefined) return ERRNO.INVAL;
  const { handle } = descriptor;
  if (handle.kind !== 'file' && handle.kind !== 'directory') return ERRNO.BADF;
  return handle.setTimes(times.atim, times.mtim);
};

export const fdFilestatSetSize: Handler = (w, c) => {
  const file = w.descriptors.file(c.u32(0), RIGHTS.FD_FILESTAT_SET_SIZE, ERRNO.INVAL);
  const size = u64Arg(c, 1);
  return size > MAX_OFFSET ? ERRNO.FBIG : file.handle.setSize(size);
};

/** Makes the file at least as long as the range; hosts have no way to ask for the blocks themselves. In memory there is one. */
export const fdAllocate: Handler = (w, c) => {
  const file = w.descriptors.file(c.u32(0), RIGHTS.FD_ALLOCATE, ERRNO.SPIPE);
  const length = u64Arg(c, 2);
  const start = u64Arg(c, 1);
  const end = start + length;
  if (length === 0) return ERRNO.INVAL;
  if (end > MAX_OFFSET) return ERRNO.FBIG;
  if (file.handle.allocate !== undefined) return file.handle.allocate(start, end);
  const size = file.handle.size();
  if (size < 0) return -size;
  return end > size ? file.handle.setSize(end) : ERRNO.SUCCESS;
};

export const fdAdvise: Handler = (w, c) => {
  const fd = c.u32(0);
  if (w.descriptors.need(fd, 0).handle.kind === 'directory') return ERRNO.BADF;
  w.descriptors.file(fd, RIGHTS.FD_ADVISE, ERRNO.SPIPE);
  return c.u32(3) < ADVICE_COUNT ? ERRNO.SUCCESS : ERRNO.INVAL;
};

export const fdFdstatGet: Handler = (w, c) => {
  const descriptor = w.descriptors.need(c.u32(0), 0);
  const memory = w.memory(c);
  const pointer = c.u32(1);
  memory.fill(pointer, 24);
  memory.setU8(pointer, w.isSteady(descriptor.handle) ? STREAM_STAT.type : descriptor.type);
  memory.setU16(pointer + 2, descriptor.flags);
  memory.setU32(pointer + 8, descriptor.rights);
  memory.setU32(pointer + 16, descriptor.inheriting);
  return ERRNO.SUCCESS;
};

/** Rights can be given up, never gained. */
export const fdFdstatSetRights: Handler = (w, c) => {
  const descriptor = w.descriptors.need(c.u32(0), 0);
  const base = wordsArg(c, 1);
  const inheriting = wordsArg(c, 2);
  if (base.hi !== 0 || (base.lo & ~descriptor.rights) !== 0) return ERRNO.NOTCAPABLE;
  if (inheriting.hi !== 0 || (inheriting.lo & ~descriptor.inheriting) !== 0) return ERRNO.NOTCAPABLE;
  descriptor.rights = base.lo;
  descriptor.inheriting = inheriting.lo;
  return ERRNO.SUCCESS;
};

export const fdPrestatGet: Handler = (w, c) => {
  const descriptor = w.descriptors.need(c.u32(0), 0);
  if (descriptor.preopen === undefined) return ERRNO.BADF;
  const memory = w.memory(c);
  const pointer = c.u32(1);
  memory.fill(pointer, 8);
  memory.setU8(pointer, PREOPENTYPE_DIR);
  memory.setU32(pointer + 4, encodeUtf8(descriptor.preopen).length);
  return ERRNO.SUCCESS;
};

export const fdPrestatDirName: Handler = (w, c) => {
  const descriptor = w.descriptors.need(c.u32(0), 0);
  if (descriptor.preopen === undefined) return ERRNO.BADF;
  const name = encodeUtf8(descriptor.preopen);
  if (c.u32(2) < name.length) return ERRNO.NAMETOOLONG;
  w.memory(c).set(c.u32(1), name);
  return ERRNO.SUCCESS;
};

/** Whether symbolic links can be met at the end of a path. */
export function isLink(stat: FileStat): boolean {
  return stat.type === FILETYPE.SYMBOLIC_LINK;
}
