/**
 * Exceptions in an instrumented body. A guest's exception is one of the host's that carries the runtime's (exceptions.ts), and one handler of the
 * host's stands for all of a block's: the runtime tells which of these takes it.
 *
 *     try (results)  the body
 *     catch $guest   exception = (it)
 *       (if caught(exception, tag): fuel = (what there is), its values, the handler, br behind the block)
 *       ...                                       `catch_all` is the last one, and needs no `if`
 *       rethrow                                   when no handler takes it
 *     end
 *
 * The exception of a legacy handler is an operand below its values, which the program does not see: it lies in that operand's shadow. The
 * clauses of a `try_table` are such handlers, which branch.
 */
import { EXTERNREF, I32, type ValType } from '../../decoder';
import { readCatchClauses } from '../../decoder/catches';
import { BlockWriter, type OpenLabel } from './blocks';
import type { Emitter } from './emitter';
import { pushLocals, takeValue } from './frame';

/** The only tag of an emitted module. */
const GUEST = 0;
/** Handles all exceptions. */
const ALL = -1;

export abstract class HandlerWriter extends BlockWriter {
  /** A local for the exception that the clauses of a `try_table` look at. */
  private exception = -1;
  /** A local for what there is of the host's stack when the function begins: frames that an exception passes give nothing back. */
  private stack = -1;

  handle(tagidx: number): void {
    const { out, walk, labels } = this;
    this.endTryOfBlock();
    this.passBlock();
    const open = labels[labels.length - 1];
    const { height } = walk.blocks[walk.blocks.length - 1];
    const exception = this.shadowOf(height, EXTERNREF).localidx;
    if (open.handler === undefined) {
      out.indexed('catch', GUEST);
      out.indexed('local.set', exception);
    } else this.endHandler(open);
    this.operands.shadow(height, height + 1);
    open.handler = tagidx === ALL ? 'all' : 'tagged';
    this.askWhether(exception, tagidx);
    if (tagidx === ALL) out.op('drop');
    else this.open('if', [], []);
    this.takeFuel();
    this.takeValues(tagidx);
  }

  /** Behind a handler, whose results lie on the operand stack. */
  private endHandler({ handler, label }: OpenLabel): void {
    if (handler !== 'tagged') return;
    if (this.walk.reachable) this.branchTo('br', label);
    this.close();
  }

  protected override endHandlers(open: OpenLabel): void {
    const { out } = this;
    if (open.clauses !== undefined) this.writeClauses(open);
    this.endHandler(open);
    if (open.handler === 'tagged' || open.clauses !== undefined)
      out.indexed('rethrow', this.depth - open.label);
  }

  openTryTable(): void {
    this.openBlock('try_table');
    this.labels[this.labels.length - 1].clauses = readCatchClauses(this.reader);
  }

  /** Their labels count from outside of the block, whose own has been closed. */
  private writeClauses({ clauses }: OpenLabel): void {
    const { out } = this;
    if (this.exception < 0) this.exception = this.addLocal(EXTERNREF);
    out.indexed('catch', GUEST);
    out.indexed('local.set', this.exception);
    for (const { tagidx, takesRef, labelidx } of clauses!) {
      this.askWhether(this.exception, tagidx);
      this.open('if', [], []);
      this.takeFuel();
      this.takeValues(tagidx);
      if (takesRef) out.indexed('local.get', this.exception);
      out.indexed('br', this.labelOf(labelidx));
      this.close();
    }
  }

  private askWhether(exception: number, tagidx: number): void {
    const { out } = this;
    out.indexed('local.get', exception);
    out.i32Const(tagidx);
    out.indexed('local.get', this.base);
    this.help('caught');
  }
  private takeFuel(): void {
    const { out, layout } = this;
    this.help('fuel');
    out.indexed('local.set', this.fuel);
    if (!layout.keepsStack) return;
    if (this.stack < 0) this.stack = this.addLocal(I32);
    out.indexed('local.get', this.stack);
    out.indexed('global.set', layout.globalidx('stack'));
  }
  /** At the end of the entry. */
  protected noteStack(code: Emitter): void {
    if (this.stack < 0) return;
    code.indexed('global.get', this.layout.globalidx('stack'));
    code.indexed('local.set', this.stack);
  }
  private takeValues(tagidx: number): void {
    for (const type of this.valuesOf(tagidx)) takeValue(this.out, this.layout, type);
  }
  private valuesOf(tagidx: number): readonly ValType[] {
    return tagidx === ALL ? [] : this.layout.module.tags[tagidx].type.params;
  }

  /** Ends the innermost block, a `try`: its exceptions go where those of the code inside a label go, which counts from outside of it. */
  delegate(labelidx: number): void {
    const { out } = this;
    this.endTryOfBlock();
    this.labels.pop();
    this.passBlock();
    out.indexed('delegate', this.labelOf(labelidx) - 1);
    this.depth--;
    this.afterEnd = true;
  }

  throwTagged(tagidx: number): void {
    const { out, layout, walk } = this;
    const types = this.valuesOf(tagidx);
    const height = walk.height - types.length;
    this.toShadows(types, height);
    pushLocals(
      out,
      layout,
      types.map((type, k) => this.shadowOf(height + k, type)),
    );
    out.i32Const(tagidx);
    this.raise('throwing');
  }

  rethrow(labelidx?: number): void {
    const { out, walk } = this;
    const { blocks } = walk;
    if (labelidx !== undefined) {
      const { height } = blocks[blocks.length - 1 - labelidx];
      out.indexed('local.get', this.shadowOf(height, EXTERNREF).localidx);
    }
    this.raise('raising');
  }

  private raise(helper: 'throwing' | 'raising'): void {
    const { out, walk } = this;
    out.i32Const(walk.offset);
    out.indexed('local.get', this.fuel);
    out.indexed('local.get', this.base);
    this.help(helper);
    out.indexed('throw', GUEST);
  }
}
