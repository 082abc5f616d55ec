/** The store, its limits, and the machine that runs it (spec "exec/runtime", "store"). */
import type { FuncType } from '../decoder';
import type { Value } from './values';

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

/** A function instance (func.ts), as far as a store knows one. */
export interface Callee {
  readonly type: FuncType;
}

/** What runs the code of a store's functions. The runtime structures know nothing of it but this. */
export interface Machine {
  /** Calls a function and runs it to its end. Throws the trap, and what a host function throws. */
  invoke(func: Callee, args: readonly Value[]): Value[];
  /** What the machine keeps with a new function, in the one field that it alone touches. */
  prepare(func: Callee): object;
  /** Gets ready what a first call would have to wait for. */
  warm(): void;
  /** Whether it runs something now. */
  isRunning(): boolean;
}

export class Store {
  readonly limits: StoreLimits;
  /** @internal */
  readonly machine: Machine;
  /** @internal */
  memoryBytesUsed = 0;
  /** @internal */
  tableElementsUsed = 0;

  constructor(machine: Machine, limits: Partial<StoreLimits> = {}) {
    this.machine = machine;
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
