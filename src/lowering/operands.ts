/**
 * The operand stack of the lowering. An operand either stands in its canonical slot (behind the locals, where the snapshot format wants
 * it), or waits as an expression that is not computed yet. What waits is computed into its slot before a safepoint, before control flow
 * joins, and before a statement that would change what it reads or overtake its trap.
 *
 * At most MAX_WAITING operands wait, so every step is done in bounded time, and a body in time that grows with its length alone.
 */
import { slotsOf, V128, type ValType } from '../decoder';
import { InternalError } from '../errors';
import { type Expr, type Get, isIn, localBit, TRAPS } from './expr';
import { getOperand } from './makers';
import { isArithmetic } from './normal';
import { OperandStack } from './stack';
import type { Drop, Move, SetSlot, Statement } from './statements';

/** Operands that wait at a time: compilers leave fewer than ten; what waits longer is computed early, and is right too. */
export const MAX_WAITING = 32;
/** Instructions in a tree: a back end may nest a call for each. */
export const MAX_TREE = 16;
/** Values of a branch that wait until they are moved; more go to their slots first, and from there together. */
export const MOVED_SINGLY = 4;
export const NO_MOVES: readonly Move[] = [];

/** Forgets a value that may trap and stood at a slot. A vector is only ever computed into slots. */
export function dropped(value: Expr, slot: number): Drop | SetSlot {
  return value.type === V128 ? { kind: 'set', slot, value } : { kind: 'drop', value };
}

/** Where statements go. */
interface Emitting {
  emit(statement: Statement): void;
}

export class Operands extends OperandStack {
  private readonly to: Emitting;
  /** Heights and expressions of those that wait, bottom first, between two indices. Some have been computed meanwhile: they are holes. */
  private readonly heights: number[] = [];
  private readonly exprs: (Expr | undefined)[] = [];
  private lowest = 0;
  private behind = 0;
  private holes = 0;
  /** What waits has no flags and reads no locals but these: most statements touch none of it. */
  private flags = 0;
  private locals = 0;

  constructor(firstSlot: number, to: Emitting) {
    super(firstSlot);
    this.to = to;
  }

  push(expr: Expr): void {
    const index = this.behind++;
    this.heights[index] = this.height;
    this.exprs[index] = expr;
    this.flags |= expr.flags;
    this.locals |= expr.locals;
    this.pushSlot(expr.type);
    if (expr.size > MAX_TREE) this.compute(index);
    else if (this.behind - this.lowest > MAX_WAITING) this.makeRoom();
  }

  private makeRoom(): void {
    if (this.holes > 0) this.sweep();
    if (this.behind - this.lowest <= MAX_WAITING) return;
    this.compute(this.lowest++);
    this.holes = 0;
    // Now and then: below a tall stack nothing waits.
    if (this.lowest >= MAX_WAITING) this.sweep();
  }

  pop(): Expr {
    const height = this.height - 1;
    const value = this.at(height);
    this.truncate(height);
    return value;
  }

  /** Drops the operand on top. What was to compute it, if it waits. */
  popWaiting(): Expr | undefined {
    const height = this.height - 1;
    const index = this.indexOf(height);
    const value = index < 0 ? undefined : this.exprs[index];
    this.truncate(height);
    return value;
  }

  /** A reference, which is in a slot always: nothing computes one late. */
  popReference(): Get {
    const value = this.pop();
    if (value.op !== 'get') throw new InternalError(`a reference that is a ${value.op}`);
    return value;
  }

  /** The operand at a height, which stays. */
  at(height: number): Expr {
    const index = this.indexOf(height);
    const value = index < 0 ? undefined : this.exprs[index];
    return value ?? getOperand(this.typeAt(height), this.slotAt(height), this.isMade(height));
  }

  /** Where the lists have an operand, or -1. */
  private indexOf(height: number): number {
    const { heights, lowest } = this;
    let index = this.behind - 1;
    while (index >= lowest && heights[index] > height) index--;
    return index >= lowest && heights[index] === height ? index : -1;
  }

  /** Drops operands down to a height, without computing them. */
  override truncate(height: number): void {
    super.truncate(height);
    this.dropWaiting(height);
  }

  private dropWaiting(height: number): void {
    const { heights, exprs } = this;
    while (this.behind > this.lowest && heights[this.behind - 1] >= height) {
      if (exprs[--this.behind] === undefined) this.holes--;
    }
    if (this.behind === this.lowest) this.forgetWaiting();
  }

  private forgetWaiting(): void {
    this.lowest = this.behind = this.holes = this.flags = this.locals = 0;
  }

  /** From a height on there are operands of these types, all of them in their slots. What waited there is forgotten. */
  override settle(height: number, types: readonly ValType[]): void {
    this.dropWaiting(height);
    super.settle(height, types);
  }

  /** Computes an operand that waits into its slot, after those below it that it would overtake or overwrite. */
  private compute(index: number): void {
    const expr = this.exprs[index];
    if (expr === undefined) return;
    const slot = this.slotAt(this.heights[index]);
    if (!isIn(expr, slot)) {
      for (let below = this.lowest; below < index; below++) {
        const other = this.exprs[below];
        this.visits++;
        if (other !== undefined && (other.reads >= slot || (expr.flags & other.flags & TRAPS) !== 0)) {
          this.compute(below);
        }
      }
    }
    this.store(index, expr, slot);
  }

