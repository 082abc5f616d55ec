/**
 * The safepoints of a function and the operand stack at each (DESIGN.md, law 2; snapshot draft, "Safepoint Semantics and Kinds", "What a
 * frame holds"). What no control flow reaches has none.
 */
import { codeReader, funcTypeOf, readLocals, typesOfLocals } from './body';
import type { ModuleData } from './module';
import { isQuiet } from './quiet';
import { NO_TYPES, onTop, type TypeList } from './typelist';
import type { ValType } from './types';
import { type Block, type Callee, Walk } from './walk';

export type SafepointKind = 'entry' | 'call' | 'loop';

export interface Safepoint {
  readonly kind: SafepointKind;
  /** Of the instruction, from the start of the code entry. */
  readonly offset: number;
  /** Offset of the `loop` that a back edge goes to, or -1. */
  readonly targetLoop: number;
  /** Types of the operand stack; of a call, of the operands below its own; at a back edge, with the loop's parameters on top. */
  readonly operands: TypeList | undefined;
  /** What the callee of a call has to return. */
  readonly results: readonly ValType[];
  /** The function that a `call` names; -1 at every other instruction. */
  readonly callee: number;
  /**
   * No execution is ever made to stop here, and nothing is charged: this is the entry of a quiet function, or a call of one. Snapshots of
   * other makers stand at such places too, so they are safepoints all the same.
   */
  readonly quiet: boolean;
}

/** From a `loop` opcode to its `end`, as offsets in the code entry. */
export interface LoopRegion {
  readonly start: number;
  readonly end: number;
}

export interface SafepointVisitor {
  /** `isUnset` tells, during the visit, of a local without a default value whether it may not have been set yet. */
  safepoint?(point: Safepoint, isUnset: (localidx: number) => boolean): void;
  /** A loop that is reached, at its end. */
  loop?(region: LoopRegion): void;
  /** A call that puts another function's frame in this one's stead. */
  tailCall?(callee: Callee): void;
}

/** The entry of a defined function, whose first instruction is at `offset`. */
export function entryPoint(module: ModuleData, funcidx: number, offset: number): Safepoint {
  const quiet = isQuiet(module, funcidx);
  return { kind: 'entry', offset, targetLoop: -1, operands: undefined, results: NO_TYPES, callee: -1, quiet };
}

/** A call that names its callee, which may be quiet, or finds it in a table (-1). */
export function callPoint(
  offset: number,
  operands: TypeList | undefined,
  results: readonly ValType[],
  callee: number,
  quiet: boolean,
): Safepoint {
  return { kind: 'call', offset, targetLoop: -1, operands, results, callee, quiet };
}

/** A branch back to the loop at `targetLoop`, whose parameters are on top of the operands. */
export function backPoint(offset: number, targetLoop: number, operands: TypeList | undefined): Safepoint {
  return { kind: 'loop', offset, targetLoop, operands, results: NO_TYPES, callee: -1, quiet: false };
}

/** Types of a defined function's locals, parameters first. */
export function localsOf(module: ModuleData, funcidx: number): ValType[] {
  return typesOfLocals(readLocals(funcTypeOf(module, funcidx), codeReader(module, funcidx), module));
}

/** Visits the safepoints of a defined function in the order of their offsets. Safepoints of equal labels of a `br_table` are one. */
export function walkSafepoints(module: ModuleData, funcidx: number, visitor: SafepointVisitor): void {
  const visit = (point: Safepoint): void => visitor.safepoint?.(point, isUnset);
  const walk = new Walk(module, funcidx, {
    branch: ({ offset: from, start }, { kind, offset, below, params }) => {
      if (kind === 'loop') visit(backPoint(from - start, offset - start, onTop(below, params)));
    },
    call: ({ offset, start, stack }, callee, { results }) => {
      const named = callee.kind === 'func' ? callee.funcidx : -1;
      visit(callPoint(offset - start, stack, results, named, named >= 0 && isQuiet(module, named)));
    },
    tailCall: (_, callee) => visitor.tailCall?.(callee),
    end: ({ offset, start }, block: Block) => {
      if (block.kind === 'loop' && block.reachable) {
        visitor.loop?.({ start: block.offset - start, end: offset - start });
      }
    },
  });
  const isUnset = (localidx: number): boolean => walk.isUnset(localidx);
  visit(entryPoint(module, funcidx, walk.offset - walk.start));
  walk.run();
}

/** All safepoints of a function. */
export function safepointsOf(module: ModuleData, funcidx: number): Safepoint[] {
  const points: Safepoint[] = [];
  walkSafepoints(module, funcidx, { safepoint: (point) => points.push(point) });
  return points;
}
