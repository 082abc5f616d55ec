/**
 * Where operands stand: each has a type and a canonical slot, behind the locals. Values that come together (the results of a call, the
 * parameters of a block) are one run, so a thousand of them take as long as two. The types below a safepoint are a list, which grows with
 * the stack and shares what lies below.
 */
import { BOTTOM, isRef, slotsOf, type ValType } from '../decoder';
import { only } from '../decoder/plain';
import { holdReferences, onTop, type TypeList } from '../decoder/typelist';
import { slotsBefore, slotsOfAll } from './frame';

/** Types of a tall stack are listed for the safepoints above as it grows, these many at once: the first of them would list a million. */
const LISTED_AT_ONCE = 4096;

/** Operands that were pushed together, all of them in their slots. */
interface Run {
  readonly start: number;
  /** Of the first. */
  readonly slot: number;
  readonly types: readonly ValType[];
  /** How many are left. */
  count: number;
  /** Operands in the runs below. */
  readonly inRuns: number;
}

export class OperandStack {
  /** How many there are. */
  height = 0;
  /** Slot of the next operand, and the end of all slots that were ever used. */
  top: number;
  end: number;
  usesRefs = false;
  /** Operands, or runs of them, that were looked at: what a test of linear work counts. */
  visits = 0;
  /** Of the operands that are in no run, bottom first. What the lists have behind the highest is left over. */
  private readonly types: ValType[] = [];
  private readonly slots: number[] = [];
  /** Whether they are floats in their slots that arithmetic has made. */
  private readonly made: boolean[] = [];
  private readonly runs: Run[] = [];
  private inRuns = 0;
  /** The types of the lowest operands, `listedTo` of them: the list may go on with some that are gone. */
  private listed: TypeList | undefined = undefined;
  private listedTo = 0;

  constructor(firstSlot: number) {
    this.top = firstSlot;
    this.end = firstSlot;
  }

  /** Of the operand on top; BOTTOM where there is none. */
  get topType(): ValType {
    return this.height === 0 ? BOTTOM : this.typeAt(this.height - 1);
  }

  typeAt(height: number): ValType {
    const run = this.runBelow(height);
    return this.holds(run, height) ? run.types[height - run.start] : this.types[indexOf(run, height)];
  }

  /** Slot of the operand at a height, or of the next one. */
  slotAt(height: number): number {
    if (height >= this.height) return this.top;
    const run = this.runBelow(height);
    if (!this.holds(run, height)) return this.slots[indexOf(run, height)];
    return run.slot + slotsBefore(run.types, height - run.start);
  }

  protected isMade(height: number): boolean {
    const run = this.runBelow(height);
    return !this.holds(run, height) && this.made[indexOf(run, height)];
  }

  /** What is in a run was made elsewhere. */
  protected setMade(height: number, isMade: boolean): void {
    const run = this.runBelow(height);
    if (!this.holds(run, height)) this.made[indexOf(run, height)] = isMade;
  }

