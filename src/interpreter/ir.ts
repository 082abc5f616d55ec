/** What lowering makes of a function body, before closures: basic blocks of statements, each ending in a terminator. */
import type { BulkOperation } from './bulk';
import type { CallSite, Safepoint } from './code';
import type { Effect } from './effects';
import type { Expr } from './expr';
import type { Func } from './func';
import type { Views } from './memory';
import type { Table } from './table';

export type Statement =
  | { readonly kind: 'set'; readonly to: number; readonly value: Expr }
  | { readonly kind: 'drop'; readonly value: Expr }
  | {
      readonly kind: 'store';
      readonly name: string;
      readonly address: Expr;
      readonly value: Expr;
      readonly offset: number;
      readonly memory: Views;
      readonly at: number;
    }
  | { readonly kind: 'global.set'; readonly cells: Int32Array; readonly at: number; readonly value: Expr }
  | { readonly kind: 'effect'; readonly effect: Effect; readonly at: number };

/** A place to branch to. Loop labels stand at a block that has been begun; others are placed later. */
export interface Label {
  block: number;
  /** Offset of the `loop` opcode, or -1. */
  readonly loop: number;
  /** Whether some branch goes there. */
  used: boolean;
}

/** A branch. One to a loop label passes a safepoint. */
export interface Target {
  readonly label: Label;
  readonly back: Safepoint | undefined;
}

export type Terminator =
  | { readonly kind: 'jump'; readonly to: Target }
  | { readonly kind: 'if'; readonly condition: Expr; readonly yes: Target; readonly no: Target }
  | { readonly kind: 'table'; readonly index: Expr; readonly targets: readonly Target[] }
  | { readonly kind: 'return' }
  | { readonly kind: 'unreachable'; readonly at: number }
  | { readonly kind: 'call'; readonly site: CallSite; readonly callee: Func }
  | {
      readonly kind: 'call_indirect';
      readonly site: CallSite;
      readonly index: Expr;
      readonly table: Table;
      readonly typeId: number;
      readonly at: number;
    }
  | {
      readonly kind: 'bulk';
      readonly operation: BulkOperation;
      readonly at: number;
      readonly site: Safepoint;
    }
  | { readonly kind: 'tail'; readonly prepare: (fp: number) => Func };

export interface Block {
  readonly statements: Statement[];
  end: Terminator | undefined;
}
