/** Handles on the nodes of an in-memory file system. Errnos are those that Linux gives. */
import { encodeUtf8 } from '../../decoder/utf8';
import type { Errno } from '../abi';
import * as ERRNO from '../errno';
import {
  APPEND,
  type DirectoryEntry,
  type DirectoryHandle,
  type FileHandle,
  type FileStat,
  type Handle,
  type NewTime,
  type OpenOptions,
} from '../host';
import { type Amounts, type Ledger, nameCost } from '../ledger';
import { total } from '../streams';
import { fromNumber, type U64 } from '../words';
import { type AnyNode, DirectoryNode, FileNode, LinkNode, MAX_NAME, MAX_SIZE } from './nodes';

function statOf(node: AnyNode): FileStat {
  return {
    dev: fromNumber(node.volume.device),
    ino: node.inode,
    type: node.type,
    nlink: Math.max(node.links, node instanceof DirectoryNode && !node.removed ? 1 : 0),
    size: node.size(),
    atim: node.atim,
    mtim: node.mtim,
    ctim: node.ctim,
  };
}

function setTimes(node: AnyNode, atim: NewTime, mtim: NewTime): Errno {
  node.atim = atim ?? node.atim;
  node.mtim = mtim ?? node.mtim;
  node.ctim = node.volume.now();
  return ERRNO.SUCCESS;
}

export class MemoryFile implements FileHandle {
  readonly kind = 'file';
  constructor(
    readonly node: FileNode,
    readonly access: { readonly read: boolean; readonly write: boolean },
  ) {
    node.opens++;
  }

  stat(): FileStat {
    return statOf(this.node);
  }
  size(): number {
    return this.node.size();
  }

  read(buffers: readonly Uint8Array[], position: number): number {
    if (!this.access.read) return -ERRNO.BADF;
    let count = 0;
    for (const buffer of buffers) {
      const got = this.node.readAt(buffer, position + count);
      count += got;
      if (got < buffer.length) break;
    }
    this.node.atim = this.node.volume.now();
    return count;
  }

  write(buffers: readonly Uint8Array[], position: number): number {
    if (!this.access.write) return -ERRNO.BADF;
    const start = position === APPEND ? this.node.size() : position;
    if (start + total(buffers) > MAX_SIZE) return -ERRNO.FBIG;
    let count = 0;
    for (const buffer of buffers) {
      const put = this.node.writeAt(buffer, start + count);
      count += put;
      if (put < buffer.length) break;
    }
    if (count === 0 && total(buffers) > 0) return -ERRNO.NOSPC;
    this.node.touch();
    return count;
  }

  setSize(size: number): Errno {
    if (!this.access.write) return ERRNO.BADF;
    if (size > MAX_SIZE) return ERRNO.FBIG;
    const errno = this.node.setSize(size);
    if (errno === ERRNO.SUCCESS) this.node.touch();
    return errno;
  }
  allocate(start: number, end: number): Errno {
    if (!this.access.write) return ERRNO.BADF;
    if (end > MAX_SIZE) return ERRNO.FBIG;
    if (!this.node.reserve(start, end)) return ERRNO.NOSPC;
    this.node.touch();
    return ERRNO.SUCCESS;
  }
  setTimes(atim: NewTime, mtim: NewTime): Errno {
    return setTimes(this.node, atim, mtim);
  }
  sync(): Errno {
    return ERRNO.SUCCESS;
  }
  close(): void {
    this.node.opens--;
    this.node.release();
  }
}

export class MemoryDirectory implements DirectoryHandle {
  readonly kind = 'directory';
  constructor(readonly node: DirectoryNode) {
    node.opens++;
  }

  attach(now: () => U64, device: number, ledger: Ledger): void {
    const { volume } = this.node;
    volume.now = now;
    volume.device = device;
    ledger.adopt(volume.ledger);
  }

  /** SUCCESS once its entries are in memory; NFILE when there is no room for them. */
  private populate(): Errno {
    return this.node.populate() ? ERRNO.SUCCESS : ERRNO.NFILE;
  }

  stat(): FileStat {
    return statOf(this.node);
  }

  /** The node of a name ('.' is this directory), or an errno. */
  private find(name: string): AnyNode | Errno {
    if (name === '.') return this.node;
    return this.populate() || (this.node.entries.get(name) ?? ERRNO.NOENT);
  }

  /** Success when `name` can be given to something that takes `more` beside the name, `less` being given back. */
  private free(name: string, more: Partial<Amounts>, less = 0): Errno {
    const errno = this.populate();
    if (errno !== ERRNO.SUCCESS) return errno;
    if (this.node.entries.has(name)) return ERRNO.EXIST;
    if (this.node.removed) return ERRNO.NOENT;
    return this.mayName(name, more, less);
  }

  private mayName(name: string, more: Partial<Amounts>, less: number): Errno {
    if (encodeUtf8(name).length > MAX_NAME) return ERRNO.NAMETOOLONG;
    const wanted = { ...more, names: nameCost(name) - less };
    return this.node.volume.ledger.fits(wanted) ? ERRNO.SUCCESS : ERRNO.NOSPC;
  }

  statAt(name: string): FileStat | Errno {
    const node = this.find(name);
    return typeof node === 'number' ? node : statOf(node);
  }

