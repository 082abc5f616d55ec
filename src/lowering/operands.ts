/**
 * The operand stack of the lowering. An operand either stands in its canonical slot (behind the locals, where the snapshot format wants
 * it), or waits as an expression that is not computed yet. What waits is computed into its slot before a safepoint, before control flow
 * joins, and before a statement that would change what it reads or overtake its trap.
 *
 * At most MAX_WAITING operands wait, so every step is done in bounded time, and a body in time that grows with its length alone.
 */
import { BOTTOM, isRef, slotsOf, V128, type ValType } from '../decoder';
import { onTop, type TypeList } from '../decoder/typelist';
import { InternalError } from '../errors';
import { type Expr, type Get, isIn, localBit, TRAPS } from './expr';
import { getOperand } from './makers';
import { isArithmetic } from './normal';
import type { Drop, SetSlot, Statement } from './statements';

/** Operands that wait at a time: compilers leave fewer than ten; what waits longer is computed early, and is right too. */
export const MAX_WAITING = 32;
/** Instructions in a tree: a back end may nest a call for each. */
export const MAX_TREE = 16;
/** Types of a tall stack are listed for the safepoints above as it grows, these many at once: the first of them would list a million. */
const LISTED_AT_ONCE = 4096;

/** Operands that were pushed together. */
interface Group {
  readonly start: number;
  /** How many are left. */
  count: number;
  /** Their types, from the index `first` on. */
  readonly types: readonly ValType[];
  readonly first: number;
  /** The types below. */
  readonly below: TypeList | undefined;
}

/** Forgets a value that may trap and stood at a slot. A vector is only ever computed into slots. */
export function dropped(value: Expr, slot: number): Drop | SetSlot {
  return value.type === V128 ? { kind: 'set', slot, value } : { kind: 'drop', value };
}

export class Operands {
  private readonly emit: (statement: Statement) => void;
  /** How many there are. What the lists below have from there on is left over. */
  height = 0;
  private readonly types: ValType[] = [];
  private readonly slots: number[] = [];
  /** Of those that wait. */
  private readonly exprs: (Expr | undefined)[] = [];
  /** Of those that have been computed: whether they are floats that arithmetic has made. */
  private readonly made: boolean[] = [];
  /** Heights of those that wait, in order; a few may have been computed meanwhile. */
  private waiting: number[] = [];
  private readonly groups: Group[] = [];
  /** Lists of the types up to each operand, where somebody has asked for one; never longer than the stack. */
  private readonly lists: (TypeList | undefined)[] = [];
  /** Slot of the next operand, and the end of all slots that were ever used. */
  top: number;
  end: number;
  usesRefs = false;
  /** Operands that were looked at: what a test of linear work counts. */
  visits = 0;

  constructor(firstSlot: number, emit: (statement: Statement) => void) {
    this.top = firstSlot;
    this.end = firstSlot;
    this.emit = emit;
  }

  /** Slot of the operand at a height, or of the next one. */
  slotAt(height: number): number {
    return height < this.height ? this.slots[height] : this.top;
  }

  /** Of the operand on top; BOTTOM where there is none. */
  get topType(): ValType {
    return this.height === 0 ? BOTTOM : this.typeAt(this.height - 1);
  }

  typeAt(height: number): ValType {
    return this.types[height];
  }

  /** The types of the lowest operands. */
  list(height: number): TypeList | undefined {
    if (height === 0) return undefined;
    const { lists } = this;
    const group = this.groupBelow(height);
    const end = group === undefined ? 0 : group.start + group.count;
    if (height <= end) {
      const { below, types, first, start } = group!;
      lists[height - 1] ??= onTop(below, types, first, height - start);
      return lists[height - 1];
    }
    let known = height;
    while (known > end && lists[known - 1] === undefined) known--;
    let list = known > end ? lists[known - 1] : this.list(end);
    for (; known < height; known++) {
      this.visits++;
      list = onTop(list, [this.types[known]]);
      lists[known] = list;
    }
    return list;
  }

