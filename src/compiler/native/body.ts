/**
 * Instruments one function: a visitor of the typed walk that writes the body again, with what it takes to meter, stop and unwind it.
 *
 *     try (results)                    `return` goes behind it, so there is one way out
 *       fuel -= 1; base = place + step; unless fuel and room suffice, ask the runtime
 *       the body; before each call that is not of a quiet function: point = (which call), and behind it: fuel = (what came back)
 *     catch_all                        native frames leave
 *       frame(function, point, base), all values are pushed
 *       rethrow
 *     end
 *     return with the fuel that is left
 *
 * Fuel and place go from caller to callee as parameters behind its own, and the fuel comes back behind its results (state.ts), so that the
 * host's compiler has both in registers. Hence locals that are no parameters have other indices here (`localOf`). Frames leave by an
 * exception of the host's, which costs nothing where none is thrown.
 *
 * What the operand stack holds below a block or a call is kept in locals (`Shadow`), since code cannot look below. Code that no control flow
 * reaches is left out. A quiet function has neither entry nor points.
 */
import { F32, F64, type FuncType, I32, OP, V128, type ValType } from '../../decoder';
import { skipImmediates } from '../../decoder/immediates';
import { Reader } from '../../decoder/reader';
import { type StraightRun, typesOfGlobals, walkStraight } from '../../decoder/straight';
import { type TypeList, typesOf, withoutTop } from '../../decoder/typelist';
import type { Block, Callee, Visitor, Walk } from '../../decoder/walk';
import { split } from './blocks';
import type { Emitter } from './emitter';
import { pushLocals, takeValue } from './frame';
import { type InstrumentedBody, slotsIn } from './function-writer';
import { HandlerWriter } from './handlers';
import type { Layout } from './layout';
import { emitCanonical, isForgotten, type Lanes, MadeFloats } from './nans';
import { Origins } from './origins';
import { NotNative } from './refusals';
import {
  type Rewrite,
  type Rewrites,
  type RewrittenBody,
  rewritersOf,
  type StraightCopies,
  straightCopiesOf,
} from './rewriters';
import { STATE_PARAMS } from './state';

export class Body extends HandlerWriter implements RewrittenBody, Visitor {
  readonly reader: Reader;
  protected readonly rewriters: Rewrites;
  protected readonly straightCopies: StraightCopies;
  protected readonly isQuiet: boolean;
  /** Where NaNs must have the same bits in every tier. */
  private readonly made: MadeFloats | undefined;
  /** Whether the result of the instruction at hand is a float that arithmetic makes. */
  private isMaking = false;
  /** Blocks that code has opened which is not reached. */
  private unreached = 0;
  /** Operands that the stack has held at most. */
  private highest = 0;
  /** Whether some may take two slots. */
  private isWide: boolean;
  /** The straight code that has been copied last. */
  private readonly run: StraightRun;
  /** Module offset of the first of the instructions that are copied as they are, or -1. */
  private verbatim = -1;

  constructor(layout: Layout, funcidx: number, id = funcidx) {
    super(layout, funcidx, id);
    this.isQuiet = layout.isQuiet(funcidx);
    this.rewriters = rewritersOf(layout);
    this.straightCopies = straightCopiesOf(layout);
    this.made = layout.variant.isExact ? new MadeFloats() : undefined;
    this.reader = new Reader(layout.module.bytes);
    const { givers, written } = this.operands;
    this.run = {
      passed: this.straightCopies.withLocals,
      locals: this.typesOfLocals,
      globals: typesOfGlobals(layout.module),
      to: this.out.bytes,
      length: 0,
      first: this.type.params.length,
      more: STATE_PARAMS.length,
      isSingle: false,
      lowest: 0,
      highest: 0,
      givers,
      written,
    };
    this.isWide = layout.hasVectors || this.locals.some(({ type }) => type === V128);
  }

  instrument(): InstrumentedBody {
    this.labels.push({ label: ++this.depth });
    this.begin();
    do this.copyStraight();
    while (this.walk.step());
    if (!this.isQuiet) this.endLeaving();
    this.close();
    this.takeStack(this.out, 1);
    this.out.indexed('local.get', this.fuel);
    if (!this.isQuiet) this.endInPlace();
    this.out.op('end');
    return this.body();
  }

  /** The module offset of the instruction that stands at an offset of the code entry. */
  originOf(offset: number): number {
    const origins = new Origins();
    this.origins = origins;
    this.run.isSingle = true;
    const { code } = this.instrument();
    return origins.find(offset - (code.length - this.out.length)) ?? this.walk.start;
  }

  /** At the entry. */
  protected begin(): void {
    this.offsetOfEntry = this.walk.offset - this.walk.start;
  }
  protected override enter(code: Emitter): void {
    if (this.isQuiet) {
      this.openBody('block', code);
      this.payForFrame(code);
      return;
    }
    this.beginLeaving(code);
    if (this.layout.isFree(this.funcidx)) this.passFreeEntry(code);
    else this.passEntry(code);
    this.noteStack(code);
  }

