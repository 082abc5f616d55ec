/** The in-memory file system: filled before the run, read afterwards, part of a saved state. */

import { type ByteSource, bytesOf } from '../../checks';
import { encodeUtf8 } from '../../decoder/utf8';
import { printable } from '../../errors';
import { errnoName, type FileType } from '../abi';
import * as FILETYPE from '../filetype';
import type { DirectoryEntry, DirectoryHandle } from '../host';
import { Ledger, LedgerFull } from '../ledger';
import { MemoryDirectory } from './handles';
import { type AnyNode, DirectoryNode, FileNode, LinkNode, MAX_NAME, Volume } from './nodes';

/** How large a file system in memory may become. */
export interface MemoryLimits {
  /** Bytes that files and the targets of links may take. */
  readonly maxBytes: number;
  /** Files, directories and links. */
  readonly maxNodes: number;
  /** Bytes that names may take, each entry of a directory counting for 64 beside its name. */
  readonly maxNames: number;
}
/** Limits of a file system that is given none. */
export const DEFAULT_MEMORY_LIMITS: MemoryLimits = {
  maxBytes: 256 * 1024 * 1024,
  maxNodes: 65536,
  // Three times what as many nodes take that have names of usual length.
  maxNames: 16 * 1024 * 1024,
};

/** An entry of a directory in memory. */
export interface MemoryEntry {
  /** Without a leading slash. */
  readonly path: string;
  /** What it is. */
  readonly type: FileType;
  /** Files: a copy of the contents. */
  readonly bytes: Uint8Array | undefined;
  /** Symbolic links. */
  readonly target: string | undefined;
}

/** Paths are relative to the root; a leading slash is allowed, `.` and `..` are not. Symbolic links are not followed. */
export class MemoryFileSystem {
  // Bundlers rename a class that names itself.
  static readonly name = 'MemoryFileSystem';
  private constructor(
    /** @internal The root directory. */
    readonly rootNode: DirectoryNode,
  ) {}

  /** An empty file system. */
  static create(limits: Partial<MemoryLimits> = {}): MemoryFileSystem {
    return MemoryFileSystem.at(new DirectoryNode(volumeOf(limits)));
  }

  /** @internal The file system whose root is given. */
  static at(rootNode: DirectoryNode): MemoryFileSystem {
    rootNode.links = 1;
    return new MemoryFileSystem(rootNode);
  }

  /** A handle on the root, for a preopen. */
  directory(): DirectoryHandle {
    return new MemoryDirectory(this.rootNode);
  }

  /** Bytes taken by files. */
  get usedBytes(): number {
    return this.rootNode.volume.ledger.bytes;
  }

  /** Bytes that files may take. */
  get maxBytes(): number {
    return this.rootNode.volume.ledger.limits.bytes;
  }

  /** From now on `bytes` more may be taken than are now, whatever the limit was. */
  limitGrowth(bytes: number): void {
    const { ledger } = this.rootNode.volume;
    ledger.limits = { ...ledger.limits, bytes: ledger.bytes + bytes };
  }

  /** Makes or replaces a file, and the directories above it. */
  writeFile(path: string, contents: ByteSource | string): void {
    const bytes = typeof contents === 'string' ? encodeUtf8(contents) : bytesOf('the contents', contents);
    const { directory, name } = this.parentOf(path);
    const there = directory.entries.get(name);
    if (there !== undefined && !(there instanceof FileNode))
      throw new Error(`${printable(path)}: not a file`);
    const node = there ?? this.place(directory, name, path, () => new FileNode(directory.volume));
    node.setSize(0);
    if (node.writeAt(bytes, 0) < bytes.length) {
      if (there === undefined) directory.remove(name);
      node.release();
      throw new Error(`${printable(path)}: the file system is full`);
    }
    node.touch();
  }

  /** Makes a directory and those above it. */
  makeDirectory(path: string): void {
    this.descend(components(path));
  }

  /** Makes a symbolic link. */
  symlink(target: string, path: string): void {
    const { directory, name } = this.parentOf(path);
    if (directory.entries.has(name)) throw new Error(`${printable(path)}: exists`);
    this.place(directory, name, path, () => new LinkNode(directory.volume, target));
  }

  /** The contents of a file, or undefined when there is none. */
  readFile(path: string): Uint8Array | undefined {
    const node = this.find(path);
    return node instanceof FileNode ? contentsOf(node, path) : undefined;
  }

  /** Everything below the root, directories before what is in them, in the order of names. */
  *entries(): Generator<MemoryEntry> {
    yield* walk(this.rootNode);
  }

  /** Gives a new node its name. Throws when the name is too long or there is no room. */
  private place<T extends AnyNode>(directory: DirectoryNode, name: string, path: string, make: () => T): T {
    if (encodeUtf8(name).length > MAX_NAME) throw new Error(`${printable(path)}: a name is too long`);
    let node: T | undefined;
    try {
      node = make();
      directory.add(name, node);
      return node;
    } catch (error) {
      node?.release();
      throw error instanceof LedgerFull ? new Error(`${printable(path)}: ${error.message}`) : error;
    }
  }

