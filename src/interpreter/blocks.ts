/**
 * A body as basic blocks, which flatten.ts makes of its statements. Each ends in a terminator; branches forward go to blocks behind, so that a
 * back end that works from the last block to the first has their targets at hand.
 */
import type {
  Branch,
  Bulk,
  Call,
  CallIndirect,
  CallRef,
  Clause,
  Effect,
  Expr,
  GlobalSet,
  Move,
  Store,
  TailCall,
  TailCallIndirect,
  TailCallRef,
  Throw,
  ThrowRef,
  VectorStore,
} from '../lowering';

/** Statements that one closure does at most before it goes through the trampoline: the host's stack stays shallow. */
export const MAX_CHAIN = 120;

export type Simple = Move | Store | VectorStore | GlobalSet | Effect;

/** A place to branch to: the start of a block. */
export interface Place {
  readonly kind: 'place';
  block: number;
}
/** The start of a loop. */
export interface Header extends Place {
  /** Offset of the `loop` in the code entry. */
  readonly targetLoop: number;
  /** The last block that branches back to it, or -1. */
  last: number;
}
/** A branch back to a loop, past its safepoint. */
export interface Back {
  readonly kind: 'back';
  readonly header: Header;
  readonly branch: Branch;
}
/** Where a branch goes: to a block behind it, by its number where that is known; or back to a loop. */
export type Target = number | Place | Back;

export function isBack(target: Target | Terminator): target is Back {
  return typeof target !== 'number' && target.kind === 'back';
}

/** A place alone, or a branch back, is a jump there. */
export type Terminator =
  | Place
  | Back
  | { readonly kind: 'if'; readonly condition: Expr; readonly yes: Target; readonly no: Target }
  | { readonly kind: 'table'; readonly index: Expr; readonly targets: readonly Target[] }
  | { readonly kind: 'return' }
  | { readonly kind: 'unreachable'; readonly offset: number }
  | Throw
  | ThrowRef
  | Call
  | CallIndirect
  | CallRef
  | Bulk
  | TailCall
  | TailCallIndirect
  | TailCallRef;

/** The clauses of a `try`, and those around it. */
export interface Handlers {
  readonly clauses: readonly HandlerClause[];
  readonly outer: Handlers | undefined;
}
export interface HandlerClause {
  readonly tagidx: number;
  readonly slot: number;
  readonly ref: Clause['ref'];
  readonly target: Target;
}

/** Blocks by their numbers, in lists: long code has a hundred thousand, most of them a terminator and nothing else. */
export class Blocks {
  readonly statements: readonly (readonly Simple[])[];
  readonly ends: readonly Terminator[];
  /** What handles the exceptions of each terminator, up to the last one where something does. */
  readonly handlers: readonly (Handlers | undefined)[];
  /** Where the loops start that something goes back to, in the order of the code. */
  readonly headers: readonly Header[];

  constructor(
    statements: readonly (readonly Simple[])[],
    ends: readonly Terminator[],
    handlers: readonly (Handlers | undefined)[],
    headers: readonly Header[],
  ) {
    this.statements = statements;
    this.ends = ends;
    this.handlers = handlers;
    this.headers = headers;
  }

  /** How many there are. */
  get length(): number {
    return this.ends.length;
  }

  /** The loop that starts at a block, or at an offset in the code entry, if something goes back to it. */
  header(by: 'block' | 'targetLoop', key: number): Header | undefined {
    const { headers } = this;
    let low = 0;
    for (let high = headers.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (headers[middle][by] < key) low = middle + 1;
      else high = middle;
    }
    return headers[low]?.[by] === key ? headers[low] : undefined;
  }
}

/** A block that is still to come. */
export function nowhere(): Place {
  return { kind: 'place', block: -1 };
}

/** A branch that needs a block of its own, and where that is. */
export interface Stub {
  readonly place: Place;
  readonly branch: Branch;
}
