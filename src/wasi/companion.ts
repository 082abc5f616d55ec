/** Functions that a host gives beside WASI's and whose state travels with WASI's: wasi-nn, for example. */
import type { GuestCall } from './guest';

/** A function of a companion. */
export interface CompanionCall {
  /** One letter a parameter: `i` an i32, `I` an i64. Its result is an i32. */
  readonly params: string;
  /** Gives the result; a promise when the guest has to wait. */
  readonly handler: (call: GuestCall) => number | PromiseLike<number>;
}

/** One for each `Wasi`: it holds the state of one guest. */
export interface Companion {
  /** Names its part of a saved state. */
  readonly name: string;
  /** The function behind an import, or undefined when it is not one of its. */
  find(module: string, name: string): CompanionCall | undefined;
  /** What it holds as bytes, or undefined when that is nothing. It can go on afterwards. */
  saveState(): Uint8Array | undefined;
  /**
   * Checks what `saveState` gave elsewhere, undefined for nothing, and changes nothing; throws a `StateError`. Gives what puts the state in
   * place, which does not fail.
   */
  checkState(bytes: Uint8Array | undefined): () => void;
  /** Gives up what it holds. */
  dispose(): void;
}
