/**
 * The operand types of an expression that is being validated: an integer array that all functions share. Many types that are pushed
 * together are one cell, a run, as long as nobody looks at one of them: an instruction of three bytes may take and give a thousand.
 */
import { checkLimit } from './limits';
import { matches, matchesAll } from './matching';
import type { Reader } from './reader';
import { BOTTOM, type ValType } from './types';

/** From how many types on a list is one cell. */
const RUN = 16;
/** Cells of runs are integers below zero, from here down: the first list's, the second's, ... Types are above, and -1 is `COMPLEX`. */
const FIRST_RUN = -2;
/** The stack has room for one push per byte up to the next checkpoint. */
export const CHECKPOINT = 4096;

/** A run that was on the stack: its cell, and the operands up to its last. */
interface Counted {
  readonly cell: number;
  readonly operands: number;
}

export abstract class OperandTypes {
  /** Types and runs of them; what stands from `sp` on is left over. `base` is the height at the entry of the innermost frame. */
  stack = new Int32Array(0);
  sp = 0;
  base = 0;
  /** Lists that have been pushed as runs, and what their cells are: by list, and by what is in it. */
  private readonly lists: Int32Array[] = [];
  private readonly runs = new WeakMap<readonly ValType[], number>();
  private readonly runsByTypes = new Map<string, number>();
  /** Where runs may be, so that the operands in them can be counted. */
  private readonly counted: Counted[] = [];

  abstract readonly reader: Reader;
  /** Whether there are operands of any type below the base. */
  protected abstract isPolymorphic(): boolean;
  protected abstract operandMismatch(required: string, actual: string): Error;
  abstract nameOf(type: ValType): string;

  protected ensureStack(sp: number): void {
    if (sp + CHECKPOINT <= this.stack.length) return;
    checkLimit('operandStack', sp, this.reader.pos);
    const old = this.stack;
    this.stack = new Int32Array(2 * (sp + CHECKPOINT));
    this.stack.set(old);
  }

  push(type: ValType): void {
    this.stack[this.sp++] = type;
  }

  pop(type: ValType): void {
    const { sp } = this;
    if (sp > this.base) {
      const actual = this.stack[sp - 1];
      if (actual < 0) {
        this.unpack();
        this.pop(type);
        return;
      }
      this.sp = sp - 1;
      if (actual === type || matches(actual, type)) return;
      throw this.operandMismatch(this.nameOf(type), this.nameOf(actual));
    }
    if (!this.isPolymorphic()) throw this.operandMismatch(this.nameOf(type), '');
  }

  /** Pops a value of any type and returns its type: BOTTOM where unreachable code has none. */
  popAny(): ValType {
    if (this.sp > this.base) {
      if (this.stack[this.sp - 1] < 0) this.unpack();
      return this.stack[--this.sp];
    }
    if (!this.isPolymorphic()) throw this.operandMismatch('any', '');
    return BOTTOM;
  }

  pushAll(types: readonly ValType[]): void {
    const { length } = types;
    if (length >= RUN) {
      this.pushRun(this.runOf(types), length);
      return;
    }
    if (length > 1) this.ensureStack(this.sp + length);
    const { stack, sp } = this;
    for (let i = 0; i < length; i++) stack[sp + i] = types[i];
    this.sp = sp + length;
  }

  popAll(types: readonly ValType[]): void {
    if (this.isTop(types)) this.sp -= this.cellsOf(types);
    else for (let i = types.length - 1; i >= 0; i--) this.pop(types[i]);
  }

  /** Checks that `types` could be popped, and leaves what is there. */
  peekAll(types: readonly ValType[]): void {
    if (this.isTop(types)) return;
    const { sp } = this;
    // A run that is popped in part is written over.
    const first = Math.max(this.base, sp - types.length);
    const cells = this.stack.slice(first, sp);
    this.popAll(types);
    this.stack.set(cells, first);
    this.sp = sp;
  }

  /** Pops `types` and pushes them, as they are named there. */
  exchange(types: readonly ValType[]): void {
    if (this.isTop(types)) return;
    this.popAll(types);
    this.pushAll(types);
  }

  /** Cells that the types take when they have just been pushed, or found on top. */
  protected cellsOf({ length }: readonly ValType[]): number {
    return length < RUN ? length : 1;
  }

  /** Whether these very types are on top, in so many cells. */
  protected isTop(types: readonly ValType[]): boolean {
    const { length } = types;
    const { stack, sp } = this;
    if (length >= RUN) {
      const run = this.runOf(types);
      return (sp > this.base && stack[sp - 1] === run) || this.pack(types, run);
    }
    const first = sp - length;
    if (first < this.base) return false;
    for (let i = 0; i < length; i++) if (stack[first + i] !== types[i]) return false;
    return true;
  }

  /** Whether values of some types may stand where others are asked for. */
  areMatching(subs: readonly ValType[], sups: readonly ValType[]): boolean {
    if (subs.length >= RUN && subs.length === sups.length && this.runOf(subs) === this.runOf(sups))
      return true;
    return matchesAll(subs, sups);
  }

  /** Up to so many of the types above the base. */
  protected typesAboveBase(most: number): ValType[] {
    const types: ValType[] = [];
    for (let k = this.base; k < this.sp && types.length < most; k++) {
      const cell = this.stack[k];
      if (cell < 0) types.push(...this.listOf(cell));
      else types.push(cell);
    }
    return types.slice(0, most);
  }

  // Runs

  private listOf(run: number): Int32Array {
    return this.lists[FIRST_RUN - run];
  }

  private runOf(types: readonly ValType[]): number {
    let run = this.runs.get(types);
    if (run === undefined) {
      const key = types.join();
      run = this.runsByTypes.get(key);
      if (run === undefined) {
        run = FIRST_RUN - this.lists.length;
        this.lists.push(Int32Array.from(types));
        this.runsByTypes.set(key, run);
      }
      this.runs.set(types, run);
    }
    return run;
  }

  private pushRun(run: number, length: number): void {
    const cell = this.sp;
    const operands = this.operands() + length;
    checkLimit('operandStack', operands, this.reader.pos);
    this.ensureStack(cell + 1);
    this.stack[cell] = run;
    this.sp = cell + 1;
    this.counted.push({ cell, operands });
  }

  /** How many there are. A run that is gone from the stack is not there any more, or another type stands in its cell. */
  private operands(): number {
    const { counted, stack, sp } = this;
    for (;;) {
      const last = counted[counted.length - 1];
      if (last === undefined) return sp;
      if (last.cell < sp && stack[last.cell] < 0) return last.operands + sp - last.cell - 1;
      counted.pop();
    }
  }

  /** Puts the types of the run on top in its stead. */
  private unpack(): void {
    const first = this.sp - 1;
    const types = this.listOf(this.stack[first]);
    this.ensureStack(first + types.length);
    this.stack.set(types, first);
    this.sp = first + types.length;
  }

  /** Makes these types a run if they are on top one by one. */
  private pack(types: readonly ValType[], run: number): boolean {
    if (this.sp > this.base && this.stack[this.sp - 1] < 0) this.unpack();
    const { stack } = this;
    const { length } = types;
    const first = this.sp - length;
    if (first < this.base) return false;
    for (let i = 0; i < length; i++) if (stack[first + i] !== types[i]) return false;
    this.sp = first;
    this.pushRun(run, length);
    return true;
  }
}