  openDirectory(name: string): DirectoryHandle | Errno {
    const node = this.find(name);
    if (typeof node === 'number') return node;
    return node instanceof DirectoryNode ? new MemoryDirectory(node) : ERRNO.NOTDIR;
  }

  open(name: string, options: OpenOptions): Handle | Errno {
    const found = this.find(name);
    if (typeof found === 'number') return options.create ? this.create(name, options) : found;
    if (options.create && options.exclusive) return ERRNO.EXIST;
    if (found instanceof LinkNode) return ERRNO.LOOP;
    if (found instanceof FileNode) {
      const errno = options.truncate ? found.setSize(0) : ERRNO.SUCCESS;
      if (options.truncate) found.touch();
      return errno === ERRNO.SUCCESS ? new MemoryFile(found, accessOf(options)) : errno;
    }
    const wrong = options.write || options.create || options.truncate;
    return wrong ? ERRNO.ISDIR : new MemoryDirectory(found);
  }

  private create(name: string, options: OpenOptions): Handle | Errno {
    const errno = this.free(name, { nodes: 1 });
    if (errno !== ERRNO.SUCCESS) return errno;
    const node = new FileNode(this.node.volume);
    this.node.add(name, node);
    return new MemoryFile(node, accessOf(options));
  }

  setTimes(atim: NewTime, mtim: NewTime): Errno {
    return setTimes(this.node, atim, mtim);
  }

  setTimesAt(name: string, atim: NewTime, mtim: NewTime): Errno {
    const node = this.find(name);
    return typeof node === 'number' ? node : setTimes(node, atim, mtim);
  }

  readLink(name: string): string | Errno {
    const node = this.find(name);
    if (typeof node === 'number') return node;
    return node instanceof LinkNode ? node.target : ERRNO.INVAL;
  }

  symlink(target: string, name: string): Errno {
    const errno = this.free(name, { nodes: 1, bytes: encodeUtf8(target).length });
    if (errno === ERRNO.SUCCESS) this.node.add(name, new LinkNode(this.node.volume, target));
    return errno;
  }

  makeDirectory(name: string): Errno {
    const errno = this.free(name, { nodes: 1 });
    if (errno === ERRNO.SUCCESS) this.node.add(name, new DirectoryNode(this.node.volume));
    return errno;
  }

  removeDirectory(name: string): Errno {
    const node = this.find(name);
    if (typeof node === 'number') return node;
    if (!(node instanceof DirectoryNode)) return ERRNO.NOTDIR;
    if (!node.populate() || node.entries.size > 0) return ERRNO.NOTEMPTY;
    this.node.remove(name);
    node.release();
    return ERRNO.SUCCESS;
  }

  unlink(name: string): Errno {
    const node = this.find(name);
    if (typeof node === 'number') return node;
    if (node instanceof DirectoryNode) return ERRNO.ISDIR;
    this.node.remove(name);
    node.release();
    return ERRNO.SUCCESS;
  }

  rename(name: string, target: DirectoryHandle, targetName: string): Errno {
    if (!(target instanceof MemoryDirectory) || target.node.volume !== this.node.volume) return ERRNO.XDEV;
    const node = this.find(name);
    if (typeof node === 'number') return node;
    const populated = target.populate();
    if (populated !== ERRNO.SUCCESS) return populated;
    const there = target.node.entries.get(targetName);
    if (there === node) return ERRNO.SUCCESS;
    if (node instanceof DirectoryNode && target.node.isWithin(node)) return ERRNO.INVAL;
    // What it replaces has the new name already; else the old name makes room for it.
    const errno = there === undefined ? target.free(targetName, {}, nameCost(name)) : mayReplace(node, there);
    if (errno !== ERRNO.SUCCESS) return errno;
    target.node.remove(targetName);
    there?.release();
    this.node.remove(name);
    target.node.add(targetName, node);
    return ERRNO.SUCCESS;
  }

  link(name: string, target: DirectoryHandle, targetName: string): Errno {
    if (!(target instanceof MemoryDirectory) || target.node.volume !== this.node.volume) return ERRNO.XDEV;
    const node = this.find(name);
    if (typeof node === 'number') return node;
    if (node instanceof DirectoryNode) return ERRNO.PERM;
    const errno = target.free(targetName, {});
    if (errno !== ERRNO.SUCCESS) return errno;
    target.node.add(targetName, node);
    node.ctim = node.volume.now();
    return ERRNO.SUCCESS;
  }

  list(): readonly DirectoryEntry[] | Errno {
    if (!this.node.populate()) return ERRNO.NFILE;
    return Array.from(this.node.entries, ([name, node]) => ({ name, ino: node.inode, type: node.type }));
  }

  sync(): Errno {
    return ERRNO.SUCCESS;
  }

  close(): void {
    this.node.opens--;
    this.node.release();
  }
}

function accessOf({ read, write }: OpenOptions): { read: boolean; write: boolean } {
  return { read, write };
}

/** Whether a rename of `node` may replace what is `there`. */
function mayReplace(node: AnyNode, there: AnyNode): Errno {
  if (!(there instanceof DirectoryNode)) {
    return node instanceof DirectoryNode ? ERRNO.NOTDIR : ERRNO.SUCCESS;
  }
  if (!(node instanceof DirectoryNode)) return ERRNO.ISDIR;
  return !there.populate() || there.entries.size > 0 ? ERRNO.NOTEMPTY : ERRNO.SUCCESS;
}
