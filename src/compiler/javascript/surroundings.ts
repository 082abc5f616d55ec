/** How the text of a function reaches what is outside of it: a machine that stops (the tier), or the other texts of a file (ahead/). */
import type { Bulk, Effect } from '../../lowering';
import type { Memories } from './memories';
import type { ExpressionWriter } from './texts';
import type { Uses } from './uses';

/** Where control goes in a function: what blocks, loops and jumps look like. */
export interface Control {
  /** The body is written while the construct is open. */
  block(id: number, body: () => string): string;
  conditional(id: number, used: boolean, body: () => string): string;
  loop(id: number, body: () => string): string;
  leave(id: number): string;
  repeat(id: number): string;
  /** By cases: numbers, and what is done for them. */
  table(
    value: string,
    cases: readonly (readonly [list: readonly number[], text: string])[],
    last: string,
  ): string;
}

/** Instructions on operands that are in variables, where there is no machine to do them on its stack. */
export interface DirectWork {
  effect(uses: Uses, effect: Effect, taken: readonly string[], given: readonly string[]): string;
  bulk(uses: Uses, bulk: Bulk, taken: readonly string[]): string;
}

export interface Surroundings {
  /** Frames leave at safepoints, and fuel is counted. */
  readonly pauses: boolean;
  /** NaNs with bits of their own cross calls, on the stack. */
  readonly keepsBits: boolean;
  /** Functions share the views of memories, and need no copies. */
  readonly sharesViews: boolean;
  readonly work: DirectWork | undefined;
  /** Those of a function. */
  control(uses: Uses): Control;
  memories(writer: ExpressionWriter): Memories;
  /** A float that is a number, not negative, or undefined where it stands in the text as it prints. */
  constant(value: number): string | undefined;
  /** What a function is told of its frame's place, and what it tells a callee whose frame begins at a slot. */
  readonly frame: readonly string[];
  frameOf(slot: number): readonly string[];
  /** What is called, and the cell for who calls it later. */
  callee(uses: Uses, funcidx: number): string;
  cell(uses: Uses, funcidx: number): string;
  reference(uses: Uses, funcidx: number): string;
  /** Statements that set `cell`. */
  element(
    uses: Uses,
    element: { readonly tableidx: number; readonly typeidx: number; readonly offset: number },
    index: string,
    cell: string,
  ): string;
  referred(uses: Uses, reference: string, offset: number): string;
  globalWord(uses: Uses, globalidx: number, high: boolean): string;
  /** References on the stack reach up to here. */
  cover(end: string): string;
  tail(uses: Uses, cell: string): string;
}
