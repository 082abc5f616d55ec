/** The table of descriptors. The lowest free number is given out first, as POSIX has it. */

import {
  DIRECTORY_RIGHTS,
  type Errno,
  FILE_RIGHTS,
  type FileType,
  SOCKET_RIGHTS,
  STREAM_RIGHTS,
} from './abi';
import * as ERRNO from './errno';
import * as FILETYPE from './filetype';
import type { DirectoryEntry, DirectoryHandle, FileHandle, Handle, Pollable, SocketHandle } from './host';
import { type Ledger, nameCost } from './ledger';
import { refuse } from './refusal';

/** The longest path that a descriptor keeps: directories opened one in another lead deeper than one path does. */
export const MAX_KEPT_PATH = 65536;

export interface Descriptor {
  handle: Handle;
  readonly type: FileType;
  rights: number;
  inheriting: number;
  /** FDFLAGS. */
  flags: number;
  /** Files only: where the next read or write goes. At most 2^53 - 1. */
  offset: number;
  /** Index of the preopened root that it was opened below, or -1. Follows the guest's renames, as `path` does. */
  root: number;
  /** Path below that root, symbolic links resolved; '' is the root itself. */
  path: string;
  /** Set on preopens: the name that fd_prestat_dir_name tells. */
  readonly preopen: string | undefined;
  /** Directories: the entries as they were at the last fd_readdir from the start; cookies count in it. */
  listing: readonly DirectoryEntry[] | undefined;
  /** The ledger that the listing is charged to. */
  listedIn: Ledger | undefined;
  /** How the host opened a file. */
  readonly access: { readonly read: boolean; readonly write: boolean };
  /** It stands for something that did not make it to this host; every use fails with IO. */
  readonly detached: boolean;
}

export function rightsOf(handle: Handle): number {
  if (handle.kind === 'file') return FILE_RIGHTS;
  if (handle.kind === 'directory') return DIRECTORY_RIGHTS;
  return handle.kind === 'socket' ? SOCKET_RIGHTS : STREAM_RIGHTS;
}

export function typeOf(handle: Handle): FileType {
  if (handle.kind === 'file') return FILETYPE.REGULAR_FILE;
  if (handle.kind === 'directory') return FILETYPE.DIRECTORY;
  if (handle.kind === 'socket') return FILETYPE.SOCKET_STREAM;
  const stat = handle.stat();
  return typeof stat === 'number' ? FILETYPE.UNKNOWN : stat.type;
}

export function makeDescriptor(handle: Handle, given: Partial<Descriptor> = {}): Descriptor {
  return {
    handle,
    type: typeOf(handle),
    rights: rightsOf(handle),
    inheriting: 0,
    flags: 0,
    offset: 0,
    root: -1,
    path: '',
    preopen: undefined,
    listing: undefined,
    listedIn: undefined,
    access: { read: true, write: true },
    detached: false,
    ...given,
  };
}

function dropListing(d: Descriptor): void {
  if (d.listing !== undefined) d.listedIn?.give({ names: listingCost(d.listing) });
  d.listing = undefined;
}

/** What a listing takes of the room for names. */
export function listingCost(listing: readonly DirectoryEntry[]): number {
  return listing.reduce((sum, { name }) => sum + nameCost(name), 0);
}

/** A descriptor whose handle is known to be of a kind. */
export type DescriptorOf<H extends Handle> = Descriptor & { handle: H };

export class DescriptorTable {
  readonly entries: (Descriptor | undefined)[] = [];
  constructor(readonly limit: number) {}

  /** Keeps a listing in place of the one before. Its room in `ledger` is given back with it; false when there is none. */
  keepListing(d: Descriptor, listing: readonly DirectoryEntry[], ledger: Ledger): boolean {
    dropListing(d);
    const names = listingCost(listing);
    if (!ledger.fits({ names })) return false;
    ledger.take({ names });
    d.listing = listing;
    d.listedIn = ledger;
    return true;
  }

  get(fd: number): Descriptor | undefined {
    return this.entries[fd];
  }

