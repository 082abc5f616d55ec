/** The store and its limits (spec "exec/runtime", "store"). */

/** What a store's instances may use together, and how deep its executions may go. */
export interface StoreLimits {
  /** Bytes of all linear memories. */
  readonly maxMemoryBytes: number;
  /** Elements of all tables. */
  readonly maxTableElements: number;
  /** Frames on the call stack of an execution. */
  readonly maxFrames: number;
  /** Eight-byte slots of all frames of an execution. The machine's stack is a second bound. */
  readonly maxSlots: number;
}

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  maxMemoryBytes: 2 ** 32,
  maxTableElements: 10_000_000,
  maxFrames: 150_000,
  maxSlots: 2 ** 22,
};

export class Store {
  readonly limits: StoreLimits;
  /** @internal */
  memoryBytesUsed = 0;
  /** @internal */
  tableElementsUsed = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.limits = { ...DEFAULT_STORE_LIMITS, ...limits };
  }

  /** @internal */
  reserveMemory(bytes: number): boolean {
    if (this.memoryBytesUsed + bytes > this.limits.maxMemoryBytes) return false;
    this.memoryBytesUsed += bytes;
    return true;
  }
  /** @internal */
  releaseMemory(bytes: number): void {
    this.memoryBytesUsed -= bytes;
  }
  /** @internal */
  reserveElements(count: number): boolean {
    if (this.tableElementsUsed + count > this.limits.maxTableElements) return false;
    this.tableElementsUsed += count;
    return true;
  }
}
