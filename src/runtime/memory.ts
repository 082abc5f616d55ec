/** Memory instances (spec "exec/runtime", "memory instances") and their typed views. */

import type { MemoryType } from '../decoder';
import { InternalError, trap } from '../errors';
import type { Store } from './store';

/**
 * The views of a memory that generated closures capture. `topN` is the last index at which an access of N bytes fits, or negative.
 * The object stays; its fields change when the memory grows.
 */
export class Views {
  u8!: Uint8Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  f32!: Float32Array;
  f64!: Float64Array;
  top1 = -1;
  top2 = -1;
  top4 = -1;
  top8 = -1;
  /** While writes are tracked: one byte for each 4 KiB, 1 = written. */
  dirty: Uint8Array | undefined = undefined;
  /** Called when the views are others. */
  moved: (() => void) | undefined = undefined;

  constructor(buffer: ArrayBuffer) {
    this.attach(buffer);
  }

  attach(buffer: ArrayBuffer): void {
    const length = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer, 0, length >>> 1);
    this.i32 = new Int32Array(buffer, 0, Math.floor(length / 4));
    this.f32 = new Float32Array(buffer, 0, Math.floor(length / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(length / 8));
    this.top1 = length - 1;
    this.top2 = length - 2;
    this.top4 = length - 4;
    this.top8 = length - 8;
    if (this.dirty !== undefined) {
      const dirty = new Uint8Array(blocksOf(length));
      dirty.set(this.dirty);
      this.dirty = dirty;
    }
    this.moved?.();
  }

  /** The exact check behind the quick one: byte index of an access of `bytes` at address + offset (both u32), or a trap. */
  far(address: number, offset: number, bytes: number, at: number): number {
    const index = (address >>> 0) + (offset >>> 0);
    if (index + bytes > this.u8.length) throw trap('memoryBounds', at);
    return index;
  }

  // Unaligned accesses, little endian. The index is in bounds.
  load16(v: number): number {
    v >>>= 0;
    return this.u8[v] | (this.u8[v + 1] << 8);
  }
  load32(v: number): number {
    v >>>= 0;
    const { u8 } = this;
    return u8[v] | (u8[v + 1] << 8) | (u8[v + 2] << 16) | (u8[v + 3] << 24);
  }
  store16(v: number, x: number): void {
    v >>>= 0;
    this.u8[v] = x;
    this.u8[v + 1] = x >> 8;
  }
  store32(v: number, x: number): void {
    v >>>= 0;
    const { u8 } = this;
    u8[v] = x;
    u8[v + 1] = x >> 8;
    u8[v + 2] = x >> 16;
    u8[v + 3] = x >> 24;
  }
  loadF32(v: number): number {
    scratchInt[0] = this.load32(v);
    return scratchFloat[0];
  }
  loadF64(v: number): number {
    scratchInt[0] = this.load32(v);
    scratchInt[1] = this.load32((v >>> 0) + 4);
    return scratchDouble[0];
  }
  storeF32(v: number, x: number): void {
    scratchFloat[0] = x;
    this.store32(v, scratchInt[0]);
  }
  storeF64(v: number, x: number): void {
    scratchDouble[0] = x;
    this.store32(v, scratchInt[0]);
    this.store32((v >>> 0) + 4, scratchInt[1]);
  }
}

/** log2 of the bytes that one dirty mark stands for. */
const BLOCK_BITS = 12;

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / 2 ** BLOCK_BITS);
}

const scratch = new ArrayBuffer(8);
const scratchInt = new Int32Array(scratch);
const scratchFloat = new Float32Array(scratch);
const scratchDouble = new Float64Array(scratch);

export class Memory {
  readonly store: Store;
  readonly type: MemoryType;
  readonly pageSize: number;
  buffer: ArrayBuffer;
  /** @internal */
  readonly views: Views;
  /** Called with the old buffer after every grow, also by zero pages (the JS API detaches it). */
  onGrow: ((old: ArrayBuffer) => void) | undefined;
  /** @internal Told when writes begin to be tracked: whoever has made code that writes to it makes it anew. */
  readonly trackers = new Set<() => void>();

