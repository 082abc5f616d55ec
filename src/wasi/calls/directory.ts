/** fd_readdir: a listing is taken when the guest starts from cookie 0 and stays as it is until it starts again. */

import { encodeUtf8 } from '../../decoder/utf8';
import type { Handler, WasiContext } from '../context';
import type { DescriptorOf } from '../descriptors';
import * as ERRNO from '../errno';
import * as FILETYPE from '../filetype';
import { u64Arg } from '../guest';
import type { DirectoryEntry, DirectoryHandle } from '../host';
import { given, refuse } from '../refusal';
import * as RIGHTS from '../rights';
import { fromNumber, ZERO } from '../words';

const DIRENT_SIZE = 24;

/** `.`, `..` (whose inode is not told: it may lie outside) and the entries in the order of their names. */
function takeListing(directory: DirectoryHandle): readonly DirectoryEntry[] {
  const entries = given(directory.list());
  const stat = directory.stat();
  const self = typeof stat === 'number' ? ZERO : stat.ino;
  const sorted = entries.slice().sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return [
    { name: '.', ino: self, type: FILETYPE.DIRECTORY },
    { name: '..', ino: ZERO, type: FILETYPE.DIRECTORY },
    ...sorted,
  ];
}

function listingOf(
  w: WasiContext,
  d: DescriptorOf<DirectoryHandle>,
  cookie: number,
): readonly DirectoryEntry[] {
  if (cookie !== 0 && d.listing !== undefined) return d.listing;
  const listing = takeListing(d.handle);
  if (!w.descriptors.keepListing(d, listing, w.ledger)) refuse(ERRNO.NOMEM);
  return listing;
}

export const fdReaddir: Handler = (w, c) => {
  const memory = w.memory(c);
  const buffer = memory.view(c.u32(1), c.u32(2));
  memory.check(c.u32(4), 4);
  const directory = w.descriptors.directory(c.u32(0), RIGHTS.FD_READDIR);
  const cookie = u64Arg(c, 3);
  const listing = listingOf(w, directory, cookie);
  let used = 0;
  for (let next = cookie; next < listing.length && used < buffer.length; next++) {
    const record = dirent(listing[next], next + 1);
    // The last record may be cut off; the guest sees that the buffer is full and asks again from its cookie.
    const part = record.subarray(0, buffer.length - used);
    buffer.set(part, used);
    used += part.length;
  }
  memory.setU32(c.u32(4), used);
  return ERRNO.SUCCESS;
};

function dirent(entry: DirectoryEntry, next: number): Uint8Array {
  const name = encodeUtf8(entry.name);
  const record = new Uint8Array(DIRENT_SIZE + name.length);
  const view = new DataView(record.buffer);
  const cookie = fromNumber(next);
  view.setUint32(0, cookie.lo, true);
  view.setUint32(4, cookie.hi, true);
  view.setUint32(8, entry.ino.lo, true);
  view.setUint32(12, entry.ino.hi, true);
  view.setUint32(16, name.length, true);
  view.setUint8(20, entry.type);
  record.set(name, DIRENT_SIZE);
  return record;
}
