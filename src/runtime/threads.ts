/**
 * What the core needs of a host whose threads share memory, which hands it over (src/js-api/threads.ts): without it a shared memory is as any
 * other, and nobody shares it.
 */
import type { MemoryBacking } from './backing';

/** A `SharedArrayBuffer`. */
interface SharedBuffer {
  readonly byteLength: number;
  readonly growable?: boolean;
  grow?(bytes: number): unknown;
}
/** A number of up to 64 bits, by words. */
export interface Words {
  readonly low: number;
  readonly high: number;
}
type AtomicAccess = (view: object, index: number, ...values: unknown[]) => unknown;

export interface Threads {
  readonly SharedArrayBuffer: new (bytes: number, options?: { maxByteLength: number }) => SharedBuffer;
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
  /** The first so many 64-bit integers of a buffer. */
  wideView(buffer: ArrayBuffer, length: number): object;
  /** Such an integer as its view has it, and back. */
  fromWords(words: Words): unknown;
  toWords(wide: unknown): Words;
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
 * the JS API has it, and grows with it where the host has such buffers. Elsewhere a memory whose buffer somebody has does not grow.
 */
class SharedBacking implements MemoryBacking {
  readonly kind = 'true';
  private shared: SharedBuffer;

  constructor(shared: SharedBuffer) {
    this.shared = shared;
  }

  get buffer(): ArrayBuffer {
    return this.shared as unknown as ArrayBuffer;
  }
  expose(): ArrayBuffer {
    return this.buffer;
  }

  grow(bytes: number, leave: boolean): boolean {
    const { shared, buffer } = this;
    try {
      if (shared.growable) shared.grow!(bytes);
      else if (bytes !== shared.byteLength) {
        if (leave) return false;
        this.shared = sharedBuffer(bytes);
        new Uint8Array(this.buffer).set(new Uint8Array(buffer));
      }
      return true;
    } catch {
      return false;
    }
  }
}

/** Undefined without threads. `most`: bytes that it will have at most. */
export function sharedBacking(bytes: number, most: number): MemoryBacking | undefined {
  if (known === undefined) return undefined;
  let shared: SharedBuffer;
  try {
    shared = sharedBuffer(bytes, { maxByteLength: most });
  } catch {
    // No room for what it can become.
    shared = sharedBuffer(bytes);
  }
  return new SharedBacking(shared);
}

/** "JavaScript API", Memory objects: nobody puts properties there. */
function sharedBuffer(bytes: number, options?: { maxByteLength: number }): SharedBuffer {
  return Object.freeze(new known!.SharedArrayBuffer(bytes, options));
}