  /** The descriptor; refused with BADF, or with NOTCAPABLE when it lacks one of the rights. */
  need(fd: number, rights: number): Descriptor {
    const descriptor = this.entries[fd] ?? refuse(ERRNO.BADF);
    if ((descriptor.rights & rights) !== rights) refuse(ERRNO.NOTCAPABLE);
    return descriptor;
  }

  file(fd: number, rights: number, otherwise: Errno): DescriptorOf<FileHandle> {
    if (this.need(fd, 0).handle.kind === 'directory') refuse(ERRNO.ISDIR);
    return this.ofKind('file', fd, rights, otherwise);
  }

  directory(fd: number, rights: number): DescriptorOf<DirectoryHandle> {
    return this.ofKind('directory', fd, rights, ERRNO.NOTDIR);
  }

  socket(fd: number, rights: number): DescriptorOf<SocketHandle> {
    return this.ofKind('socket', fd, rights, ERRNO.NOTSOCK);
  }

  private ofKind<T extends Handle>(
    kind: T['kind'],
    fd: number,
    rights: number,
    otherwise: Errno,
  ): DescriptorOf<T> {
    if (this.need(fd, 0).handle.kind !== kind) refuse(otherwise);
    return this.need(fd, rights) as DescriptorOf<T>;
  }

  /** Whether `count` more descriptors can be opened. */
  hasRoom(): boolean {
    let open = 0;
    for (const entry of this.entries) if (entry !== undefined) open++;
    return open < this.limit;
  }

  /** Puts the descriptor at the lowest free number. The caller has asked `hasRoom`. */
  add(descriptor: Descriptor): number {
    let fd = 0;
    while (this.entries[fd] !== undefined) fd++;
    this.entries[fd] = descriptor;
    return fd;
  }

  close(fd: number): Errno {
    const descriptor = this.need(fd, 0);
    this.entries[fd] = undefined;
    dropListing(descriptor);
    // The root's handle stays: other descriptors were opened below it, and a restored state needs it again.
    if (descriptor.preopen === undefined) descriptor.handle.close();
    return ERRNO.SUCCESS;
  }

  /** `to` is closed and becomes what `from` was. Both must be open. */
  renumber(from: number, to: number): Errno {
    const descriptor = this.need(from, 0);
    this.need(to, 0);
    if (from === to) return ERRNO.SUCCESS;
    this.close(to);
    this.entries[to] = descriptor;
    this.entries[from] = undefined;
    return ERRNO.SUCCESS;
  }

  /** Closes all and puts others in their place. */
  replaceAll(entries: readonly (Descriptor | undefined)[]): void {
    this.closeAll();
    this.entries.length = 0;
    this.entries.push(...entries);
  }

  closeAll(): void {
    this.entries.forEach((descriptor, fd) => {
      if (descriptor !== undefined) this.close(fd);
    });
  }

  /** Whether a rename would leave the paths of open descriptors short enough to be kept. */
  canRename(from: Place, to: Place): boolean {
    const grows = to.path.length - from.path.length;
    return this.entries.every((entry) => {
      if (entry === undefined || !isBelow(entry, from)) return true;
      return entry.path.length + grows <= MAX_KEPT_PATH;
    });
  }

  /** After a rename: what was opened by the old path is now found by the new one. */
  renamed(from: Place, to: Place): void {
    for (const entry of this.entries) {
      if (entry === undefined || !isBelow(entry, from)) continue;
      entry.path = to.path + entry.path.slice(from.path.length);
      entry.root = to.root;
    }
  }
}

function isBelow(entry: Descriptor, place: Place): boolean {
  if (entry.root !== place.root) return false;
  return entry.path === place.path || entry.path.startsWith(`${place.path}/`);
}

/** Where a file is: a path below a preopened root. */
export interface Place {
  readonly root: number;
  readonly path: string;
}

export function isPollable(handle: Handle): handle is Pollable {
  return handle.kind === 'stream' || handle.kind === 'socket';
}
