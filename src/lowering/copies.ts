/**
 * Locals that have vectors, or lanes of those in other locals. Compilers put the lanes that they compute addresses from into locals, and use
 * those for the next vector a few instructions on. So whoever reads such a local reads the lane, and a write that nothing has read when its
 * local is written again is left out. Where the vector is a step from another one, as multiples of an index are, addresses are computed from
 * that, so that often nothing reads the local at all. All this holds while one statement follows the other: where control flow goes
 * elsewhere, all is written.
 */
import { I32, V128 } from '../decoder';
import { type Expr, type Get, localBit, TRAPS, type Vector, type VectorValueOp } from './expr';
import { isUniform } from './lanes';
import type { Sequences } from './sequences';
import { wordOf } from './words';

/** Locals that are looked after at a time: each statement looks at them. */
const MOST = 16;

interface Written {
  /** The local's bit. */
  readonly bit: number;
  /** The lane that it has, as long as that is known. */
  lane: Get | undefined;
  /** The vector that it has, if that is a step from another local's, as long as that one has it. */
  step: Vector | undefined;
  /** Of the statement that wrote it, as long as nothing has read it. */
  unread: number | undefined;
}

const isLane = (value: Expr): value is Get => value.op === 'get' && value.held === V128;

/** Whether a local that has this is looked after: a vector, or a part of one. What traps is computed, whoever reads it. */
export function isWatched(value: Expr): boolean {
  return (value.kind === 'v' || isLane(value)) && (value.flags & TRAPS) === 0;
}

/** By which one address is made of another. */
const STEPS: ReadonlySet<VectorValueOp> = new Set<VectorValueOp>(['i32x4.add', 'i32x4.mul', 'i32x4.shl']);

function isStep(value: Expr): value is Vector {
  if (value.op !== 'vector' || !STEPS.has(value.instruction)) return false;
  const [from, by] = value.operands;
  return from.op === 'get' && from.reads < 0 && (by.op === 'vector' ? isUniform(by) : by.op === 'const');
}

export class Copies {
  /** By slot. */
  private readonly locals = new Map<number, Written>();

  /** The lane that a local has, if it has one. */
  at(slot: number): Get | undefined {
    return this.locals.get(slot)?.lane;
  }

  /** A lane as a number computed from another local, if its vector is a step from that. */
  from({ slot, half, held, type, reads }: Get): Expr | undefined {
    if (held !== V128 || type !== I32 || reads >= 0) return undefined;
    const at = this.locals.has(slot) ? slot : slot - 1;
    const step = this.locals.get(at)?.step;
    return step === undefined ? undefined : wordOf(step, 2 * (slot - at) + half);
  }

  /** A local has another value from now on. */
  change(slot: number, localidx: number): void {
    const bit = localBit(localidx);
    for (const [copy, known] of this.locals) {
      if (copy === slot || ((known.lane?.locals ?? 0) & bit) !== 0) known.lane = undefined;
      if (copy === slot || ((known.step?.locals ?? 0) & bit) !== 0) known.step = undefined;
    }
  }

  /** The last statement has written a local. The one that wrote it before is left out if nothing has read that. */
  write(slot: number, localidx: number, value: Expr, statements: Sequences): void {
    const { locals } = this;
    const before = locals.get(slot)?.unread;
    if (before !== undefined) statements.remove(before);
    locals.delete(slot);
    if (!isWatched(value)) return;
    const bit = localBit(localidx);
    const isCopy = isLane(value) && value.type === I32 && value.reads < 0 && (value.locals & bit) === 0;
    const step = isStep(value) && (value.locals & bit) === 0 ? value : undefined;
    locals.set(slot, { bit, lane: isCopy ? value : undefined, step, unread: statements.end - 1 });
    if (locals.size > MOST) locals.delete(locals.keys().next().value!);
  }

  /** A statement reads these locals. */
  read(bits: number): void {
    for (const known of this.locals.values()) if ((known.bit & bits) !== 0) known.unread = undefined;
  }

  clear(): void {
    if (this.locals.size > 0) this.locals.clear();
  }
}
