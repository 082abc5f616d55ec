/**
 * What a function body means: a tree of statements (DESIGN.md, law 9). It names memories, tables, globals, functions and types of its
 * module by index and knows no instance, so that it can be printed, compared, shared by all instances of the module, and given to any back
 * end. What an instruction computes stands in expressions (expr.ts); where values lie in slots of the frame (frame.ts).
 *
 * A sequence ends where its last statement passes control on (`br`, `br_table`, `return`, `unreachable`, `throw`, tail calls), or falls off its end: to
 * what is behind the block, loop or `if` that holds it.
 */
import type { BulkOp, NumericOp, PlainOp, ValType } from '../decoder';
import { backPoint, callPoint, type Safepoint } from '../decoder/safepoints';
import type { TypeList } from '../decoder/typelist';
import type { Expr, Get, VectorStoreOp } from './expr';
import type { Locals } from './frame';

/** Offsets of instructions are byte offsets in the module; those of safepoints count from the start of the code entry. */
export interface LoweredBody {
  readonly funcidx: number;
  /** Module offset of the code entry. */
  readonly start: number;
  readonly locals: Locals;
  /** Slots of a frame. */
  readonly slots: number;
  /** Whether any slot ever holds a reference. */
  readonly usesRefs: boolean;
  /** Whether it calls anything. */
  readonly calls: boolean;
  /** Whether it throws or handles exceptions: has a `try`, `throw` or `throw_ref`. */
  readonly usesExceptions: boolean;
  readonly entry: Safepoint;
  readonly statements: readonly Statement[];
  /** Statements and expressions: about a hundred bytes each. */
  readonly size: number;
}

/** Where a branch goes: behind a block or `if`, back to a loop, or out of the function. */
export type Label = ForwardLabel | LoopLabel;
export interface ForwardLabel {
  readonly kind: 'func' | 'block';
  /** Labels are numbered in the order of their instructions; the function's is 0. */
  readonly id: number;
  /** Whether some branch goes there. */
  used: boolean;
}
export interface LoopLabel {
  readonly kind: 'loop';
  readonly id: number;
  used: boolean;
  /** Of the `loop`, in the code entry. */
  readonly offset: number;
  /** Types of the operand stack at the safepoints of branches back to it. */
  readonly operands: TypeList | undefined;
}

/** A branch: moves of the label's values to their places, then the jump; to a loop past its safepoint. */
export interface Branch {
  readonly label: Label;
  readonly moves: readonly Move[];
  /** From the start of the code entry, as safepoints have it. */
  readonly offset: number;
}

/** Of a branch back to a loop. It is made when it is asked for: cold code has thousands that nobody looks at. */
export function safepointOf({ label, offset }: Branch): Safepoint | undefined {
  return label.kind === 'loop' ? backPoint(offset, label.offset, label.operands) : undefined;
}

/** Of a call. It is made when it is asked for, likewise. */
export function callPointOf(call: Call | CallIndirect | CallRef): Safepoint {
  const { site, operands, results } = call;
  return call.kind === 'call'
    ? callPoint(site, operands, results, call.funcidx, call.quiet)
    : callPoint(site, operands, results, -1, false);
}

export interface SetSlot {
  readonly kind: 'set';
  readonly slot: number;
  readonly value: Expr;
}
/** A row of slots goes down, references as well. */
export interface MoveSlots {
  readonly kind: 'move';
  readonly to: number;
  readonly from: number;
  readonly count: number;
  /** Types of the values in them. */
  readonly types: readonly ValType[];
}
/** A value that nobody wants, and that may trap. */
export interface Drop {
  readonly kind: 'drop';
  readonly value: Expr;
}
export type Move = SetSlot | MoveSlots | Drop;

export type StoreOp = 'i32.store' | 'i32.store8' | 'i32.store16' | 'i64.store' | 'f32.store' | 'f64.store';

/** `address` as an i32, unsigned; `memoryOffset` is below 2^31. The check comes behind the value. */
export interface Store {
  readonly kind: 'store';
  readonly op: StoreOp;
  readonly address: Expr;
  readonly value: Expr;
  readonly memoryOffset: number;
  readonly memidx: number;
  readonly offset: number;
}

