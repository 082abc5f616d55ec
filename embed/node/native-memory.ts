/**
 * Memories in the host's own `WebAssembly.Memory`. One whose buffer JavaScript has asked for is as long as the memory, growing detaches its
 * buffer, and nobody can transfer it away. One that is large grows in place, with room to spare: a call of the host's costs more
 * than copying a small memory (node bench/grow.mjs), and less than copying a large one. One that native code grows, and whose buffer nobody
 * asks for, is a shared one, and so is one that the guest declares as such. What the host does not take (64-bit, other page sizes), or has no
 * room for, keeps the portable backing.
 */
import { type BackingKind, type BackingMaker, type MemoryBacking, useMemoryBacking } from '../../src/index';
import { useHostThreads } from '../../src/js-api/threads';

interface HostMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
type HostMemoryClass = new (descriptor: { initial: number; maximum: number; shared: boolean }) => HostMemory;

/** Read once, before a program may put another `WebAssembly` in its place. With `--jitless` there is none. */
const HostMemory = (globalThis as { WebAssembly?: { Memory: HostMemoryClass } }).WebAssembly?.Memory;

const PAGE = 65_536;
const MOST_PAGES = 65_536;

class NativeBacking implements MemoryBacking {
  kind: BackingKind;
  private readonly memory: HostMemory;
  private readonly isShared: boolean;
  /** Pages that it may have. */
  private readonly most: number;
  /**
   * V8 does not count the bytes of shared memories, so that collections would come too late for them: it counts these, which nobody touches,
   * in their stead.
   */
  private readonly ballast: ArrayBuffer[] = [];
  private counted = 0;

  constructor(memory: HostMemory, most: number, kind: BackingKind) {
    this.memory = memory;
    this.isShared = !(memory.buffer instanceof ArrayBuffer);
    this.most = most;
    this.kind = kind;
    this.count();
  }

  /** Of a shared one it is a SharedArrayBuffer, whose views are as good. */
  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }
  get host(): object {
    return this.memory;
  }

  grow(bytes: number): boolean {
    const pages = bytes / PAGE;
    const there = this.buffer.byteLength / PAGE;
    // A true one is asked for nothing, too: that detaches its buffer, as the JS API has it.
    if (this.kind !== 'true' && pages <= there) return true;
    const wanted = this.kind === 'spacious' ? Math.min(this.most, Math.max(pages, 2 * there)) : pages;
    const grown = this.tryGrow(wanted - there) || (wanted > pages && this.tryGrow(pages - there));
    if (grown) this.count();
    return grown;
  }
  /** Each time that it has doubled. */
  private count(): void {
    const bytes = this.buffer.byteLength;
    if (!this.isShared || bytes < 2 * this.counted) return;
    try {
      this.ballast.push(new ArrayBuffer(bytes - this.counted));
      this.counted = bytes;
    } catch {
      // Without room for it, collections are under way anyway.
    }
  }
  private tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  settle(bytes: number): void {
    if (this.kind === 'spacious' && this.buffer.byteLength === bytes) this.kind = 'true';
  }

  expose(): ArrayBuffer {
    return this.buffer;
  }
}

/** V8 looks for room for a third of a second before it gives up (13,000 memories on Linux): so many do not ask after one has asked in vain. */
const PASS = 1000;
let pass = 0;

const nativeMemory: BackingMaker = ({ address, shared, pageBits, max }, bytes, kind) => {
  if (HostMemory === undefined || address !== 'i32' || 2 ** pageBits !== PAGE) return undefined;
  if (pass > 0) {
    pass--;
    return undefined;
  }
  try {
    const maximum = Math.min(max ?? MOST_PAGES, MOST_PAGES);
    const memory = new HostMemory({ initial: bytes / PAGE, maximum, shared: shared || kind === 'shared' });
    return new NativeBacking(memory, maximum, kind);
  } catch {
    pass = PASS;
    return undefined;
  }
};

useHostThreads();
if (HostMemory !== undefined) useMemoryBacking(nativeMemory);