  /** Straight code is copied, a run at a time. */
  private copyStraight(): void {
    const { walk, operands, run, out, origins } = this;
    // Where NaNs or slots are counted, each instruction is looked at.
    // So it is where an inner `try` is to begin.
    if (this.made !== undefined || this.isWide || this.tries.isDue) return;
    const { reader } = walk;
    this.flush(reader.pos);
    out.reserve(2 * (reader.end - reader.pos));
    run.to = out.bytes;
    do {
      const { pos } = reader;
      origins?.note(out.length, pos, true);
      run.length = out.length;
      walkStraight(walk, run);
      if (reader.pos === pos) return;
      out.length = run.length;
      operands.give(run.lowest, walk.height);
      if (run.highest > this.highest) {
        this.highest = run.highest;
        this.reserveSlots(this.localSlots + run.highest);
      }
    } while (run.isSingle);
  }

  // What the walk tells.

  instruction(walk: Walk): void {
    this.noteMade(walk);
    if (this.afterEnd) {
      this.afterEnd = false;
      // The engine's validation goes on behind every `end`, with the results that nobody has left there.
      if (!walk.reachable) this.out.op('unreachable');
    }
    const { row, height } = walk;
    if (!walk.reachable) {
      this.flush();
      this.pass(walk);
      return;
    }
    this.isWide ||= row.feature === 'simd';
    if (height > this.highest || (this.isWide && height > 0)) this.reserve(walk.stack!);
    if (this.tries.isDue) this.beginTry();
    const rewrite = this.rewriters[row.op];
    if (rewrite === undefined) {
      if (this.verbatim < 0) this.verbatim = walk.offset;
      return;
    }
    this.flush();
    this.origins?.note(this.out.length, walk.offset, false);
    this.reader.pos = walk.immediates;
    rewrite(this);
  }

  protected noteMade(walk: Walk): void {
    this.isMaking = this.made?.see(walk) ?? false;
  }

  /** Code that is not reached is left out, but for the ends of blocks that are. */
  private pass({ row, immediates }: Walk): void {
    const { reader } = this;
    const ends = row.op === OP.end || row.op === OP.delegate;
    if (row.imm === 'block' || row.imm === 'tryTable') this.unreached++;
    else if (ends && this.unreached > 0) this.unreached--;
    else if (this.unreached === 0) {
      reader.pos = immediates;
      if (row.op === OP.end) this.endBlock();
      else if (row.op === OP.else) this.otherwise();
      else if (row.op === OP.catch) this.handle(reader.u32());
      else if (row.op === OP.catch_all) this.handle(-1);
      else if (row.op === OP.delegate) this.delegate(reader.u32());
    }
  }

  branch(walk: Walk, _: Block, labelidx: number): void {
    // No clause of a `try_table` goes back to a loop.
    if (walk.row.op === OP.try_table) return;
    const { counted } = this.target(labelidx);
    if (counted === undefined || counted.isBusy) return;
    this.points[counted.pointidx].offset = walk.offset - walk.start;
  }

  call(walk: Walk, callee: Callee, { params, results }: FuncType): void {
    const { out } = this;
    if (callee.kind === 'func' && this.layout.isQuiet(callee.funcidx) && !this.leads(callee.funcidx)) {
      this.emitCall('call', callee, 'quiet');
      out.indexed('local.set', this.fuel);
      return;
    }
    const { stack } = walk;
    const above = callee.kind === 'func' ? params : [...params, I32];
    const inLocals = this.shadow(stack, above);
    const offset = walk.offset - walk.start;
    const pointidx = this.addPoint({ kind: 'call', offset, targetLoop: -1, operands: stack, inLocals });
    this.mayLeave(pointidx, above, [...results, I32], () => {
      this.emitCall('call', callee, slotsOfList(stack));
    });
    out.indexed('local.set', this.fuel);
  }

  /** Whether a call leads out of the module. A quiet function has no way to unwind then. */
  private leads(funcidx: number): boolean {
    const isOutside = this.layout.outside.has(funcidx);
    if (isOutside && this.isQuiet)
      throw new NotNative('it is quiet and calls a function that cannot run natively');
    return isOutside;
  }

  tailCall(_walk: Walk, callee: Callee): void {
    if (callee.kind === 'func') this.leads(callee.funcidx);
    this.takeStack(this.out, 1);
    this.emitCall('return_call', callee, this.isQuiet ? 'quiet' : 'tail');
  }

  // What rewriters are made of.

