/**
 * Memories whose buffer JavaScript asks for lie in the host's own `WebAssembly.Memory`: its buffer is as long as the memory, growing
 * detaches it, and nobody can transfer it away. Others stay where they are: in Node 20 growing a native memory page by page takes longer
 * than copying one with room to spare (bench/README.md). What the host does not take (64-bit, shared, other page sizes), or has no room
 * for, keeps the portable backing.
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
  readonly isTrue = true;
  private readonly memory: HostMemory;

  constructor(memory: HostMemory) {
    this.memory = memory;
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  grow(bytes: number): boolean {
    try {
      this.memory.grow((bytes - this.buffer.byteLength) / PAGE);
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

const nativeMemory: BackingMaker = ({ address, shared, pageBits, max }, bytes) => {
  if (HostMemory === undefined || address !== 'i32' || shared || 2 ** pageBits !== PAGE) return undefined;
  if (pass > 0) {
    pass--;
    return undefined;
  }
  try {
    const maximum = Math.min(max ?? MOST_PAGES, MOST_PAGES);
    return new NativeBacking(new HostMemory({ initial: bytes / PAGE, maximum }));
  } catch {
    pass = PASS;
    return undefined;
  }
};

if (HostMemory !== undefined) useMemoryBacking(nativeMemory);
