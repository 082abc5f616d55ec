/**
 * A continuation: the rest of a function from a loop's header on, as a function of the same type (on-stack replacement). It takes the locals
 * that are not parameters and the operands from the runtime, opens the blocks that lie around the loop, and is from there on the
 * instrumented body. Of the loops around it only the first turn's rest is there: a branch back to one of them leaves at that safepoint, and
 * whoever goes on comes up again in that loop's own continuation, which has all of it.
 */

import type { FuncType } from '../../decoder';
import { I32, OP } from '../../decoder';
import { typesOf } from '../../decoder/typelist';
import type { Block, Callee, Walk } from '../../decoder/walk';
import { Body } from './body';
import type { Emitter } from './emitter';
import { takeValue } from './frame';
import type { InstrumentedBody } from './function-writer';
import type { Layout } from './layout';

export class Continuation extends Body {
  private readonly from: number;
  private state: 'before' | 'within' = 'before';
  /** Blocks that are open in the part of an `if` that is passed over. */
  private passing = 0;
  /** Some branch goes back to a loop that takes values. */
  private isImpossible = false;

  /** `from`: module offset of the loop. */
  constructor(layout: Layout, funcidx: number, id: number, from: number) {
    super(layout, funcidx, id);
    this.from = from;
  }

  /** Undefined where there is none. */
  continue(): InstrumentedBody | undefined {
    const body = this.instrument();
    return this.isImpossible || this.state === 'before' ? undefined : body;
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
  }
  protected override enter(code: Emitter): void {
    this.openBody('try', code);
    this.takePlace(code);
  }

  override instruction(walk: Walk): void {
    if (this.isSilent) this.noteMade(walk);
    if (this.state === 'before') {
      if (walk.offset !== this.from || !walk.reachable) return;
      this.arrive();
      this.state = 'within';
    }
    if (this.passing > 0) this.passOver(walk);
    else super.instruction(walk);
  }

  protected override get isWriting(): boolean {
    return !this.isSilent;
  }

  /** Takes the operands, and opens what is open around the loop. */
  private arrive(): void {
    const { out, layout, walk } = this;
    const types = typesOf(walk.stack);
    types.forEach((type, height) => {
      takeValue(out, layout, type);
      out.indexed('local.set', this.shadowOf(height, type).localidx);
    });
    walk.operands.shadow(0, types.length);
    let pushed = 0;
    for (const { kind, height, results } of walk.blocks.slice(1)) {
      this.fromShadows(types.slice(pushed, height), pushed);
      pushed = height;
      const label = this.open('block', [], results);
      this.labels.push({ label, was: kind === 'loop' ? 'loop' : kind === 'if' ? 'then' : undefined });
    }
    this.fromShadows(types.slice(pushed), pushed);
  }

  private passOver({ row }: Walk): void {
    if (row.imm === 'block') this.passing++;
    else if (row.op === OP.end && --this.passing === 0) this.endBlock();
  }

  override otherwise(): void {
    if (this.labels[this.labels.length - 1].was === 'then') {
      this.endTry();
      this.passing = 1;
    } else super.otherwise();
  }

  private get isSilent(): boolean {
    return this.state === 'before' || this.passing > 0;
  }
  override branch(walk: Walk, target: Block, labelidx: number): void {
    if (!this.isSilent) super.branch(walk, target, labelidx);
  }
  override call(walk: Walk, callee: Callee, type: FuncType): void {
    if (!this.isSilent) super.call(walk, callee, type);
  }
  override tailCall(walk: Walk, callee: Callee): void {
    if (!this.isSilent) super.tailCall(walk, callee);
  }

  override br(label: number): void {
    if (this.target(label).was === 'loop') this.leaveTo(label);
    else super.br(label);
  }

  override brIf(label: number): void {
    if (this.target(label).was !== 'loop') {
      super.brIf(label);
      return;
    }
    const stays = this.open('if', [], []);
    this.leaveTo(label);
    this.closeTo(stays);
  }

  override brTable(labels: readonly number[]): void {
    const left = [...new Set(labels.filter((label) => this.target(label).was === 'loop'))];
    if (left.length === 0) {
      super.brTable(labels);
      return;
    }
    const index = this.shadowOf(-1, I32).localidx;
    this.out.indexed('local.set', index);
    const exits = left.map(() => this.open('block', [], []));
    this.noteSite(labels);
    this.out.indexed('local.get', index);
    this.emitTable(
      labels.map((label) =>
        left.includes(label) ? this.depth - exits[left.indexOf(label)] : this.labelOf(label),
      ),
    );
    for (let k = left.length - 1; k >= 0; k--) {
      this.closeTo(exits[k]);
      this.leaveTo(left[k]);
    }
  }

  private closeTo(label: number): void {
    if (this.depth === label) this.close();
  }

  /** Leaves at a branch back to a loop around, whose unit is taken. */
  private leaveTo(label: number): void {
    const { out, walk } = this;
    const block = walk.blocks[walk.blocks.length - 1 - label];
    if (block.params.length > 0) this.isImpossible = true;
    const pointidx = this.addPoint({
      kind: 'loop',
      offset: walk.offset - walk.start,
      targetLoop: block.offset - walk.start,
      operands: block.below,
    });
    this.notePoint(pointidx);
    this.subtract(out, this.fuel, 1);
    out.indexed('local.tee', this.fuel);
    out.i32Const(0);
    out.op('i32.lt_s');
    this.open('if', [], []);
    this.askForFuel(pointidx);
    this.close();
    out.indexed('local.get', this.fuel);
    this.help('leave');
    out.op('unreachable');
  }
}
