/** Functions as emitted code calls them. */
import type { Func } from '../../runtime';
import type { Site } from './statements';

/** A call: the frame's place, then the arguments. The result is one number or reference (slots.ts). */
export type CompiledCall = (fp: number, sp: number, ...args: never[]) => unknown;
/** The same with the arguments on the stack. */
export type StackCall = (fp: number, sp: number) => unknown;

/** A function of any kind, one for all that call it: `f` changes when the function is compiled. */
export interface Cell {
  f: CompiledCall;
  /** Its code, when it is compiled: what is called with the arguments on the stack, which may end in a tail call (`A.t`). */
  g: StackCall | undefined;
  /** Canonical id of its type. */
  readonly t: number;
  readonly func: Func;
}

/** What emitted code is told to know itself by: a function, and where its frames can stand. */
export interface CodeRecord {
  readonly func: Func;
  readonly sites: readonly Site[];
  /** Its frames are large on the host's stack: fewer of them fit there (frames.ts). */
  readonly isWide: boolean;
  /** What runs a frame from the header of the loop at this offset on; undefined when there is no room for it. */
  readonly continuation: (targetLoop: number) => Continuation | undefined;
  /** The same where there may be too little fuel for loops that pay before (counts.ts). There is room for it. */
  readonly frugal: (targetLoop: number) => Continuation;
}

/** A function's code from a loop on. Where it does not return, it tells at which of its own sites it stands (`A.p`). */
export interface Continuation {
  readonly call: StackCall;
  readonly code: CodeRecord;
}