  /** The highest group that starts below a height. */
  private groupBelow(height: number): Group | undefined {
    const { groups } = this;
    let low = -1;
    for (let high = groups.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (groups[middle].start < height) low = middle;
      else high = middle - 1;
    }
    return groups[low];
  }

  push(expr: Expr): void {
    const { height, waiting } = this;
    this.put(expr.type, expr);
    waiting.push(height);
    if (expr.size > MAX_TREE) this.compute(height);
    else if (waiting.length > MAX_WAITING) {
      this.sweep();
      if (this.waiting.length > MAX_WAITING) this.compute(this.waiting[0]);
    }
  }

  /** Pushes a value that stands in its canonical slot already. */
  pushSlot(type: ValType): void {
    this.put(type, undefined);
  }

  private put(type: ValType, expr: Expr | undefined): void {
    const { height, top } = this;
    if (isRef(type)) this.usesRefs = true;
    this.types[height] = type;
    this.slots[height] = top;
    this.exprs[height] = expr;
    this.made[height] = false;
    this.height = height + 1;
    this.top = top + slotsOf(type);
    if (this.top > this.end) this.end = this.top;
    this.visits++;
    if (this.height % LISTED_AT_ONCE === 0) this.list(this.height);
  }

  /** A reference, which is in a slot always: nothing computes one late. */
  popReference(): Get {
    const value = this.pop();
    if (value.op !== 'get') throw new InternalError(`a reference that is a ${value.op}`);
    return value;
  }

  pop(): Expr {
    const { waiting } = this;
    const height = this.height - 1;
    const slot = this.slots[height];
    this.height = height;
    this.top = slot;
    if (waiting.length > 0 && waiting[waiting.length - 1] === height) waiting.pop();
    if (this.lists.length > height) this.lists.length = height;
    if (this.groups.length > 0) this.cutGroups(height);
    return this.exprs[height] ?? getOperand(this.types[height], slot, this.made[height]);
  }

  /** The frame has at least so many slots. */
  reserve(end: number): void {
    if (end > this.end) this.end = end;
  }

  /** The operand at a height, which stays. */
  at(height: number): Expr {
    return this.exprs[height] ?? getOperand(this.types[height], this.slots[height], this.made[height]);
  }

  /** Drops operands down to a height, without computing them. */
  truncate(height: number): void {
    if (height >= this.height) return;
    this.top = this.slots[height];
    this.height = height;
    if (this.lists.length > height) this.lists.length = height;
    const { waiting } = this;
    while (waiting.length > 0 && waiting[waiting.length - 1] >= height) waiting.pop();
    this.cutGroups(height);
  }

  private cutGroups(height: number): void {
    const { groups } = this;
    while (groups.length > 0 && groups[groups.length - 1].start >= height) groups.pop();
    const last = groups[groups.length - 1];
    if (last !== undefined && last.start + last.count > height) last.count = height - last.start;
  }

  /** From a height on there are operands of these types now, all of them in their slots. */
  settle(height: number, types: readonly ValType[]): void {
    const end = height + types.length;
    let same = height;
    // What is there already keeps its lists.
    const there = Math.min(end, this.height);
    while (same < there && this.types[same] === types[same - height]) {
      this.exprs[same] = undefined;
      this.made[same++] = false;
    }
    this.visits += same - height;
    this.truncate(same);
    if (end - same > 1) {
      const group = { start: same, count: end - same, types, first: same - height, below: this.list(same) };
      this.groups.push(group);
    }
    for (; same < end; same++) this.pushSlot(types[same - height]);
    if (this.waiting.length > 0) this.sweep();
  }