  private store(index: number, value: Expr, slot: number): void {
    if (!isIn(value, slot)) this.to.emit({ kind: 'set', slot, value });
    this.exprs[index] = undefined;
    this.holes++;
    this.setMade(this.heights[index], isArithmetic(value));
  }

  /**
   * A branch that may have taken the highest operands to its label was not taken: they have the label's types, and are moved values from here
   * on. More than a few are in their slots.
   */
  retype(types: readonly ValType[]): void {
    const height = this.height - types.length;
    if (types.length > MOVED_SINGLY) {
      this.settle(height, types);
      return;
    }
    const values = types.map((_, k): Expr | undefined => {
      const index = this.indexOf(height + k);
      if (index >= 0 && this.exprs[index] !== undefined && isArithmetic(this.exprs[index]))
        this.compute(index);
      return this.exprs[index];
    });
    this.truncate(height);
    types.forEach((type, k) => {
      const value = values[k];
      if (value === undefined) this.pushSlot(type);
      else this.push(value.type === type ? value : { ...value, type });
    });
  }

  /** What waits at a height becomes another expression of what is needed of it. */
  replace(height: number, by: (waits: Expr) => Expr): void {
    const index = this.indexOf(height);
    const waits = index < 0 ? undefined : this.exprs[index];
    if (waits !== undefined) this.exprs[index] = by(waits);
  }

  /** The vector at a height, in a place: its own slots, a local's, or others where what waits reads its own. */
  place(height: number): Get {
    const value = this.at(height);
    if (value.op === 'get') return value;
    // What traps is not overtaken by what traps, either.
    if ((value.flags & TRAPS) !== 0) this.computeFlagsBelow(height, TRAPS);
    const index = this.indexOf(height);
    const slot = this.freeSlot(height, value);
    if (slot === this.slotAt(height)) {
      this.compute(index);
      return this.at(height) as Get;
    }
    this.reserve(slot + slotsOf(V128));
    this.to.emit({ kind: 'set', slot, value });
    const place = getOperand(V128, slot);
    this.exprs[index] = place;
    return place;
  }

  /** Its own slot, or the first one from which on none of the operands, nor the value itself, reads any. */
  private freeSlot(height: number, value: Expr): number {
    let read = -1;
    for (let k = this.lowest; k < this.behind && this.heights[k] < height; k++) {
      read = Math.max(read, this.exprs[k]?.reads ?? -1);
    }
    const own = this.slotAt(height);
    if (read < own) return own;
    read = Math.max(read, value.reads);
    for (let k = height + 1; k < this.height; k++) read = Math.max(read, this.at(k).reads);
    return read + 1;
  }

  computeAll(): void {
    for (let k = this.lowest; k < this.behind; k++) {
      this.visits++;
      const expr = this.exprs[k];
      // None below it waits any more.
      if (expr !== undefined) this.store(k, expr, this.slotAt(this.heights[k]));
    }
    this.forgetWaiting();
  }

  /** Computes what has one of these effects. */
  computeFlags(flags: number): void {
    this.computeTouched(flags, 0, this.height);
  }

  /** The same, of those below a height. */
  computeFlagsBelow(height: number, flags: number): void {
    this.computeTouched(flags, 0, height);
  }

  /** Computes what a change of the local would touch; with `traps`, also what must trap before. */
  computeReaders(localidx: number, traps: boolean): void {
    this.computeTouched(traps ? TRAPS : 0, localBit(localidx), this.height);
  }

  private computeTouched(flags: number, locals: number, height: number): void {
    if (((this.flags & flags) | (this.locals & locals)) === 0) return;
    for (let k = this.lowest; k < this.behind && this.heights[k] < height; k++) {
      const expr = this.exprs[k];
      this.visits++;
      if (expr !== undefined && ((expr.flags & flags) | (expr.locals & locals)) !== 0) this.compute(k);
    }
    this.sweep();
  }

  /** What computes those of the lowest operands that can trap, and forgets their values. */
  dropTraps(height: number): readonly Move[] {
    if ((this.flags & TRAPS) === 0) return NO_MOVES;
    const moves: Move[] = [];
    for (let k = this.lowest; k < this.behind && this.heights[k] < height; k++) {
      const expr = this.exprs[k];
      this.visits++;
      if (expr !== undefined && (expr.flags & TRAPS) !== 0) {
        moves.push(dropped(expr, this.slotAt(this.heights[k])));
      }
    }
    return moves;
  }

  /** Leaves only what waits in the lists. */
  private sweep(): void {
    const { heights, exprs, behind, lowest } = this;
    this.forgetWaiting();
    for (let k = lowest; k < behind; k++) {
      const expr = exprs[k];
      if (expr === undefined) continue;
      heights[this.behind] = heights[k];
      exprs[this.behind++] = expr;
      this.flags |= expr.flags;
      this.locals |= expr.locals;
    }
  }
}