/** The same of a vector or one of its lanes, which is in a place. */
export interface VectorStore {
  readonly kind: 'vector.store';
  readonly op: VectorStoreOp;
  readonly address: Expr;
  readonly value: Get;
  /** 0 of a whole vector. */
  readonly lane: number;
  readonly memoryOffset: number;
  readonly memidx: number;
  readonly offset: number;
}

export interface GlobalSet {
  readonly kind: 'global.set';
  readonly globalidx: number;
  readonly value: Expr;
}

/** Instructions that find their operands in canonical slots, from `slot` on, and leave their result there. */
export type EffectOp = PlainOp | 'ref.global.get' | 'ref.global.set' | 'ref.select';
/** What an effect does, wherever its operands stand. */
export interface EffectWork {
  readonly op: EffectOp;
  /** The immediates: a memory, table, segment, global or function. */
  readonly x: number;
  readonly y: number;
  readonly offset: number;
}
export interface Effect extends EffectWork {
  readonly kind: 'effect';
  readonly takes: readonly ValType[];
  readonly gives: readonly ValType[];
  readonly slot: number;
}

/**
 * Like an effect; a long one can stop between its parts, in process only: that is no safepoint. Its operands say what is left to do.
 */
export interface Bulk {
  readonly kind: 'bulk';
  readonly op: BulkOp;
  /** Immediates in the binary format's order. */
  readonly x: number;
  readonly y: number;
  readonly slot: number;
  readonly offset: number;
  /** Types of the operand stack with the operation's own. */
  readonly operands: TypeList | undefined;
}

/** Where a call waits on its callee: what its safepoint is made of (`callPointOf`). */
interface Waiting {
  /** Of the instruction, from the start of the code entry. */
  readonly site: number;
  /** Types of the operands below its own. */
  readonly operands: TypeList | undefined;
  readonly results: readonly ValType[];
}
/** A call: the arguments stand in the slots from `slot` on, where the callee's frame begins and the results come. */
export interface Call extends Waiting {
  readonly kind: 'call';
  readonly funcidx: number;
  readonly slot: number;
  readonly quiet: boolean;
}
export interface CallIndirect extends Waiting {
  readonly kind: 'call_indirect';
  readonly typeidx: number;
  readonly tableidx: number;
  /** An i32, unsigned. */
  readonly index: Expr;
  readonly slot: number;
  readonly offset: number;
}
export interface CallRef extends Waiting {
  readonly kind: 'call_ref';
  readonly typeidx: number;
  /** The slot of the reference. */
  readonly callee: number;
  readonly slot: number;
  readonly offset: number;
}
/** A tail call: `count` slots of arguments from `slot` on go to the frame's start. */
export interface TailCall {
  readonly kind: 'tail';
  readonly funcidx: number;
  readonly slot: number;
  readonly count: number;
}
/** The index stands in the slot behind the arguments. */
export interface TailCallIndirect {
  readonly kind: 'tail_indirect';
  readonly typeidx: number;
  readonly tableidx: number;
  readonly slot: number;
  readonly count: number;
  readonly offset: number;
}

/** The reference stands in the slot behind the arguments. */
export interface TailCallRef {
  readonly kind: 'tail_ref';
  readonly typeidx: number;
  readonly slot: number;
  readonly count: number;
  readonly offset: number;
}

/** What structured instructions hold is set once it has been lowered. */
export interface Block {
  readonly kind: 'block';
  readonly label: ForwardLabel;
  body: readonly Statement[];
}
/**
 * Exceptions that leave the body go to the first of the clauses that catches them, else to what handles those of the code around it; with
 * `delegate`, to what handles those of the code right inside that label. A legacy clause has a body, behind which comes the end.
 */