  /** Throws a RangeError when the store's or the host's memory does not suffice. */
  constructor(store: Store, type: MemoryType) {
    this.store = store;
    this.type = type;
    this.pageSize = 2 ** type.pageBits;
    const bytes = type.min * this.pageSize;
    if (!store.reserveMemory(bytes)) throw new RangeError(`memory of ${bytes} bytes exceeds the limit`);
    try {
      this.buffer = new ArrayBuffer(bytes);
    } catch {
      store.releaseMemory(bytes);
      throw new RangeError(`no room for a memory of ${bytes} bytes`);
    }
    this.views = new Views(this.buffer);
  }

  get bytes(): Uint8Array {
    return this.views.u8;
  }
  get byteLength(): number {
    return this.buffer.byteLength;
  }
  get pages(): number {
    return this.buffer.byteLength / this.pageSize;
  }

  /**
   * Tracks writes from now on, for delta snapshots: code that uses the memory is made again with stores that mark, so that only
   * tracked memories pay. Not while anything runs. Hosts that write through `bytes` or `buffer` mark with `touch`.
   */
  track(): void {
    if (this.views.dirty !== undefined) return;
    if (this.store.machine.isRunning())
      throw new InternalError('writes cannot be tracked while an execution runs');
    this.views.dirty = new Uint8Array(blocksOf(this.byteLength));
    for (const tracker of this.trackers) tracker();
  }
  /** One byte for each 4 KiB, 1 = written since `track` or the last take. Undefined when writes are not tracked. */
  takeDirty(): Uint8Array | undefined {
    const { dirty } = this.views;
    if (dirty !== undefined) this.views.dirty = new Uint8Array(dirty.length);
    return dirty;
  }
  /** Marks a range as written. */
  touch(from: number, length: number): void {
    const { dirty } = this.views;
    if (dirty !== undefined && length > 0) {
      dirty.fill(
        1,
        Math.floor(from / 2 ** BLOCK_BITS),
        Math.floor((from + length - 1) / 2 ** BLOCK_BITS) + 1,
      );
    }
  }

  /** `touch`, or undefined while writes are not tracked. */
  get marker(): ((from: number, length: number) => void) | undefined {
    return this.views.dirty === undefined ? undefined : (from, length) => this.touch(from, length);
  }

  /** memory.grow (spec "exec/modules", "growing memories"): the old size in pages, or -1 when it cannot be. */
  grow(delta: number): number {
    const old = this.pages;
    const { max, address, pageBits } = this.type;
    const widest = address === 'i64' ? 2 ** (64 - pageBits) : 2 ** (32 - pageBits);
    const pages = old + delta;
    if (pages > widest || (max !== undefined && pages > max)) return -1;
    const added = delta * this.pageSize;
    if (!this.store.reserveMemory(added)) return -1;
    let buffer: ArrayBuffer;
    try {
      buffer = new ArrayBuffer(pages * this.pageSize);
    } catch {
      this.store.releaseMemory(added);
      return -1;
    }
    new Uint8Array(buffer).set(this.views.u8);
    const previous = this.buffer;
    this.buffer = buffer;
    this.views.attach(buffer);
    this.onGrow?.(previous);
    return old;
  }

  /** Traps unless the range is in bounds. */
  check(from: number, length: number): void {
    if (from + length > this.byteLength) throw trap('memoryBounds');
  }
  fill(to: number, value: number, length: number): void {
    this.check(to, length);
    this.touch(to, length);
    this.views.u8.fill(value, to, to + length);
  }
  /** memory.copy from another memory or this one. */
  copy(to: number, source: Memory, from: number, length: number): void {
    source.check(from, length);
    this.check(to, length);
    this.touch(to, length);
    if (source === this) this.views.u8.copyWithin(to, from, from + length);
    else this.views.u8.set(source.views.u8.subarray(from, from + length), to);
  }
  /** @internal */
  checkInit(to: number, source: Uint8Array, from: number, length: number): void {
    if (from + length > source.length) throw trap('memoryBounds');
    this.check(to, length);
  }
  /** memory.init from bytes of a data segment. */
  init(to: number, source: Uint8Array, from: number, length: number): void {
    this.checkInit(to, source, from, length);
    this.touch(to, length);
    this.views.u8.set(source.subarray(from, from + length), to);
  }
}
