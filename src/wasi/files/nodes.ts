/** What an in-memory file system consists of: files in chunks, directories, symbolic links. */
import { ERRNO, type Errno, FILETYPE, type FileType } from '../abi';
import { fromNumber, type U64, ZERO } from '../words';

/** Books of one file system: its clock, its numbers, and what it may still take. */
export class Ledger {
  now: () => U64 = () => ZERO;
  device = 1;
  nextIno = 1;
  bytes = 0;
  nodes = 0;
  constructor(
    readonly maxBytes: number,
    readonly maxNodes: number,
  ) {}
}

abstract class Node {
  abstract readonly type: FileType;
  atim: U64;
  mtim: U64;
  ctim: U64;
  /** Names that it has in directories. */
  links = 0;
  /** Handles that are open on it. */
  opens = 0;

  constructor(
    readonly ledger: Ledger,
    readonly ino: number = ledger.nextIno,
  ) {
    ledger.nextIno = Math.max(ledger.nextIno, ino + 1);
    ledger.nodes++;
    this.atim = this.mtim = this.ctim = ledger.now();
  }

  abstract size(): number;

  touch(): void {
    this.mtim = this.ctim = this.ledger.now();
  }

  /** Called when a name or a handle goes: what nobody can reach any more gives back its room. */
  release(): void {
    if (this.links === 0 && this.opens === 0) {
      this.ledger.nodes--;
      this.free();
    }
  }
  protected free(): void {}

  get inode(): U64 {
    return fromNumber(this.ino);
  }
}

export const CHUNK = 65536;

export class FileNode extends Node {
  readonly type = FILETYPE.REGULAR_FILE;
  /** Chunk i holds the bytes from i * CHUNK on. A missing chunk, and what a short chunk lacks, is zero. */
  readonly chunks = new Map<number, Uint8Array>();
  protected length = 0;

  size(): number {
    return this.length;
  }

  /** What is stored in a chunk, if anything. Overridden by files with a lower layer. */
  protected chunkToRead(index: number): Uint8Array | undefined {
    return this.chunks.get(index);
  }

  /** The chunk with room for `length` bytes, or undefined when the file system is full. */
  protected chunkToWrite(index: number, length: number): Uint8Array | undefined {
    const old = this.chunks.get(index);
    if (old !== undefined && old.length >= length) return old;
    // Whole chunks at once for files that are large or grow; small files take little.
    const room = Math.min(CHUNK, Math.max(length, index > 0 ? CHUNK : 2 * (old?.length ?? 0)));
    const growth = room - (old?.length ?? 0);
    if (this.ledger.bytes + growth > this.ledger.maxBytes) return undefined;
    this.ledger.bytes += growth;
    const chunk = new Uint8Array(room);
    if (old !== undefined) chunk.set(old);
    this.chunks.set(index, chunk);
    return chunk;
  }

  readAt(target: Uint8Array, position: number): number {
    const end = Math.min(this.length, position + target.length);
    let at = position;
    while (at < end) {
      const index = Math.floor(at / CHUNK);
      const from = at - index * CHUNK;
      const count = Math.min(end - at, CHUNK - from);
      const part = target.subarray(at - position, at - position + count);
      const stored = this.chunkToRead(index)?.subarray(from, from + count);
      if (stored !== undefined) part.set(stored);
      part.fill(0, stored?.length ?? 0);
      at += count;
    }
    return Math.max(0, end - position);
  }

  /** Gives the bytes written: fewer than asked when the file system is full. */
  writeAt(source: Uint8Array, position: number): number {
    let done = 0;
    while (done < source.length) {
      const index = Math.floor((position + done) / CHUNK);
      const from = position + done - index * CHUNK;
      const count = Math.min(source.length - done, CHUNK - from);
      const chunk = this.chunkToWrite(index, from + count);
      if (chunk === undefined) break;
      chunk.set(source.subarray(done, done + count), from);
      done += count;
    }
    if (done > 0) this.length = Math.max(this.length, position + done);
    return done;
  }

  setSize(size: number): Errno {
    if (size < this.length && !this.cut(size)) return ERRNO.NOSPC;
    this.length = size;
    return ERRNO.SUCCESS;
  }

  /** Drops what lies behind `size`; false when a lower layer would have to be copied and there is no room. */
  protected cut(size: number): boolean {
    const keep = Math.ceil(size / CHUNK);
    for (const [index, chunk] of this.chunks) {
      if (index < keep) continue;
      this.ledger.bytes -= chunk.length;
      this.chunks.delete(index);
    }
    this.chunks.get(keep - 1)?.fill(0, size - (keep - 1) * CHUNK);
    return true;
  }

  /** Puts back what was saved. The chunks are checked and fit the limits. */
  restore(size: number, chunks: readonly (readonly [number, Uint8Array])[]): void {
    for (const [index, bytes] of chunks) {
      this.chunks.set(index, bytes);
      this.ledger.bytes += bytes.length;
    }
    this.length = size;
  }

  protected override free(): void {
    this.cut(0);
  }
}

export class DirectoryNode extends Node {
  readonly type = FILETYPE.DIRECTORY;
  /** Undefined for a root, and once it is removed. */
  parent: DirectoryNode | undefined;
  removed = false;
  protected readonly children = new Map<string, AnyNode>();

  size(): number {
    return 0;
  }

  /** The entries; those of a directory with a lower layer are read when they are first asked for. */
  get entries(): Map<string, AnyNode> {
    return this.children;
  }

  /** The entries as far as they are in memory. */
  get known(): ReadonlyMap<string, AnyNode> {
    return this.children;
  }

  add(name: string, node: AnyNode): void {
    this.entries.set(name, node);
    node.links++;
    if (node instanceof DirectoryNode) {
      node.parent = this;
      node.removed = false;
    }
    this.touch();
  }

  remove(name: string): void {
    const node = this.entries.get(name);
    if (node === undefined) return;
    this.entries.delete(name);
    node.links--;
    node.ctim = this.ledger.now();
    if (node instanceof DirectoryNode) {
      node.parent = undefined;
      node.removed = true;
    }
    this.touch();
  }

  /** Whether `node` is this directory or lies above it. */
  isWithin(node: AnyNode): boolean {
    for (let at: DirectoryNode | undefined = this; at !== undefined; at = at.parent) {
      if (at === node) return true;
    }
    return false;
  }
}

export class LinkNode extends Node {
  readonly type = FILETYPE.SYMBOLIC_LINK;
  constructor(
    ledger: Ledger,
    readonly target: string,
    ino?: number,
  ) {
    super(ledger, ino);
  }
  size(): number {
    return this.target.length;
  }
}

export type AnyNode = FileNode | DirectoryNode | LinkNode;