  /** The run at a height, or the next one below. */
  private runBelow(height: number): Run | undefined {
    const { runs } = this;
    let high = runs.length - 1;
    if (high < 0 || runs[high].start <= height) return runs[high];
    let low = -1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (runs[middle].start <= height) low = middle;
      else high = middle - 1;
    }
    return runs[low];
  }

  private holds(run: Run | undefined, height: number): run is Run {
    return run !== undefined && height < run.start + run.count;
  }

  /** The frame has at least so many slots. */
  reserve(end: number): void {
    if (end > this.end) this.end = end;
  }

  /** A value that stands in its slot, or will stand there when it has to. */
  pushSlot(type: ValType): void {
    const { height, top } = this;
    const index = height - this.inRuns;
    if (isRef(type)) this.usesRefs = true;
    this.types[index] = type;
    this.slots[index] = top;
    this.made[index] = false;
    this.grow(1, slotsOf(type));
  }

  private pushRun(types: readonly ValType[]): void {
    const { height, top, inRuns } = this;
    if (holdReferences(types)) this.usesRefs = true;
    this.runs.push({ start: height, slot: top, types, count: types.length, inRuns });
    this.inRuns = inRuns + types.length;
    this.grow(types.length, slotsOfAll(types));
  }

  private grow(count: number, slots: number): void {
    this.height += count;
    this.top += slots;
    this.reserve(this.top);
    this.visits++;
    if (this.height - this.listedTo >= LISTED_AT_ONCE) this.list(this.height);
  }

  /** Drops operands down to a height. */
  truncate(height: number): void {
    if (height >= this.height) return;
    this.top = this.slotAt(height);
    this.height = height;
    const { runs } = this;
    for (let run = runs[runs.length - 1]; run !== undefined; run = runs[runs.length - 1]) {
      this.inRuns = run.inRuns + Math.min(run.count, Math.max(height - run.start, 0));
      run.count = this.inRuns - run.inRuns;
      if (run.count > 0) break;
      runs.pop();
    }
    if (this.listedTo > height) this.unlist(height);
  }

  /** From a height on there are operands of these types, all of them in their slots. */
  settle(height: number, types: readonly ValType[]): void {
    if (this.isThere(height, types)) {
      this.visits++;
      return;
    }
    this.truncate(height);
    if (types.length > 1) this.pushRun(types);
    else for (const type of types) this.pushSlot(type);
  }

  /** Whether they are there. They keep their lists then: so do blocks that take what the block before them has given. */
  private isThere(height: number, types: readonly ValType[]): boolean {
    if (height + types.length !== this.height) return false;
    if (types.length === 0) return true;
    const run = this.runBelow(height);
    if (this.holds(run, height)) {
      return run.start === height && run.types === types && run.count === types.length;
    }
    if (types.length > 1 || this.typeAt(height) !== types[0]) return false;
    this.setMade(height, false);
    return true;
  }

  // Lists

  /** The types of the lowest operands. What was known of those above is forgotten: who asks for less is about to drop them. */
  list(height: number): TypeList | undefined {
    if (this.listedTo > height) this.unlist(height);
    const { listed, listedTo } = this;
    let list = listed;
    if (list !== undefined && list.length > listedTo) {
      list = onTop(list.below, list.types, list.first, listedTo - (list.length - list.count));
    }
    this.listed = listedTo < height ? this.extended(list, listedTo, height) : list;
    this.listedTo = height;
    return this.listed;
  }

  private unlist(height: number): void {
    let list = this.listed;
    while (list !== undefined && list.length - list.count >= height) list = list.below;
    this.listed = list;
    this.listedTo = height;
  }

  /** A list of all up to one height goes on to another. Each run is one part of it, and so are those between two runs. */
  private extended(below: TypeList | undefined, from: number, to: number): TypeList | undefined {
    const { runs, types } = this;
    let list = below;
    let listed = from;
    const first = this.runBelow(from);
    for (let k = first === undefined ? 0 : runs.lastIndexOf(first); listed < to; k++) {
      const run = runs[k];
      const inRuns = run?.inRuns ?? this.inRuns;
      const start = Math.min(run?.start ?? to, to);
      if (listed < start) {
        const first = listed - inRuns;
        list = onTop(list, start - listed === 1 ? only(types[first]) : types.slice(first, start - inRuns));
        this.visits += start - listed;
        listed = start;
      }
      const end = Math.min(run === undefined ? to : run.start + run.count, to);
      if (listed < end) {
        list = onTop(list, run.types, listed - run.start, end - listed);
        listed = end;
      }
      this.visits++;
    }
    return list;
  }
}

/** Where the lists have an operand that is in no run, when this is the run below it. */
function indexOf(run: Run | undefined, height: number): number {
  return run === undefined ? height : height - run.inRuns - run.count;
}