  private find(path: string): AnyNode | undefined {
    let node: AnyNode | undefined = this.rootNode;
    for (const name of components(path)) {
      node = node instanceof DirectoryNode ? node.entries.get(name) : undefined;
    }
    return node;
  }

  private parentOf(path: string): { directory: DirectoryNode; name: string } {
    const names = components(path);
    const name = names.pop();
    if (name === undefined) throw new Error(`not a file name: '${printable(path)}'`);
    return { directory: this.descend(names), name };
  }

  private descend(names: readonly string[]): DirectoryNode {
    let directory = this.rootNode;
    for (const name of names) {
      const there = directory.entries.get(name);
      if (there !== undefined && !(there instanceof DirectoryNode))
        throw new Error(`${printable(name)}: not a directory`);
      const { volume } = directory;
      directory = there ?? this.place(directory, name, names.join('/'), () => new DirectoryNode(volume));
    }
    return directory;
  }
}

export function volumeOf(limits: Partial<MemoryLimits>): Volume {
  const { maxBytes, maxNodes, maxNames } = { ...DEFAULT_MEMORY_LIMITS, ...limits };
  return new Volume(new Ledger({ bytes: maxBytes, nodes: maxNodes, names: maxNames }));
}

function components(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..') || path.includes('\0'))
    throw new Error(`not a path below the root: '${printable(path)}'`);
  return names;
}

/** A guest can make a file with holes as long as it likes: what is more than the file system may hold is not made real. */
function contentsOf(node: FileNode, path: string): Uint8Array {
  if (node.size() > node.volume.ledger.limits.bytes) {
    throw new Error(`${printable(path)}: the file is longer, with its holes, than the file system may be`);
  }
  const bytes = new Uint8Array(node.size());
  node.readAt(bytes, 0);
  return bytes;
}

/** No recursion: a tree may be deeper than the host's stack. */
function* walk(root: DirectoryNode): Generator<MemoryEntry> {
  const sorted = (directory: DirectoryNode, prefix: string) =>
    [...directory.entries]
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([name, node]) => [prefix + name, node] as const);
  // The last one is the next.
  const left = sorted(root, '');
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [path, node] = next;
    yield {
      path,
      type: node.type,
      bytes: node instanceof FileNode ? contentsOf(node, path) : undefined,
      target: node instanceof LinkNode ? node.target : undefined,
    };
    if (node instanceof DirectoryNode) for (const below of sorted(node, `${path}/`)) left.push(below);
  }
}

/** A directory that is being copied, and those of its entries that are left, the next one last. */
interface Copying {
  readonly from: DirectoryHandle;
  readonly prefix: string;
  readonly left: DirectoryEntry[];
}

function startCopy(from: DirectoryHandle, prefix: string): Copying {
  const entries = from.list();
  if (typeof entries === 'number') throw new Error(`${printable(prefix) || '.'}: ${errnoName(entries)}`);
  return { from, prefix, left: entries.slice().sort((a, b) => (a.name < b.name ? 1 : -1)) };
}

/**
 * Copies a directory of any host into the file system, in the order of names. Devices, sockets and pipes are left out. No recursion: a
 * tree may be deeper than the host's stack.
 */
export function copyDirectory(from: DirectoryHandle, to: MemoryFileSystem, prefix = ''): void {
  const open = [startCopy(from, prefix)];
  while (open.length > 0) {
    const { from: directory, prefix: above, left } = open[open.length - 1];
    const entry = left.pop();
    if (entry === undefined) {
      open.pop();
      if (directory !== from) directory.close();
      continue;
    }
    const path = `${above}${entry.name}`;
    if (entry.type === FILETYPE.DIRECTORY) {
      const below = directory.openDirectory(entry.name);
      if (typeof below === 'number') throw new Error(`${printable(path)}: ${errnoName(below)}`);
      to.makeDirectory(path);
      open.push(startCopy(below, `${path}/`));
    } else if (entry.type === FILETYPE.SYMBOLIC_LINK) {
      const target = directory.readLink(entry.name);
      if (typeof target === 'string') to.symlink(target, path);
    } else if (entry.type === FILETYPE.REGULAR_FILE) {
      to.writeFile(path, readWhole(directory, entry.name, path));
    }
  }
}

function readWhole(from: DirectoryHandle, name: string, path: string): Uint8Array {
  const options = { read: true, write: false, create: false, exclusive: false, truncate: false };
  const file = from.open(name, options);
  if (typeof file === 'number') throw new Error(`${printable(path)}: ${errnoName(file)}`);
  if (file.kind !== 'file') throw new Error(`${printable(path)}: not a file any more`);
  const bytes = new Uint8Array(Math.max(0, file.size()));
  let done = 0;
  while (done < bytes.length) {
    const count = file.read([bytes.subarray(done)], done);
    if (count < 0) throw new Error(`${printable(path)}: ${errnoName(-count)}`);
    if (count === 0) break;
    done += count;
  }
  file.close();
  return bytes.subarray(0, done);
}
