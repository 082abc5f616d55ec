/**
 * Where the bytes of a memory lie. The portable backing is an ArrayBuffer with room to spare, so that growing page by page copies each
 * byte about once. A host may have better ones: its own `WebAssembly.Memory` grows in place, and one whose buffer is handed to JavaScript
 * stays true when it grows and cannot be detached from outside (embed/node/native-memory.ts).
 */
import type { MemoryType } from '../decoder';

/**
 * Backings that a host may have. `true`: `buffer` is always exactly as long as the memory, and only growing detaches it, as the JS API has
 * it. `spacious`: it grows in place, with room to spare. `shared`: as long as the memory, and nobody but the runtime sees that `buffer` is a
 * SharedArrayBuffer: native code may have it, and growing it is cheap (DEAR_BYTES).
 */
export type BackingKind = 'true' | 'spacious' | 'shared';

/** What holds the bytes of a memory. An entry may install another than an ArrayBuffer. */
export interface MemoryBacking {
  /** Begins with the memory's bytes; may be longer. Bytes behind them are zero. */
  readonly buffer: ArrayBuffer;
  /** `portable`: an ArrayBuffer of the runtime's own. */
  readonly kind: BackingKind | 'portable';
  /** The host's own memory object, where the bytes lie in one: what native code is given. */
  readonly host?: object;
  /**
   * Makes the memory `bytes` long; those that are there stay, the others are zero. False when the host has no room. `leave`: the buffer so
   * far has been handed out, so the bytes go to another one.
   */
  grow(bytes: number, leave: boolean): boolean;
  /** A buffer of exactly the memory's length that holds its bytes until it grows. */
  expose(bytes: number): ArrayBuffer;
  /** A spacious one that has nothing to spare, of so many bytes, is a true one from now on. */
  settle?(bytes: number): void;
}

/** The host's backing of a memory of so many bytes, all zero. Undefined when the host has none for this type, or no room. */
export type BackingMaker = (type: MemoryType, bytes: number, kind: BackingKind) => MemoryBacking | undefined;

let makeBacking: BackingMaker | undefined;

/** An entry whose host has memories of its own says how they are made. */
export function useMemoryBacking(maker: BackingMaker | undefined): void {
  makeBacking = maker;
}

export function hostBacking(type: MemoryType, bytes: number, kind: BackingKind): MemoryBacking | undefined {
  return makeBacking?.(type, bytes, kind);
}

/**
 * From here on a memory begins, or moves when it has to move, where it can grow in place: copying costs more than the host's call. Native code
 * and whoever asks for its buffer can have it there as it is, as long as it has not got room to spare: nobody could be stopped while half a
 * gigabyte moves.
 */
export const LARGE_BYTES = 2 ** 20;
/** From here on one that native code can have does not move to a shared memory only because it is private: some milliseconds. */
export const SETTLED_BYTES = 2 ** 24;

/**
 * From here on a true backing that grows in steps costs the host much: V8 makes another buffer object each time, and counts the memory's bytes
 * again as garbage to come, so that beyond 64 MiB each growth advances a collection, 1 to 2 ms (node bench/grow.mjs).
 */
export const DEAR_BYTES = 2 ** 26;
/** A growth by less than this part of a memory is a step. */
export const STEP = 1 / 8;
/** Steps that a memory takes in a true backing before it goes to a shared one. Each time that it comes back, twice as many. */
export const PATIENCE = 2;

/** Up to here a memory gets as much to spare as it has, beyond it half: what nobody touches costs only address space, but that is finite. */
const MUCH = 2 ** 28;

export class PortableBacking implements MemoryBacking {
  buffer: ArrayBuffer;
  readonly kind = 'portable';
  /** Bytes that growing has copied: a test counts them. */
  copied = 0;
  private length: number;
  /** As long as the memory can ever be. */
  private readonly most: number;

  /** Throws a RangeError when the host has no room. */
  constructor(bytes: number, most: number) {
    this.buffer = new ArrayBuffer(bytes);
    this.length = bytes;
    this.most = most;
  }

  grow(bytes: number, leave: boolean): boolean {
    if (leave || bytes > this.buffer.byteLength) {
      const spare = Math.min(3 * this.length, Math.max(MUCH, this.length / 2));
      const spacious = Math.min(this.most, Math.max(bytes, this.length + Math.ceil(spare)));
      const buffer = allocate(spacious) ?? allocate(bytes);
      if (buffer === undefined) return false;
      this.move(buffer);
    }
    this.length = bytes;
    return true;
  }

  expose(bytes: number): ArrayBuffer {
    if (this.buffer.byteLength !== bytes) this.move(new ArrayBuffer(bytes));
    return this.buffer;
  }

  private move(buffer: ArrayBuffer): void {
    new Uint8Array(buffer).set(new Uint8Array(this.buffer, 0, this.length));
    this.copied += this.length;
    this.buffer = buffer;
  }
}

function allocate(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    return undefined;
  }
}