  /** An instruction that the machine does on canonical slots. */
  helpWith(index: number, operands: readonly ValType[]): void {
    const { out, layout, walk } = this;
    const [below] = split(typesOf(walk.stack), operands.length);
    this.toShadows(operands, below.length);
    pushLocals(
      out,
      layout,
      operands.map((type, k) => this.shadowOf(below.length + k, type)),
    );
    out.i32Const(index);
    out.indexed('local.get', this.fuel);
    this.help('effect');
    out.indexed('local.set', this.fuel);
  }

  workInBulk(index: number, operands: readonly ValType[]): void {
    const { out, layout, walk } = this;
    const { stack } = walk;
    const inLocals = this.readBelow(operands);
    const height = walk.height - operands.length;
    this.toShadows(operands, height);
    const offset = walk.offset - walk.start;
    const pointidx = this.addPoint({ kind: 'bulk', offset, targetLoop: -1, operands: stack, inLocals });
    this.forgetDead(walk.offset, inLocals);
    this.mayLeave(pointidx, [], [I32], () => {
      operands.forEach((type, k) => {
        const operand = this.shadowOf(height + k, type);
        if (type === I32) out.indexed('local.get', operand.localidx);
        else {
          pushLocals(out, layout, [operand]);
          out.i32Const(0);
        }
      });
      out.i32Const(index);
      out.indexed('local.get', this.fuel);
      out.indexed('local.get', this.base);
      this.help('bulk');
    });
    out.indexed('local.set', this.fuel);
  }
  /** Sees that what lies below these operands can be read. */
  private readBelow(operands: readonly ValType[]): readonly number[] | undefined {
    return this.shadow(withoutTop(this.walk.stack, operands.length), operands);
  }

  noteOperand(type: ValType): void {
    const { out } = this;
    out.indexed('local.get', this.keepTop(type));
    if (type === F32) out.op('f64.promote_f32');
    this.setCell('operand');
  }

  inPlaceOrHelped(most: number, bytesPerUnit: number, rewrite: Rewrite): void {
    const { out, layout, walk, fuel } = this;
    const known = this.operands.constantAt(walk.height - 1);
    if (known !== undefined && known >= 0 && known < bytesPerUnit) {
      out.copy(layout.module.bytes, walk.offset, this.endOfInstruction());
      return;
    }
    // Inside a block it is too late.
    this.readBelow([I32, I32, I32]);
    const count = this.keepTop(I32);
    const fuelBehind = () => {
      out.indexed('local.get', fuel);
      out.indexed('local.get', count);
      out.i32Const(Math.log2(bytesPerUnit));
      out.op('i32.shr_u');
      out.op('i32.sub');
    };
    out.i32Const(most);
    out.op('i32.le_u');
    fuelBehind();
    out.i32Const(0);
    out.op('i32.ge_s');
    out.op('i32.and');
    this.open('if', [I32, I32], []);
    out.indexed('local.get', count);
    out.copy(layout.module.bytes, walk.offset, this.endOfInstruction());
    fuelBehind();
    out.indexed('local.set', fuel);
    out.op('else');
    out.indexed('local.get', count);
    rewrite(this);
    this.close();
  }
  private endOfInstruction(): number {
    const { reader, walk, layout } = this;
    const { pos } = reader;
    skipImmediates(reader, walk.row, layout.module);
    const end = reader.pos;
    reader.pos = pos;
    return end;
  }

  writesLocal(localidx: number): void {
    this.operands.written[localidx] = this.walk.offset;
  }

  withCanonicalNan(lanes: Lanes): void {
    const { out, layout, walk } = this;
    const { module } = layout;
    const end = this.endOfInstruction();
    out.copy(module.bytes, walk.offset, end);
    // A vector's bits are all that it is; a float may be moved, with whatever bits it has.
    const isVector = lanes === 'f32x4' || lanes === 'f64x2';
    if ((!isVector && !this.isMaking) || isForgotten(module, end, lanes)) return;
    const type = isVector ? V128 : lanes === 'f32' ? F32 : F64;
    emitCanonical(out, lanes, this.shadowOf(KEPT, type).localidx);
  }

  keepTop(type: ValType): number {
    const { localidx } = this.shadowOf(KEPT, type);
    this.out.indexed('local.tee', localidx);
    return localidx;
  }

  takeResult(type: ValType): void {
    takeValue(this.out, this.layout, type);
  }

  protected override flush(end = this.walk.offset): void {
    if (this.verbatim < 0) return;
    this.origins?.note(this.out.length, this.verbatim, true);
    this.out.copy(this.layout.module.bytes, this.verbatim, end);
    this.verbatim = -1;
  }

  private reserve(stack: TypeList): void {
    this.highest = Math.max(this.highest, stack.length);
    this.reserveSlots(this.localSlots + slotsIn(typesOf(stack)));
  }
}

/** A height that no operand has: a local for a moment. */
const KEPT = -1;

function slotsOfList(list: TypeList | undefined): number {
  return list === undefined ? 0 : slotsIn(typesOf(list));
}
