/** One side of a differential test: what the script adapters do not cover (imports with a trace, state to look at, trap kinds). */
import type { Engine, EngineExports, EngineExtern, Session } from '../engine';

/** The imported function: arguments (the i64 as two words) to result. */
export type Log = (a: number, lo: number, hi: number) => number;

/** Kinds of traps that both sides can tell apart. */
export type TrapKind = 'unreachable' | 'divide' | 'numeric' | 'memory' | 'table' | 'signature' | 'exhaustion';

export interface Target {
  readonly engine: Engine;
  /** Whether it also takes the variants of a program (ir.ts). */
  readonly variants: boolean;
  environment(session: Session, log: Log): EngineExports;
  trapKind(error: unknown): TrapKind | undefined;
  memory(memory: EngineExtern): Uint8Array;
  table(table: EngineExtern): readonly unknown[];
}
export const IMPORTED_GLOBAL_VALUE = 0x12345;
