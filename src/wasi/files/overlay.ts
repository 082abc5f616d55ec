/**
 * A read-only base with an in-memory overlay: the guest sees a directory of any host and changes only memory. Directories are read
 * from the base when they are first looked into; contents stay there until they are written, chunk by chunk. What changes in the base
 * behind a directory that was already read, or in a file that is open, is undefined: a base is meant to stay as it is.
 */
import { FILETYPE } from '../abi';
import type { DirectoryEntry, DirectoryHandle, FileHandle } from '../host';
import { ledgerOf, MemoryFileSystem, type MemoryLimits } from './memory';
import { type AnyNode, CHUNK, DirectoryNode, FileNode, type Ledger, LinkNode } from './nodes';

const READING = { read: true, write: false, create: false, exclusive: false, truncate: false };

/** Where something lies in the base: names from its root. */
export type BasePath = readonly string[];

/** The base's root. Handles are opened from it by their whole path, so that nothing stays open for long. */
export class Base {
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
  /** The chunk of the base that was read last. */
  private cached: { index: number; bytes: Uint8Array } | undefined;

  constructor(
    ledger: Ledger,
    private readonly base: Base,
    readonly basePath: BasePath,
    /** Bytes from the start that still may lie in the base. */
    public baseSize: number,
    ino?: number,
  ) {
    super(ledger, ino);
    this.length = baseSize;
  }

  protected override chunkToRead(index: number): Uint8Array | undefined {
    return this.chunks.get(index) ?? this.fromBase(index);
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
    if (this.cached?.index === index) return this.cached.bytes;
    this.file ??= this.base.open(this.basePath);
    const bytes = new Uint8Array(Math.min(CHUNK, this.baseSize - start));
    const count = this.file?.read([bytes], start) ?? 0;
    bytes.fill(0, Math.max(0, count));
    this.cached = { index, bytes };
    return bytes;
  }

  override release(): void {
    if (this.opens === 0) {
      this.file?.close();
      this.file = undefined;
      this.cached = undefined;
    }
    super.release();
  }
}

export class OverlayDirectoryNode extends DirectoryNode {
  private read = false;
  constructor(
    ledger: Ledger,
    readonly base: Base,
    readonly basePath: BasePath,
    ino?: number,
  ) {
    super(ledger, ino);
  }

  /** Whether the base's entries have been taken over. */
  get populated(): boolean {
    return this.read;
  }

  /** Puts back what was saved: with `populated`, the base is not read again. */
  restorePopulated(populated: boolean): void {
    this.read = populated;
  }

  override get entries(): Map<string, AnyNode> {
    if (!this.read) {
      this.read = true;
      const { mtim, ctim } = this;
      this.base.within(this.basePath, (directory) => {
        const list = directory.list();
        if (typeof list === 'number') return;
        const sorted = list.slice().sort((a, b) => (a.name < b.name ? -1 : 1));
        for (const entry of sorted) this.takeOver(directory, entry);
      });
      this.mtim = mtim;
      this.ctim = ctim;
    }
    return this.children;
  }

  private takeOver(directory: DirectoryHandle, { name, type }: DirectoryEntry): void {
    const stat = directory.statAt(name);
    if (typeof stat === 'number') return;
    const path = [...this.basePath, name];
    let node: AnyNode;
    if (type === FILETYPE.DIRECTORY) node = new OverlayDirectoryNode(this.ledger, this.base, path);
    else if (type === FILETYPE.REGULAR_FILE) {
      node = new OverlayFileNode(this.ledger, this.base, path, stat.size);
    } else if (type === FILETYPE.SYMBOLIC_LINK) {
      const target = directory.readLink(name);
      if (typeof target === 'number') return;
      node = new LinkNode(this.ledger, target);
    } else return;
    this.add(name, node);
    node.atim = stat.atim;
    node.mtim = stat.mtim;
    node.ctim = stat.ctim;
  }
}

/** An in-memory file system over `base`, which is never changed. Entries of the base count towards `maxNodes` once they are seen. */
export function overlay(base: DirectoryHandle, limits: Partial<MemoryLimits> = {}): MemoryFileSystem {
  return MemoryFileSystem.at(new OverlayDirectoryNode(ledgerOf(limits), new Base(base), []));
}
