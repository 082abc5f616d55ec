/** One side of a differential test: what the script adapters do not cover (imports with a trace, state to look at, trap kinds). */

import type { TypeName } from '../binary';
import type { Engine, EngineExports, EngineExtern, Session } from '../engine';
import type { Value } from '../script/values';
import type { KEEPERS } from './exceptions';

/** The imported function: arguments (the i64 as two words) to result. */
export type Log = (a: number, lo: number, hi: number) => number;
export type KeeperName = (typeof KEEPERS)[number]['name'];

/** What the host does for a program: the log, and the records of the payloads of exceptions. */
export interface HostSide {
  readonly log: Log;
  readonly words: bigint[];
  readonly refs: unknown[];
}

/** A tag that the program exports, with the types of its payload. */
export interface ProgramTag {
  readonly tag: EngineExtern;
  readonly params: readonly TypeName[];
}
/** An exception that no handler took: which of the tags (-1: none of them), and its payload when that has no vectors. */
export interface Thrown {
  readonly tag: number;
  readonly payload: readonly Value[];
}

/** Kinds of traps that both sides can tell apart. */
export type TrapKind =
  | 'unreachable'
  | 'divide'
  | 'numeric'
  | 'memory'
  | 'unaligned'
  | 'table'
  | 'signature'
  | 'exhaustion';

export interface Target {
  readonly engine: Engine;
  /** What it is compared with: the host's engine, or one that makes the same bits of NaNs. */
  readonly reference?: Target;
  /** What there has been at stops since the last question. */
  trail?(session: Session): readonly string[];
  /** Whether it also takes the variants of a program (ir.ts). */
  readonly variants: boolean;
  environment(session: Session, host: HostSide): EngineExports;
  trapKind(error: unknown): TrapKind | undefined;
  thrown(error: unknown, tags: readonly ProgramTag[]): Thrown | undefined;
  memory(memory: EngineExtern): Uint8Array;
  table(table: EngineExtern): readonly unknown[];
}
export const IMPORTED_GLOBAL_VALUE = 0x12345;