export interface Try {
  readonly kind: 'try';
  readonly label: ForwardLabel;
  body: readonly Statement[];
  readonly clauses: Clause[];
  delegate: Label | undefined;
}
export interface Clause {
  /** -1 catches all. */
  readonly tagidx: number;
  /** Where the values of the tag go, and behind them, or before, the exception. */
  readonly slot: number;
  readonly ref: 'none' | 'behind' | 'before';
  to: Branch | readonly Statement[];
}
/** The values of the tag stand in the slots from `slot` on. */
export interface Throw {
  readonly kind: 'throw';
  readonly tagidx: number;
  readonly slot: number;
  readonly offset: number;
}
/** The exception stands in `slot`; null traps. */
export interface ThrowRef {
  readonly kind: 'throw_ref';
  readonly slot: number;
  readonly offset: number;
}
export interface Loop {
  readonly kind: 'loop';
  readonly label: LoopLabel;
  body: readonly Statement[];
}
export interface If {
  readonly kind: 'if';
  readonly label: ForwardLabel;
  readonly condition: Expr;
  body: readonly Statement[];
  /** The `else`. */
  otherwise: readonly Statement[];
}
export interface Br {
  readonly kind: 'br';
  readonly branch: Branch;
}
export interface BrIf {
  readonly kind: 'br_if';
  readonly condition: Expr;
  readonly branch: Branch;
}
/** Equal labels have the same branch. The last one is the default. */
export interface BrTable {
  readonly kind: 'br_table';
  readonly index: Expr;
  readonly branches: readonly Branch[];
}
/** The results stand in the slots from 0 on. */
export interface Return {
  readonly kind: 'return';
}
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly offset: number;
}

/** Statements of functions that throw or handle exceptions. */
export type ExceptionStatement = Try | Throw | ThrowRef;
const EXCEPTIONAL: Readonly<Record<ExceptionStatement['kind'], true>> = {
  try: true,
  throw: true,
  throw_ref: true,
};
export function isExceptional(statement: Statement): statement is ExceptionStatement {
  return statement.kind in EXCEPTIONAL;
}

export type Statement =
  | Move
  | Store
  | VectorStore
  | GlobalSet
  | Effect
  | Bulk
  | Call
  | CallIndirect
  | CallRef
  | TailCall
  | TailCallIndirect
  | TailCallRef
  | Block
  | ExceptionStatement
  | Loop
  | If
  | Br
  | BrIf
  | BrTable
  | Return
  | Unreachable;

export type { BulkOp, NumericOp, Safepoint, ValType };

/** Branches of a table that take the room of one statement: all but a few are references to others. */
const BRANCHES_PER_NODE = 8;

/** Of a vector that is computed word by word, for each of the four. */
function closuresOf(value: Expr): number {
  return value.op === 'build' || (value.op === 'vector' && value.isTree) ? 4 * value.size : value.size;
}

/** Statements and expressions in it, without the statements that it holds; of a table, as many as its targets take room. */
export function sizeOf(statement: Statement): number {
  switch (statement.kind) {
    case 'set':
    case 'drop':
    case 'global.set':
      return 1 + closuresOf(statement.value);
    case 'store':
    case 'vector.store':
      return 1 + statement.address.size + statement.value.size;
    case 'if':
      return 1 + statement.condition.size;
    case 'br':
      return 1 + statement.branch.moves.length;
    case 'br_if':
      return 1 + statement.condition.size + statement.branch.moves.length;
    case 'br_table':
      return 1 + statement.index.size + statement.branches.length / BRANCHES_PER_NODE;
    case 'call_indirect':
      return 1 + statement.index.size;
    case 'try':
      return 1 + statement.clauses.length;
    case 'throw':
    case 'throw_ref':
    case 'move':
    case 'effect':
    case 'bulk':
    case 'call':
    case 'tail':
    case 'tail_indirect':
    case 'call_ref':
    case 'tail_ref':
    case 'block':
    case 'loop':
    case 'return':
    case 'unreachable':
      return 1;
  }
}

/** The lists of statements that it holds. */
export function listsIn(statement: Statement): readonly (readonly Statement[])[] {
  switch (statement.kind) {
    case 'block':
    case 'loop':
      return [statement.body];
    case 'if':
      return [statement.body, statement.otherwise];
    case 'try':
      return [statement.body, ...statement.clauses.flatMap(({ to }) => ('label' in to ? [] : [to]))];
    case 'set':
    case 'move':
    case 'drop':
    case 'store':
    case 'vector.store':
    case 'global.set':
    case 'effect':
    case 'bulk':
    case 'call':
    case 'call_indirect':
    case 'call_ref':
    case 'tail':
    case 'tail_indirect':
    case 'tail_ref':
    case 'throw':
    case 'throw_ref':
    case 'br':
    case 'br_if':
    case 'br_table':
    case 'return':
    case 'unreachable':
      return [];
  }
}
