/**
 * What a function body means: a tree of statements (DESIGN.md, law 9). It names memories, tables, globals, functions and types of its
 * module by index and knows no instance, so that it can be printed, compared, shared by all instances of the module, and given to any back
 * end. What an instruction computes stands in expressions (expr.ts); where values lie in slots of the frame (frame.ts).
 *
 * A sequence ends where its last statement passes control on (`br`, `br_table`, `return`, `unreachable`, `throw`, tail calls), or falls off its end: to
 * what is behind the block, loop or `if` that holds it.
 */
import type { AccessOp, BlockOp, NumericOp, OpName, ValType, VectorOp } from '../decoder';
import type { Safepoint } from '../decoder/safepoints';
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
export interface Label {
  readonly kind: 'func' | 'block' | 'loop';
  /** Offset of the `loop` in the code entry, or -1. */
  readonly offset: number;
  /** Labels are numbered in the order of their instructions; the function's is 0. */
  readonly id: number;
  /** Whether some branch goes there. */
  used: boolean;
}

/** A branch: moves of the label's values to their places, then the jump; to a loop past its safepoint. */
export interface Branch {
  readonly label: Label;
  readonly moves: readonly Move[];
  readonly safepoint: Safepoint | undefined;
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
export type EffectOp = OtherOp | 'ref.global.get' | 'ref.global.set' | 'ref.select';
/** Instructions that do not become anything else: whatever the instruction table has more is an effect. */
type OtherOp = Exclude<
  OpName,
  | (NumericOp | AccessOp | VectorOp | BulkOp | BlockOp)
  | ('unreachable' | 'nop' | 'else' | 'end' | 'br' | 'br_if' | 'br_table' | 'return')
  | ('call' | 'call_indirect' | 'call_ref' | 'return_call' | 'return_call_indirect' | 'return_call_ref')
  | ('catch' | 'catch_all' | 'delegate' | 'throw' | 'rethrow' | 'throw_ref')
  | ('ref.is_null' | 'br_on_null' | 'br_on_non_null')
  | ('drop' | 'select' | 'select t')
  | ('local.get' | 'local.set' | 'local.tee' | 'global.get' | 'global.set')
  | ('i32.const' | 'i64.const' | 'f32.const' | 'f64.const')
>;
export interface Effect {
  readonly kind: 'effect';
  readonly op: EffectOp;
  /** The immediate: a memory, table, segment, global or function. */
  readonly index: number;
  readonly slot: number;
  readonly offset: number;
}

/**
 * Like an effect; a long one can stop between its parts, in process only: that is no safepoint. Its operands say what is left to do.
 */
export type BulkOp =
  | 'memory.fill'
  | 'memory.copy'
  | 'memory.init'
  | 'table.fill'
  | 'table.copy'
  | 'table.init';
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

/** A call: the arguments stand in the slots from `slot` on, where the callee's frame begins and the results come. */
export interface Call {
  readonly kind: 'call';
  readonly funcidx: number;
  readonly slot: number;
  readonly safepoint: Safepoint;
}
export interface CallIndirect {
  readonly kind: 'call_indirect';
  readonly typeidx: number;
  readonly tableidx: number;
  /** An i32, unsigned. */
  readonly index: Expr;
  readonly slot: number;
  readonly offset: number;
  readonly safepoint: Safepoint;
}
export interface CallRef {
  readonly kind: 'call_ref';
  readonly typeidx: number;
  /** The slot of the reference. */
  readonly callee: number;
  readonly slot: number;
  readonly offset: number;
  readonly safepoint: Safepoint;
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

export interface Block {
  readonly kind: 'block';
  readonly label: Label;
  readonly body: Statement[];
}
/**
 * Exceptions that leave the body go to the first of the clauses that catches them, else to what handles those of the code around it; with
 * `delegate`, to what handles those of the code right inside that label. A legacy clause has a body, behind which comes the end.
 */
export interface Try {
  readonly kind: 'try';
  readonly label: Label;
  readonly body: Statement[];
  readonly clauses: Clause[];
  delegate: Label | undefined;
}
export interface Clause {
  /** -1 catches all. */
  readonly tagidx: number;
  /** Where the values of the tag go, and behind them, or before, the exception. */
  readonly slot: number;
  readonly ref: 'none' | 'behind' | 'before';
  readonly to: Branch | Statement[];
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
  readonly label: Label;
  readonly body: Statement[];
}
export interface If {
  readonly kind: 'if';
  readonly label: Label;
  readonly condition: Expr;
  readonly body: Statement[];
  /** The `else`. */
  readonly otherwise: Statement[];
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
  | Try
  | Throw
  | ThrowRef
  | Loop
  | If
  | Br
  | BrIf
  | BrTable
  | Return
  | Unreachable;

export type { NumericOp, Safepoint, ValType };
