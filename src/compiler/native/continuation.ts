/**
 * A continuation: a function as one of the same type that begins at any of its loops (on-stack replacement). It takes the locals that are not
 * parameters, the number of the loop and the operands from the runtime. What leads to that loop is the body itself, in which a sequence with
 * targets (entries.ts) begins so:
 *
 *     block $second  block $first
 *       (if entry >= 0: the operands of the target with that entry; br $first or $second)
 *       what stands before the first target
 *     end                                     the operands are there on both ways
 *     the first target
 *       what stands behind it
 *     end
 *     the second target
 *
 * The entry is -1 from the loop on. Loops with no loop in them, where programs stay, look as they do in the function itself. All that a function
 * needs is compiled once, and what the host's engine learns of one loop of it is there for the next one.
 */

import { I32, type ValType } from '../../decoder';
import type { BlockOp } from '../../decoder/instructions';
import { typesOf } from '../../decoder/typelist';
import { Body } from './body';
import type { Emitter } from './emitter';
import { type Entries, FUNCTION, type Target } from './entries';
import { takeValue } from './frame';
import type { Layout } from './layout';

export class Continuation extends Body {
  private readonly entries: Entries;
  /** A local: the number of the loop to begin at, or -1. */
  private readonly entry: number;

  constructor(layout: Layout, funcidx: number, id: number, entries: Entries) {
    super(layout, funcidx, id);
    this.entries = entries;
    this.entry = this.addLocal(I32);
  }

  protected override enter(code: Emitter): void {
    this.beginLeaving(code);
    this.takePlace(code);
  }

  protected override begin(): void {
    const { out, layout, locals } = this;
    const params = this.type.params.length;
    for (const { type, count, localidx } of locals) {
      for (let k = Math.max(localidx, params); k < localidx + count; k++) {
        takeValue(out, layout, type);
        out.indexed('local.set', this.localOf(k));
      }
    }
    this.help('entry');
    out.indexed('local.set', this.entry);
    this.entries.list.forEach(({ operands }, number) => {
      if (operands.length > 0) this.takeOperands(number, operands);
    });
    this.beginSequence(FUNCTION);
  }
  private takeOperands(number: number, operands: readonly ValType[]): void {
    const { out, layout } = this;
    this.compareEntry('i32.eq', number);
    this.open('if', [], []);
    operands.forEach((type, height) => {
      takeValue(out, layout, type);
      out.indexed('local.set', this.shadowOf(height, type).localidx);
    });
    this.close();
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

  /** The way past what stands before a target ends there. */
  private arrive({ top, entry: number, last, height }: Target): void {
    const { out, entry, walk } = this;
    // On that way operands are where the runtime's have been put.
    this.shadowBelow(top);
    this.endTry(typesOf(walk.stack).slice(height), height);
    this.close();
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
    const targets = this.entries.sequences.get(offset);
    if (targets === undefined) return;
    const labels: number[] = [];
    for (let k = targets.length - 1; k >= 0; k--) {
      const { operands, lastThen } = targets[k];
      labels[k] = this.open('block', [], lastThen === undefined ? operands : [...operands, I32]);
    }
    this.compareEntry('i32.ge_s', 0);
    this.open('if', [], []);
    targets.forEach((target, k) => {
      const isLast = k === targets.length - 1;
      if (!isLast) {
        this.compareEntry('i32.le_s', target.last);
        this.open('if', [], []);
      }
      this.fromShadows(target.operands, target.height);
      if (target.lastThen !== undefined) this.compareEntry('i32.le_s', target.lastThen);
      this.branchTo('br', labels[k]);
      if (!isLast) this.close();
    });
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
