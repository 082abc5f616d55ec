/**
 * A read-only base with an in-memory overlay: the guest sees a directory of any host and changes only memory. Directories are read
 * from the base when they are first looked into; contents stay there until they are written, chunk by chunk. What changes in the base
 * behind a directory that was already read, or in a file that is open, is undefined: a base is meant to stay as it is.
 */
import * as FILETYPE from '../filetype';
import type { DirectoryEntry, DirectoryHandle, FileHandle } from '../host';
import { LedgerFull } from '../ledger';
import { MemoryFileSystem, type MemoryLimits, volumeOf } from './memory';
import { type AnyNode, CHUNK, DirectoryNode, FileNode, LinkNode, type Volume } from './nodes';

const READING = { read: true, write: false, create: false, exclusive: false, truncate: false };

/** Where something lies in the base: names from its root. */
export type BasePath = readonly string[];

/** The base's root. Handles are opened from it by their whole path, so that nothing stays open for long. */
export class Base {
  /** The chunk that was read last: one for all files, so that reading many of them holds no more. */
  cached: { readonly of: OverlayFileNode; readonly index: number; readonly bytes: Uint8Array } | undefined;
  constructor(readonly root: DirectoryHandle) {}

  /** Runs `use` on the directory at a path; undefined when it cannot be reached. */
  within<T>(path: BasePath, use: (directory: DirectoryHandle) => T): T | undefined {
    let directory = this.root;
    try {
      for (const name of path) {
        const next = directory.openDirectory(name);
        if (directory !== this.root) directory.close();
        if (typeof next === 'number') {
          directory = this.root;
          return undefined;
        }
        directory = next;
      }
      return use(directory);
    } finally {
      if (directory !== this.root) directory.close();
    }
  }

  open(path: BasePath): FileHandle | undefined {
    const handle = this.within(path.slice(0, -1), (directory) =>
      directory.open(path[path.length - 1], READING),
    );
    return typeof handle === 'object' && handle.kind === 'file' ? handle : undefined;
  }
}

export class OverlayFileNode extends FileNode {
  private file: FileHandle | undefined;

  constructor(
    volume: Volume,
    private readonly base: Base,
    readonly basePath: BasePath,
    /** Bytes from the start that still may lie in the base. */
    public baseSize: number,
    ino?: number,
  ) {
    super(volume, ino);
    this.length = baseSize;
  }

  protected override chunkToRead(index: number): Uint8Array | undefined {
    return this.chunks.get(index) ?? this.fromBase(index);
  }

  protected override growthFor(index: number, length: number): number {
    const below = this.chunks.has(index) ? 0 : Math.min(CHUNK, this.baseSize - index * CHUNK);
    return super.growthFor(index, Math.max(length, below));
  }

  protected override chunkToWrite(index: number, length: number): Uint8Array | undefined {
    const below = this.chunks.has(index) ? undefined : this.fromBase(index);
    const chunk = super.chunkToWrite(index, Math.max(length, below?.length ?? 0));
    if (below !== undefined) chunk?.set(below);
    return chunk;
  }

  protected override cut(size: number): boolean {
    const last = Math.floor(size / CHUNK);
    // The chunk that is cut through must be ours, or the base would shine through when the file grows again.
    if (size % CHUNK !== 0 && size < this.baseSize && this.chunkToWrite(last, 1) === undefined) return false;
    this.baseSize = Math.min(this.baseSize, size);
    return super.cut(size);
  }

  private fromBase(index: number): Uint8Array | undefined {
    const start = index * CHUNK;
    if (start >= this.baseSize) return undefined;
    const { cached } = this.base;
    if (cached?.of === this && cached.index === index) return cached.bytes;
    this.file ??= this.base.open(this.basePath);
    const bytes = new Uint8Array(Math.min(CHUNK, this.baseSize - start));
    const count = this.file?.read([bytes], start) ?? 0;
    bytes.fill(0, Math.max(0, count));
    this.base.cached = { of: this, index, bytes };
    return bytes;
  }

  override release(): void {
    if (this.opens === 0) {
      this.file?.close();
      this.file = undefined;
      if (this.base.cached?.of === this) this.base.cached = undefined;
    }
    super.release();
  }
}

export class OverlayDirectoryNode extends DirectoryNode {
  private read = false;
  constructor(
    volume: Volume,
    readonly base: Base,
    readonly basePath: BasePath,
    ino?: number,
  ) {
    super(volume, ino);
  }

  /** Whether the base's entries have been taken over. */
  get populated(): boolean {
    return this.read;
  }

  /** Puts back what was saved: with `populated`, the base is not read again. */
  restorePopulated(populated: boolean): void {
    this.read = populated;
  }

  override populate(): boolean {
    if (this.read) return true;
    this.read = true;
    const { mtim, ctim } = this;
    try {
      this.base.within(this.basePath, (directory) => {
        const list = directory.list();
        if (typeof list === 'number') return;
        const sorted = list.slice().sort((a, b) => (a.name < b.name ? -1 : 1));
        for (const entry of sorted) this.takeOver(directory, entry);
      });
    } catch (error) {
      if (!(error instanceof LedgerFull)) throw error;
      this.forget();
      return false;
    } finally {
      this.mtim = mtim;
      this.ctim = ctim;
    }
    return true;
  }

  /** Gives back what was taken over, as if it had never been read. */
  private forget(): void {
    for (const [name, node] of [...this.children]) {
      this.remove(name);
      node.release();
    }
    this.read = false;
  }

  private takeOver(directory: DirectoryHandle, { name, type }: DirectoryEntry): void {
    const stat = directory.statAt(name);
    if (typeof stat === 'number') return;
    const path = [...this.basePath, name];
    let node: AnyNode;
    if (type === FILETYPE.DIRECTORY) node = new OverlayDirectoryNode(this.volume, this.base, path);
    else if (type === FILETYPE.REGULAR_FILE) {
      node = new OverlayFileNode(this.volume, this.base, path, stat.size);
    } else if (type === FILETYPE.SYMBOLIC_LINK) {
      const target = directory.readLink(name);
      if (typeof target === 'number') return;
      node = new LinkNode(this.volume, target);
    } else return;
    try {
      this.add(name, node);
    } catch (error) {
      node.release();
      throw error;
    }
    node.atim = stat.atim;
    node.mtim = stat.mtim;
    node.ctim = stat.ctim;
  }
}

/** An in-memory file system over `base`, which is never changed. Entries of the base count towards `maxNodes` once they are seen. */
export function overlay(base: DirectoryHandle, limits: Partial<MemoryLimits> = {}): MemoryFileSystem {
  return MemoryFileSystem.at(new OverlayDirectoryNode(volumeOf(limits), new Base(base), []));
}
