/** What an in-memory file system consists of: files in chunks, directories, symbolic links. */
import { encodeUtf8 } from '../../decoder/utf8';
import type { Errno, FileType } from '../abi';
import * as ERRNO from '../errno';
import * as FILETYPE from '../filetype';
import { type Ledger, LedgerFull, nameCost } from '../ledger';
import { fromNumber, type U64, ZERO } from '../words';

/** What the nodes of one file system share: its clock, its numbers, and the ledger of what it holds. */
export class Volume {
  now: () => U64 = () => ZERO;
  device = 1;
  nextIno = 1;
  constructor(readonly ledger: Ledger) {}
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

  /** Throws LedgerFull when there is no room for it. `bytes` is what it holds from the start. */
  constructor(
    readonly volume: Volume,
    readonly ino: number = volume.nextIno,
    bytes = 0,
  ) {
    volume.ledger.take({ nodes: 1, bytes });
    volume.nextIno = Math.max(volume.nextIno, ino + 1);
    this.atim = this.mtim = this.ctim = volume.now();
  }

  abstract size(): number;

  touch(): void {
    this.mtim = this.ctim = this.volume.now();
  }

  /** Called when a name or a handle goes: what nobody can reach any more gives back its room. */
  release(): void {
    if (this.links === 0 && this.opens === 0) {
      this.volume.ledger.give({ nodes: 1 });
      this.free();
    }
  }
  protected free(): void {}

  get inode(): U64 {
    return fromNumber(this.ino);
  }
}

export const CHUNK = 65536;
/** NAME_MAX, in bytes. */
export const MAX_NAME = 255;

/** Whether an entry can have this name. */
export function isName(name: string): boolean {
  const plain = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
  return plain && encodeUtf8(name).length <= MAX_NAME;
}
/** 64 TiB: far beyond what memory holds, but files may be sparse. */
export const MAX_SIZE = 2 ** 46;

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

  /** Bytes that a chunk takes when it is to have room for `length`. */
  protected growthFor(index: number, length: number): number {
    const old = this.chunks.get(index)?.length ?? 0;
    if (old >= length) return 0;
    // Whole chunks at once for files that are large or grow; small files take little.
    return Math.min(CHUNK, Math.max(length, index > 0 ? CHUNK : 2 * old)) - old;
  }

  /** The chunk with room for `length` bytes, or undefined when the file system is full. */
  protected chunkToWrite(index: number, length: number): Uint8Array | undefined {
    const old = this.chunks.get(index);
    if (old !== undefined && old.length >= length) return old;
    const growth = this.growthFor(index, length);
    const room = growth + (old?.length ?? 0);
    if (!this.volume.ledger.fits({ bytes: growth })) return undefined;
    this.volume.ledger.take({ bytes: growth });
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
      this.volume.ledger.give({ bytes: chunk.length });
      this.chunks.delete(index);
    }
    this.chunks.get(keep - 1)?.fill(0, size - (keep - 1) * CHUNK);
    return true;
  }

  /** Gives [start, end) its room, zeros where nothing was written; false, and nothing taken, when there is none. */
  reserve(start: number, end: number): boolean {
    const first = Math.floor(start / CHUNK);
    const lengthOf = (index: number) => Math.min(CHUNK, end - index * CHUNK);
    const { ledger } = this.volume;
    // First without counting chunk by chunk: there may be very many.
    if (!ledger.fits({ bytes: end - (first + this.chunks.size + 1) * CHUNK })) return false;
    let growth = 0;
    for (let index = first; index * CHUNK < end; index++) growth += this.growthFor(index, lengthOf(index));
    if (!ledger.fits({ bytes: growth })) return false;
    for (let index = first; index * CHUNK < end; index++) this.chunkToWrite(index, lengthOf(index));
    this.length = Math.max(this.length, end);
    return true;
  }

  /** Puts back what was saved. The chunks are in order; throws LedgerFull when there is no room. */
  restore(size: number, chunks: readonly (readonly [number, Uint8Array])[]): void {
    for (const [index, bytes] of chunks) {
      this.volume.ledger.take({ bytes: bytes.length });
      this.chunks.set(index, bytes);
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

  /** Takes over the entries of a lower layer, if there is one. False, and nothing taken, when there is no room for them. */
  populate(): boolean {
    return true;
  }

  /** The entries. Throws LedgerFull when those of a lower layer are not there yet and find no room. */
  get entries(): Map<string, AnyNode> {
    if (!this.populate()) throw new LedgerFull('nodes');
    return this.children;
  }

  /** The entries as far as they are in memory. */
  get known(): ReadonlyMap<string, AnyNode> {
    return this.children;
  }

  /** Throws LedgerFull when there is no room for the name. */
  add(name: string, node: AnyNode): void {
    this.volume.ledger.take({ names: nameCost(name) });
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
    this.volume.ledger.give({ names: nameCost(name) });
    node.links--;
    node.ctim = this.volume.now();
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
  private readonly bytes: number;
  constructor(
    volume: Volume,
    readonly target: string,
    ino?: number,
  ) {
    const bytes = encodeUtf8(target).length;
    super(volume, ino, bytes);
    this.bytes = bytes;
  }
  size(): number {
    return this.bytes;
  }
  protected override free(): void {
    this.volume.ledger.give({ bytes: this.bytes });
  }
}

export type AnyNode = FileNode | DirectoryNode | LinkNode;
