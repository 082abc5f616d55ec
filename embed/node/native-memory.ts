/**
 * Memories in the host's own `WebAssembly.Memory`. One whose buffer JavaScript has asked for is as long as the memory, growing detaches its
 * buffer, and nobody can transfer it away. One that is large and grows does so in place, with room to spare: a call of the host's costs more
 * than copying a small memory (node bench/grow.mjs), and less than copying a large one. What the host does not take (64-bit, shared, other
 * page sizes), or has no room for, keeps the portable backing.
 */
import { type BackingMaker, type MemoryBacking, useMemoryBacking } from '../../src/index';

interface HostMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
type HostMemoryClass = new (descriptor: { initial: number; maximum: number }) => HostMemory;

/** Read once, before a program may put another `WebAssembly` in its place. With `--jitless` there is none. */
const HostMemory = (globalThis as { WebAssembly?: { Memory: HostMemoryClass } }).WebAssembly?.Memory;

const PAGE = 65_536;
const MOST_PAGES = 65_536;

class NativeBacking implements MemoryBacking {
  readonly isTrue: boolean;
  private readonly memory: HostMemory;
  /** Pages that it may have. */
  private readonly most: number;

  constructor(memory: HostMemory, most: number, isTrue: boolean) {
    this.memory = memory;
    this.most = most;
    this.isTrue = isTrue;
  }

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
    if (!this.isTrue && pages <= there) return true;
    const wanted = this.isTrue ? pages : Math.min(this.most, Math.max(pages, 2 * there));
    return this.tryGrow(wanted - there) || (wanted > pages && this.tryGrow(pages - there));
  }
  private tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  expose(): ArrayBuffer {
    return this.buffer;
  }
}

/** V8 looks for room for a third of a second before it gives up (13,000 memories on Linux): so many do not ask after one has asked in vain. */
const PASS = 1000;
let pass = 0;

const nativeMemory: BackingMaker = ({ address, shared, pageBits, max }, bytes, isTrue) => {
  if (HostMemory === undefined || address !== 'i32' || shared || 2 ** pageBits !== PAGE) return undefined;
  if (pass > 0) {
    pass--;
    return undefined;
  }
  try {
    const maximum = Math.min(max ?? MOST_PAGES, MOST_PAGES);
    const memory = new HostMemory({ initial: bytes / PAGE, maximum });
    return new NativeBacking(memory, maximum, isTrue);
  } catch {
    pass = PASS;
    return undefined;
  }
};

if (HostMemory !== undefined) useMemoryBacking(nativeMemory);
