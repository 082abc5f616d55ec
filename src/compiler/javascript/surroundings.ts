/** How the text of a function reaches what is outside of it: a machine that stops (the tier), or the other texts of a file (ahead/). */
import type { ValType } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import type { Bulk, Effect, Statement } from '../../lowering';
import type { Loudness } from './callees';
import type { Memories } from './memories';
import type { ExpressionWriter } from './texts';
import type { Uses, ViewsOf } from './uses';
import type { Widening } from './wide';

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

/** A call as text, in the order in which the parts come. */
export interface CallText {
  readonly before: string;
  /** With what takes the results. */
  readonly call: string;
  /** The variable in which undefined says that the callee has left, if `Stops.asksResult`. */
  readonly result: string | undefined;
  /** The same, where the callee's frame has been saved and goes on. */
  readonly again: string;
  readonly loudness: Loudness;
  readonly safepoint: Safepoint;
  /** Its number, if the function can be entered there. */
  readonly mark: number | undefined;
}

/** A branch back to a loop. */
export interface RepeatText {
  /** The jump. */
  readonly go: string;
  readonly safepoint: Safepoint;
  /** The loop's number, if the function can be entered there. */
  readonly mark: number | undefined;
}

/** What a function's text does at safepoints. */
export interface Stops {
  /** Where others count fuel: brings them what the function has counted, and back. */
  readonly sync: string;
  readonly unsync: string;
  /** Whether what a callee with these results returns is looked at to see if it has left. */
  asksResult?(results: readonly ValType[]): boolean;
  call(call: CallText): string;
  repeat(branch: RepeatText): string;
  /** `enter` leads to its beginning. */
  loop(id: number, enter: string, body: () => string): string;
  /** Where fuel is counted in `n`: leaves at a branch back to a loop; `isShort`, see `Site`. */
  leave?(safepoint: Safepoint, isShort: boolean): string;
  /** Loops may take their fuel before they begin (counts.ts). */
  readonly paysBefore?: boolean;
}

/** What a site is (statements.ts), where it is not nothing. */
export interface SiteOptions {
  readonly isSilent?: boolean;
  readonly isShort?: boolean;
  readonly mark?: number;
}

/** Who writes a function with stops. */
export interface StopsWriter {
  readonly uses: Uses;
  readonly control: Control;
  readonly entrances: { readonly any: boolean };
  /** Some loop is gone back to. */
  readonly repeats: boolean;
  /** Control may leave from it, the entry aside. */
  leaves: boolean;
  /** A place at which a frame leaves or waits, by its number. */
  site(safepoint: Safepoint, options: SiteOptions): number;
}

/** Where a function whose frames are entered again can be entered. */
export interface EntranceRules {
  readonly isEntrance: (statement: Statement) => boolean;
  /** Loops may be written twice for it (entrances.ts). */
  readonly mayRepeat: boolean;
  /** The text has the tests that lead to them. Where it has not, it begins at its beginning, and another text has the same places. */
  readonly areOpen: boolean;
}

export interface Surroundings extends EntranceRules {
  readonly stops: (writer: StopsWriter) => Stops;
  /** The call of a callee whose frame has been saved, and which goes on. */
  again(frame: readonly string[]): string;
  /** NaNs with bits of their own cross calls, on the stack. */
  readonly keepsBits: boolean;
  /** NaNs that arithmetic makes are the canonical one in memories. */
  readonly canonicalNans: boolean;
  readonly views: ViewsOf;
  /** A select of two words is arithmetic, not a branch. */
  readonly masksSelects: boolean;
  /** Before the names of what the text is given. */
  readonly prefix: string;
  readonly work: DirectWork | undefined;
  /** Those of a function. */
  control(uses: Uses): Control;
  memories(writer: ExpressionWriter): Memories;
  /** Products and quotients of i64 are made by BigInt (wide.ts). */
  readonly widens: Widening;
  /** Divisions of i64 by constants are no calls (quotients.ts). */
  readonly dividesInPlace: boolean;
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
  cover(uses: Uses, end: string): string;
  tail(uses: Uses, cell: string): string;
}
