/**
 * A continuation: a function as one of the same type that begins at any of its loops (on-stack replacement). It takes the locals that are not
 * parameters, the number of the loop and the operands from the runtime. What leads to that loop is the body itself, in which a sequence with
 * targets (entries.ts) begins so:
 *
 *     block $second  block $first
 *       (if entry >= 0: the operands of the first target; br $first)
 *       what stands before the first target
 *     end                                     the operands are there on both ways
 *       (if entry >= the first one behind the first target: the operands of the second; br $second)
 *       the first target
 *       what stands behind it
 *     end
 *     the second target
 *
 * So each way passes one target, and where it comes to the other way hardly anything is another value there: with a way from the begin to each
 * target every local and operand would be, at each of them, and the host's compiler would take the square of that.
 *
 * The entry is -1 from the loop on. Loops with no loop in them, where programs stay, look as they do in the function itself. All that a function
 * needs is compiled once, and what the host's engine learns of one loop of it is there for the next one.
 */

import { I32 } from '../../decoder';
import type { BlockOp } from '../../decoder/instructions';
import { typesOf } from '../../decoder/typelist';
import { Body } from './body';
import { EMPTY_BLOCK, type Emitter } from './emitter';
import { type Entries, FUNCTION, type SharedOperands, sharedOperands, type Target } from './entries';
import { takeValue } from './frame';
import type { Layout } from './layout';

/** A target, and the label of the way that leads there. */
interface Arrival {
  readonly target: Target;
  readonly label: number;
}

export class Continuation extends Body {
  private readonly entries: Entries;
  /** By target: the next one of its sequence. */
  private readonly behind = new Map<Target, Arrival>();
  /** A local: the number of the loop to begin at, or -1. */
  private readonly entry: number;

  constructor(layout: Layout, funcidx: number, id: number, entries: Entries) {
    super(layout, funcidx, id);
    this.entries = entries;
    this.entry = this.addLocal(I32);
  }

  /** Takes what the runtime has. That cannot throw, and in the body's `try` each value would be another way to what that catches. */
  protected override enter(code: Emitter): void {
    const { layout, locals } = this;
    const params = this.type.params.length;
    for (const { type, count, localidx } of locals) {
      for (let k = Math.max(localidx, params); k < localidx + count; k++) {
        takeValue(code, layout, type);
        code.indexed('local.set', this.localOf(k));
      }
    }
    code.indexed('call', layout.helper('entry'));
    code.indexed('local.set', this.entry);
    for (const operands of sharedOperands(this.entries.list)) this.takeOperands(operands, code);
    this.beginLeaving(code);
    this.takePlace(code);
    this.noteStack(code);
  }
  private takeOperands({ first, last, height, types }: SharedOperands, code: Emitter): void {
    code.indexed('local.get', this.entry);
    code.i32Const(first);
    code.op('i32.sub');
    code.i32Const(last - first);
    code.op('i32.le_u');
    code.op('if');
    code.u8(EMPTY_BLOCK);
    types.forEach((type, k) => {
      takeValue(code, this.layout, type);
      code.indexed('local.set', this.shadowOf(height + k, type).localidx);
    });
    code.op('end');
  }

  protected override begin(): void {
    this.beginSequence(FUNCTION);
  }

  override openBlock(kind: BlockOp): void {
    const { offset } = this.walk;
    const target = this.entries.targets.get(offset);
    if (target !== undefined) this.arrive(target);
    super.openBlock(kind);
    this.beginSequence(offset);
  }
  override otherwise(): void {
    super.otherwise();
    this.beginSequence(this.walk.offset);
  }

  /** The way past what stands before a target ends there, and the way past the target begins. */
  private arrive(target: Target): void {
    const { out, entry, walk, behind } = this;
    const { top, entry: number, last, height } = target;
    // On that way operands are where the runtime's have been put.
    this.shadowBelow(top);
    this.endTry(typesOf(walk.stack).slice(height), height);
    this.close();
    const next = behind.get(target);
    if (next !== undefined) this.goPast(last + 1, next);
    if (number < 0) return;
    if (last > number) {
      this.compareEntry('i32.eq', number);
      this.open('if', [], []);
    }
    out.i32Const(-1);
    out.indexed('local.set', entry);
    if (last > number) this.close();
  }

  /** Opens the ways to the targets of a sequence. */
  private beginSequence(offset: number): void {
    const { entries, behind } = this;
    const targets = entries.sequences.get(offset);
    if (targets === undefined) return;
    let next: Arrival | undefined;
    for (let k = targets.length - 1; k >= 0; k--) {
      const target = targets[k];
      const { operands, lastThen } = target;
      if (next !== undefined) behind.set(target, next);
      next = {
        target,
        label: this.open('block', [], lastThen === undefined ? operands : [...operands, I32]),
      };
    }
    this.goPast(0, next!);
  }

  /** The way past what stands before a target, where the entry is this one or a later one. */
  private goPast(first: number, { target, label }: Arrival): void {
    this.compareEntry('i32.ge_s', first);
    this.open('if', [], []);
    this.fromShadows(target.operands, target.height);
    if (target.lastThen !== undefined) this.compareEntry('i32.le_s', target.lastThen);
    this.branchTo('br', label);
    this.close();
  }

  private compareEntry(how: 'i32.eq' | 'i32.ge_s' | 'i32.le_s', number: number): void {
    const { out, entry } = this;
    out.indexed('local.get', entry);
    out.i32Const(number);
    out.op(how);
  }

  /** What it forgets at its header it would need for the loops in it. */
  protected override dispatches(loop: number): boolean {
    const target = this.entries.targets.get(loop);
    return super.dispatches(loop) && (target === undefined || target.last === target.entry);
  }
}
