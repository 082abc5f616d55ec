/**
 * What the core needs of a host whose threads share memory, which hands it over (src/js-api/threads.ts): without it a shared memory is as any
 * other, and nobody shares it.
 */
import type { MemoryBacking } from './backing';

/** A `SharedArrayBuffer`. */
interface SharedBuffer {
  grow?(bytes: number): unknown;
}
type AtomicAccess = (view: object, index: number, ...values: unknown[]) => unknown;

/** By the names that they have in JavaScript. */
export interface Threads {
  readonly SharedArrayBuffer: new (bytes: number, options: { maxByteLength: number }) => SharedBuffer;
  readonly Atomics: Readonly<
    Record<
      | 'load'
      | 'store'
      | 'add'
      | 'sub'
      | 'and'
      | 'or'
      | 'xor'
      | 'exchange'
      | 'compareExchange'
      | 'wait'
      | 'notify',
      AtomicAccess
    >
  >;
  readonly BigInt64Array: new (buffer: ArrayBuffer, offset: number, length: number) => object;
}

let known: Threads | undefined;

/** An entry whose host has threads says so. */
export function useThreads(threads: Threads): void {
  known = threads;
}
export function hostThreads(): Threads | undefined {
  return known;
}

/**
 * The bytes of a shared memory (threads proposal) where the host has no memories of its own. A buffer that was handed out stays the memory's, as
 * the JS API has it, and grows with it. Where the host has no such buffers, the memory does not grow.
 */
class SharedBacking implements MemoryBacking {
  readonly kind = 'true';
  readonly buffer: ArrayBuffer;

  constructor(buffer: SharedBuffer) {
    this.buffer = buffer as unknown as ArrayBuffer;
  }

  expose(): ArrayBuffer {
    return this.buffer;
  }

  grow(bytes: number): boolean {
    try {
      (this.buffer as unknown as SharedBuffer).grow!(bytes);
      return true;
    } catch {
      return false;
    }
  }
}

/** Undefined without threads. `maxByteLength`: bytes that it will have at most. */
export function sharedBacking(bytes: number, maxByteLength: number): MemoryBacking | undefined {
  // "JavaScript API", Memory objects: nobody puts properties there.
  return known && new SharedBacking(Object.freeze(new known.SharedArrayBuffer(bytes, { maxByteLength })));
}
