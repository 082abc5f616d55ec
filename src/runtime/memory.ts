/** Memory instances (spec "exec/runtime", "memory instances") and their typed views. */

import { COUNT, check, checkClass } from '../checks';
import { type ExternTypeByKind, externTypeName, type MemoryType } from '../decoder';
import { trap } from '../errors';
import { summarize } from '../summary';
import { type MemoryBacking, PortableBacking } from './backing';
import type { Exposure } from './exposures';
import type { Charge } from './ledger';
import { type Listeners, NOBODY } from './listeners';
import { firstBacking, type HeldMemory, Placing } from './placing';
import { Store } from './store';

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
  top16 = -1;
  /** While writes are tracked: one byte for each 4 KiB, 1 = written. There may be more than the memory needs. */
  dirty: Uint8Array | undefined = undefined;
  /** Called when the views are others. */
  moved: (() => void) | undefined = undefined;
  /**
   * What machines have made of these views, by their registers; they alone touch it. A field: in QuickJS a weak map whose values lead to their
   * keys keeps both for good.
   */
  bound: Map<object, object> | undefined = undefined;

  constructor(buffer: ArrayBuffer, length: number) {
    this.attach(buffer, length);
  }

  /** Views of the first `length` bytes of a buffer. */
  attach(buffer: ArrayBuffer, length: number): void {
    this.u8 = new Uint8Array(buffer, 0, length);
    this.u16 = new Uint16Array(buffer, 0, length >>> 1);
    this.i32 = new Int32Array(buffer, 0, Math.floor(length / 4));
    this.f32 = new Float32Array(buffer, 0, Math.floor(length / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(length / 8));
    // One that was computed may be a double for V8; this one is none below 2 GiB.
    length = this.u8.length;
    this.top1 = length - 1;
    this.top2 = length - 2;
    this.top4 = length - 4;
    this.top8 = length - 8;
    this.top16 = length - 16;
    if (this.dirty !== undefined && this.dirty.length < blocksOf(length)) {
      // Twice as many as before: growing page by page copies each mark about once.
      const dirty = new Uint8Array(Math.max(blocksOf(length), 2 * this.dirty.length));
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

/** A linear memory. */
export class Memory {
  get [Symbol.toStringTag](): string {
    return 'tswasm.Memory';
  }
  /** The store that it is in. */
  readonly store: Store;
  /** Its type. */
  readonly type: MemoryType;
  /** Bytes of a page: 65,536, or 1 by the proposal for custom page sizes. */
  readonly pageSize: number;
  /** @internal */
  readonly views: Views;
  /** Called with the buffer that was handed out, after every grow, also by zero pages (the JS API detaches it). */
  onGrow: ((old: ArrayBuffer) => void) | undefined;
  /** @internal Told when writes begin to be tracked: whoever has made code that writes to it makes it anew. */
  trackers: Listeners<() => void> = NOBODY;
  /** @internal */
  backing: MemoryBacking;
  private readonly placing = new Placing();
  private length: number;
  /** @internal The buffer that was handed out, until the memory grows. */
  exposed: ArrayBuffer | undefined;
  /** Where that could be transferred away. */
  private exposure: Exposure | undefined;
  /** @internal Whether somebody has transferred its bytes away. */
  lost = false;
  /** @internal Whoever has it expects that nobody asks for its buffer: it may lie where that is dear. */
  isPrivate = false;
  private readonly charge: Charge;

  /** Throws a RangeError when the store's or the host's memory does not suffice. */
  constructor(store: Store, type: MemoryType) {
    checkClass('the store', store, Store, 'Store');
    this.store = store;
    this.type = type;
    this.pageSize = 2 ** type.pageBits;
    const bytes = type.min * this.pageSize;
    const charge = store.memories.reserve(bytes);
    if (charge === undefined) throw new RangeError(`memory of ${bytes} bytes exceeds the limit`);
    const most = Math.min((type.max ?? this.widest) * this.pageSize, store.limits.maxMemoryBytes);
    try {
      this.backing = firstBacking(type, bytes, most, store.beginsOnHost) ?? new PortableBacking(bytes, most);
    } catch {
      charge.release();
      throw new RangeError(`no room for a memory of ${bytes} bytes`);
    }
    charge.holdFor(this);
    this.charge = charge;
    this.length = bytes;
    this.views = new Views(this.backing.buffer, bytes);
  }

  /** @internal Its type, with the size of now. */
  get externType(): ExternTypeByKind {
    return { kind: 'memory', type: { ...this.type, min: this.pages } };
  }
  /** Its bytes now. Growing makes another array. On Node they may lie in a SharedArrayBuffer, until the `buffer` is asked for. */
  get bytes(): Uint8Array {
    return this.views.u8;
  }
  /** Its size in bytes. */
  get byteLength(): number {
    return this.length;
  }
  /** Its size in pages. */
  get pages(): number {
    return this.length / this.pageSize;
  }
  /** Pages that the address type has room for. */
  private get widest(): number {
    return 2 ** ((this.type.address === 'i64' ? 64 : 32) - this.type.pageBits);
  }

  /**
   * A buffer of exactly the memory's length that shares its bytes until it grows. Where the host has buffers that stay true, the memory
   * moves to one. Elsewhere a buffer that is transferred away takes the bytes along: the memory then has none, and every access traps.
   */
  get buffer(): ArrayBuffer {
    if (this.exposed === undefined) {
      this.isPrivate = false;
      this.placing.beforeExposed(this);
      const { backing } = this;
      const before = backing.buffer;
      this.exposed = backing.expose(this.length);
      if (backing.buffer !== before) this.views.attach(backing.buffer, this.length);
      if (backing.kind !== 'true') this.exposure = this.store.exposures.begin(this, this.exposed);
    }
    return this.exposed;
  }

  /**
   * @internal The host's own memory of exactly this length, in which the bytes lie until `moved` is called or given back (`letGoOfHost`).
   * Undefined where the host has none, or where a buffer that was handed out would become another one.
   */
  holdHost(moved: () => void): HeldMemory | undefined {
    return this.placing.hold(this, moved);
  }
  /** @internal */
  letGoOfHost(moved: () => void): void {
    this.placing.letGo(moved);
  }
  /** @internal How often whoever holds the host's memory had better let go of it. */
  get cramps(): number {
    return this.placing.cramps;
  }

  /** @internal Moves the bytes to another backing of the same length. */
  adopt(backing: MemoryBacking): void {
    new Uint8Array(backing.buffer).set(this.views.u8);
    this.backing = backing;
    this.conceal();
    this.views.attach(backing.buffer, this.length);
    this.placing.moved();
  }

  /** The buffer that was handed out, if one was, is no longer the memory's. */
  private conceal(): void {
    this.exposed = undefined;
    if (this.exposure !== undefined) this.store.exposures.end(this.exposure);
    this.exposure = undefined;
  }

  /** @internal The buffer that was handed out has been transferred away. */
  loseBuffer(): void {
    this.exposure = undefined;
    this.lost = true;
    this.length = 0;
    this.views.attach(new ArrayBuffer(0), 0);
  }

  /** @internal Gives back what the store has been charged: nobody can reach the memory any more. */
  release(): void {
    this.charge.release();
  }

  /**
   * Tracks writes from now on, for delta snapshots: code that uses the memory is made again with stores that mark, so that only
   * tracked memories pay. Not while anything runs. Hosts that write through `bytes` or `buffer` mark with `touch`.
   */
  track(): void {
    if (this.views.dirty !== undefined) return;
    if (this.store.machine.isRunning())
      throw new TypeError('writes cannot be tracked while an execution runs');
    this.views.dirty = new Uint8Array(blocksOf(this.byteLength));
    for (const tracker of this.trackers) tracker();
  }
  /** One byte for each 4 KiB, 1 = written since `track` or the last take. Undefined when writes are not tracked. */
  takeDirty(): Uint8Array | undefined {
    const { dirty } = this.views;
    if (dirty === undefined) return undefined;
    this.views.dirty = new Uint8Array(dirty.length);
    return dirty.subarray(0, blocksOf(this.length));
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

  /** memory.grow (spec "exec/modules", "growing memories") by so many pages: the size before, or -1 when there is no room. */
  grow(delta: number): number {
    check('the number of pages', delta, COUNT);
    const old = this.pages;
    const pages = old + delta;
    if (pages > Math.min(this.type.max ?? this.widest, this.widest)) return -1;
    const added = delta * this.pageSize;
    if (!this.charge.add(added)) return -1;
    const { exposed } = this;
    if (this.exposure !== undefined) this.store.exposures.look();
    const bytes = pages * this.pageSize;
    this.placing.makeRoom(this, bytes);
    const { backing } = this;
    if (this.lost || !backing.grow(bytes, exposed !== undefined)) {
      this.charge.add(-added);
      return -1;
    }
    this.length = bytes;
    this.conceal();
    this.views.attach(backing.buffer, this.length);
    this.placing.noteGrowth(this, added);
    if (exposed !== undefined && backing.kind !== 'true') this.onGrow?.(exposed);
    return old;
  }

  /** Traps unless the range is in bounds. */
  check(from: number, length: number): void {
    if (from + length > this.byteLength) throw trap('memoryBounds');
  }
  /** Fills a range of bytes. A RuntimeError when it is out of bounds. */
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
summarize(Memory, ({ externType, byteLength }) => ({ type: externTypeName(externType), byteLength }));