  /** Computes the operand at a height into its slot, after those below it that it would overtake or overwrite. */
  compute(height: number): void {
    const expr = this.exprs[height];
    if (expr === undefined) return;
    const slot = this.slots[height];
    if (!isIn(expr, slot)) {
      for (const below of this.waiting) {
        if (below >= height) break;
        const other = this.exprs[below];
        this.visits++;
        if (other !== undefined && (other.reads >= slot || (expr.flags & other.flags & TRAPS) !== 0)) {
          this.compute(below);
        }
      }
      this.emit({ kind: 'set', slot, value: expr });
    }
    this.exprs[height] = undefined;
    this.made[height] = isArithmetic(expr);
  }
  /** The highest operands are moved values from here on, as a label that they may have gone to has them. */
  forgetMade(count: number): void {
    for (let height = this.height - count; height < this.height; height++) {
      const expr = this.exprs[height];
      if (expr !== undefined && isArithmetic(expr)) this.compute(height);
      this.made[height] = false;
    }
    this.sweep();
  }

  /** The vector at a height, in a place: its own slots, a local's, or others where what waits reads its own. */
  place(height: number): Get {
    const value = this.at(height);
    if (value.op === 'get') return value;
    this.computeTrapsBelow(height, value.flags);
    const slot = this.freeSlot(height, value);
    if (slot === this.slots[height]) {
      this.compute(height);
      return this.at(height) as Get;
    }
    this.reserve(slot + slotsOf(V128));
    this.emit({ kind: 'set', slot, value });
    const place = getOperand(V128, slot);
    this.exprs[height] = place;
    return place;
  }

  /** Its own slot, or the first one from which on none of the operands, nor the value itself, reads any. */
  private freeSlot(height: number, value: Expr): number {
    let read = -1;
    for (const below of this.waiting) {
      if (below >= height) break;
      read = Math.max(read, this.exprs[below]?.reads ?? -1);
    }
    const own = this.slots[height];
    if (read < own) return own;
    read = Math.max(read, value.reads);
    for (let k = height + 1; k < this.height; k++) read = Math.max(read, this.at(k).reads);
    return read + 1;
  }

  /** What traps is not overtaken by what traps, either. */
  private computeTrapsBelow(height: number, flags: number): void {
    if ((flags & TRAPS) !== 0) this.computeFlagsBelow(height, TRAPS);
  }

  computeAll(): void {
    if (this.waiting.length === 0) return;
    for (const height of this.waiting) {
      this.visits++;
      this.compute(height);
    }
    this.waiting.length = 0;
  }

  /** Computes what has one of these effects. */
  computeFlags(flags: number): void {
    this.computeWhere((expr) => (expr.flags & flags) !== 0);
  }

  /** The same, of those below a height. */
  computeFlagsBelow(height: number, flags: number): void {
    this.computeWhere((expr, at) => at < height && (expr.flags & flags) !== 0);
  }

  /** Computes what a change of the local would touch; with `traps`, also what must trap before. */
  computeReaders(localidx: number, traps: boolean): void {
    const bit = localBit(localidx);
    this.computeWhere(({ locals, flags }) => (locals & bit) !== 0 || (traps && (flags & TRAPS) !== 0));
  }

  private computeWhere(test: (expr: Expr, height: number) => boolean): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    let computed = false;
    for (const height of waiting) {
      const expr = this.exprs[height];
      this.visits++;
      if (expr === undefined || !test(expr, height)) continue;
      this.compute(height);
      computed = true;
    }
    if (computed) this.sweep();
  }

  /** Computes those of the lowest operands that can trap, and forgets their values. */
  dropTraps(height: number, moves: Statement[]): void {
    for (const below of this.waiting) {
      if (below >= height) break;
      const expr = this.exprs[below];
      this.visits++;
      if (expr === undefined || (expr.flags & TRAPS) === 0) continue;
      moves.push(dropped(expr, this.slots[below]));
    }
  }

  /** Heights from one on that wait, in order. */
  waitingFrom(height: number): number[] {
    return this.waiting.filter((k) => k >= height && this.exprs[k] !== undefined);
  }

  private sweep(): void {
    this.waiting = this.waiting.filter((height) => this.exprs[height] !== undefined);
  }
}
