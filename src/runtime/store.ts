/** The store, its limits, and the machine that runs it (spec "exec/runtime", "store"). */
import { COUNT, FLAG, type OptionChecks, readOptions } from '../checks';
import type { FuncType } from '../decoder';
import type { Door } from '../errors';
import { summarize } from '../summary';
import { Exposures } from './exposures';
import { Ledger } from './ledger';

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
  /**
   * Bytes that the lowered code of all functions takes, as estimated. A function is lowered when it is first called; one for which there is
   * no room traps (code memory exhausted).
   */
  readonly maxCodeBytes: number;
}

/** Limits, and how a store behaves; what is left out is as in `DEFAULT_STORE_LIMITS`. */
export interface StoreOptions extends Partial<StoreLimits> {
  /**
   * Whether memories and tables that are garbage are given back (default: true). When that happens is the host's choice, and with it
   * whether the next `memory.grow` succeeds at the limit: a deterministic store says false.
   */
  readonly reclaim?: boolean;
  /**
   * Whether a NaN that arithmetic makes has the same bits in every tier, those of the canonical one (default: false), and a frame that stops the
   * same locals, also those that nobody will read. The native tier pays for it, and runs no relaxed SIMD then; the other tiers always do so.
   */
  readonly canonicalNans?: boolean;
}

/** Limits of a store that is given none. */
export const DEFAULT_STORE_LIMITS: StoreLimits = {
  maxMemoryBytes: 2 ** 32,
  maxTableElements: 10_000_000,
  maxFrames: 150_000,
  maxSlots: 2 ** 22,
  // Half of what Node's heap may have by default on a machine with 4 GB; all functions of SQLite are a tenth of it.
  maxCodeBytes: 2 ** 30,
};

/** @internal */
export const LIMIT_CHECKS: OptionChecks<Partial<StoreLimits>> = {
  maxMemoryBytes: COUNT,
  maxTableElements: COUNT,
  maxFrames: COUNT,
  maxSlots: COUNT,
  maxCodeBytes: COUNT,
};
const STORE_OPTIONS: OptionChecks<StoreOptions> = { ...LIMIT_CHECKS, reclaim: FLAG, canonicalNans: FLAG };

/** A function instance (instance.ts), as far as a store knows one. */
export interface Callee {
  readonly type: FuncType;
}

/** What runs the code of a store's functions. The runtime structures know nothing of it but this. */
export interface Machine {
  /**
   * Calls a function and runs it to its end, with the JS API's conversions, or with values (`isRaw`). Throws the trap, and what a host function throws. Whoever called `door`, the outermost
   * function of ours, is in the stack of the trap.
   */
  invoke(func: Callee, args: readonly unknown[], door?: Door, isRaw?: boolean): unknown;
  /** What the machine keeps with a new function, in the one field that it alone touches. */
  prepare(func: Callee): object;
  /** Gets ready what a first call would have to wait for. */
  warm(): void;
  /** Whether it runs something now. */
  isRunning(): boolean;
}

export class Store {
  // Bundlers rename a class that names itself.
  static readonly name = 'Store';
  get [Symbol.toStringTag](): string {
    return 'tswasm.Store';
  }
  readonly limits: StoreLimits;
  /** @internal */
  readonly machine: Machine;
  /** @internal */
  readonly canonicalNans: boolean;
  /** @internal Where its functions run; only the machine reads it. */
  policy: object | undefined = undefined;
  /** @internal Its functions begin where the host's own memories are needed: so do its memories, and need not move. */
  beginsOnHost = false;
  /** @internal Bytes of memories. */
  readonly memories: Ledger;
  /** @internal Elements of tables. */
  readonly tables: Ledger;
  /** @internal Bytes of lowered code. */
  readonly code: Ledger;
  /** @internal Buffers that somebody outside could transfer away. */
  readonly exposures = new Exposures();

  constructor(machine: Machine, options: StoreOptions = {}) {
    const { reclaim = true, canonicalNans = false, ...limits } = readOptions('store', options, STORE_OPTIONS);
    this.machine = machine;
    this.limits = { ...DEFAULT_STORE_LIMITS, ...limits };
    this.canonicalNans = canonicalNans;
    this.memories = new Ledger(this.limits.maxMemoryBytes, reclaim);
    this.tables = new Ledger(this.limits.maxTableElements, reclaim);
    this.code = new Ledger(this.limits.maxCodeBytes, reclaim);
  }
}
summarize(Store, ({ limits, memories, tables, code }) => ({
  limits,
  memoryBytes: memories.used,
  tableElements: tables.used,
  codeBytes: code.used,
}));
