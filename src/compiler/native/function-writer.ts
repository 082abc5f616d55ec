/** What the bodies of an emitted module are written with: locals, labels, cells, shadows, the entry, calls. */
import { type FuncType, I32, slotsOf, type ValType } from '../../decoder';
import { codeReader, type LocalGroup, readLocalDeclarations, typesOfLocals } from '../../decoder/body';
import type { Callee, Walk } from '../../decoder/walk';
import { EMPTY_BLOCK, Emitter, emittedType } from './emitter';
import { factsOf, type Loops } from './facts';
import type { FrameShape, Point, Shadow } from './frame';
import type { Cell, Helper, Layout } from './layout';
import { type Operands, TracedWalk } from './operands';
import { NotNative, whyNotCall } from './refusals';
import { FRAME_WEIGHT, frameStep, STATE_PARAMS, slotStep } from './state';

export interface InstrumentedBody {
  /** The code entry, without its size. */
  readonly code: Emitter;
  readonly shape: FrameShape;
}

/** Slots that an entry zeroes for a unit beside its own (src/interpreter/fuel.ts). */
const SLOTS_PER_UNIT = 512;

const WRITTEN = new Emitter(2 ** 14);
/** Bodies are written one after the other, in the same place. */
function scratch(): Emitter {
  WRITTEN.length = 0;
  return WRITTEN;
}

export abstract class FunctionWriter {
  readonly out = scratch();
  readonly layout: Layout;
  readonly walk: TracedWalk;
  /** Where operands of the walk can be read. */
  protected readonly operands: Operands;
  protected readonly type: FuncType;
  protected readonly loops: Loops;
  protected readonly locals: readonly LocalGroup[];
  protected readonly typesOfLocals: readonly ValType[];
  protected readonly localSlots: number;
  /** Labels that are open in the emitted function. */
  protected depth = 0;
  protected readonly shadows: Shadow[] = [];
  protected readonly points: Point[] = [];
  /** Locals: the fuel, and the frame's place, which its base replaces: parameters; and the branch that came to a busy loop. */
  protected readonly fuel: number;
  protected readonly base: number;
  protected site = -1;
  protected readonly funcidx: number;
  /** By what the runtime knows the body: the function's index, or another number for a part of it. */
  protected readonly id: number;
  /** Types of the locals behind the original's. */
  private readonly added: ValType[] = [];
  private readonly shadowAt = new Map<number, Shadow>();
  /** A local for the index of an indirect call. */
  private element = -1;
  /** Slots of the frame, as they are found. */
  private slots: number;

  constructor(layout: Layout, funcidx: number, id: number) {
    const { module } = layout;
    this.layout = layout;
    this.funcidx = funcidx;
    this.id = id;
    this.type = module.funcType(funcidx);
    this.fuel = this.type.params.length;
    this.base = this.fuel + 1;
    this.loops = factsOf(module, funcidx).loops;
    this.walk = new TracedWalk(module, funcidx, this);
    this.operands = this.walk.operands;
    this.locals = this.walk.locals;
    this.typesOfLocals = typesOfLocals(this.locals);
    this.operands.begin(this.typesOfLocals.length);
    this.localSlots = this.locals.reduce((slots, { type, count }) => slots + count * slotsOf(type), 0);
    this.slots = this.localSlots + slotsIn(this.type.results);
  }

  /** The walk tells of each instruction. */
  abstract instruction(walk: Walk): void;

  /** What has been written. */
  protected body(): InstrumentedBody {
    const { locals, shadows, points, site, localSlots, slots } = this;
    this.layout.frameSizes.set(this.id, { localSlots, slots });
    const code = new Emitter(this.out.length + 64);
    this.head(code);
    code.append(this.out);
    return { code, shape: { locals, hasSite: site >= 0, shadows, points } };
  }

  // The parts of a body.

  /** What stands before the body, which is found when that has been written: the frame's size, and locals behind the original's. */
  private head(code: Emitter): void {
    const declared: { type: ValType; count: number }[] = [
      ...readLocalDeclarations(codeReader(this.layout.module, this.funcidx), this.layout.module),
    ];
    for (const type of this.added) {
      const last = declared[declared.length - 1];
      if (last?.type === type) declared[declared.length - 1] = { type, count: last.count + 1 };
      else declared.push({ type, count: 1 });
    }
    code.u32(declared.length);
    for (const { type, count } of declared) {
      code.u32(count);
      code.u8(emittedType(type));
    }
    this.enter(code);
  }

  /** Writes the entry, and opens the block that is the function's body. */
  protected abstract enter(code: Emitter): void;

  /** All else stands in the block that this opens, whose label is 1. */
  protected openBody(kind: 'block' | 'try', code: Emitter): void {
    code.op(kind);
    this.writeBlockType(code, [], this.type.results);
  }

  /** What a quiet function's frame costs: it has no unit of its own. */
  protected payForFrame(code: Emitter): void {
    const units = this.frameUnits();
    if (units === 0) return;
    const { fuel } = this;
    this.subtract(code, fuel, units);
    code.indexed('local.tee', fuel);
    code.i32Const(0);
    code.op('i32.lt_s');
    code.op('if');
    code.u8(EMPTY_BLOCK);
    code.indexed('local.get', fuel);
    code.indexed('call', this.layout.helper('owe'));
    code.indexed('local.set', fuel);
    code.op('end');
  }
  private frameUnits(): number {
    return Math.floor(this.slots / SLOTS_PER_UNIT);
  }

  /** From the frame's place to its base, of the first frame of an activation. */
  protected takePlace(code: Emitter): void {
    this.takeStack(code, -1);
    this.addStep(code);
    code.indexed('local.set', this.base);
  }
  /** Takes a long function's bytes of the host's stack, or (1) gives them back. Whether there are any. */
  protected takeStack(code: Emitter, sign: 1 | -1): boolean {
    const { layout, funcidx } = this;
    const bytes = layout.bytesBeyond(funcidx);
    if (bytes === 0) return false;
    const stack = layout.globalidx('stack');
    code.indexed('global.get', stack);
    code.i32Const(sign * bytes);
    code.op('i32.add');
    code.indexed('global.set', stack);
    return true;
  }
  private addStep(code: Emitter): void {
    code.indexed('local.get', this.base);
    code.i32Const(frameStep(this.localSlots));
    code.op('i32.add');
  }

  /** The same for a function that has no unit of its own, but can unwind. */
  protected passFreeEntry(code: Emitter): void {
    this.payForFrame(code);
    this.addStep(code);
    code.indexed('local.tee', this.base);
    this.addRest(code);
    this.askIfNegative(code);
  }

  /** Takes the unit of the entry; asks the runtime, unless there is fuel, and room for the frame. */
  protected passEntry(code: Emitter): void {
    const { fuel, base } = this;
    this.subtract(code, fuel, 1 + this.frameUnits());
    code.indexed('local.tee', fuel);
    this.addStep(code);
    code.indexed('local.tee', base);
    this.addRest(code);
    code.op('i32.or');
    this.askIfNegative(code);
  }
  /** To a base: what the frame's end lies behind it. */
  private addRest(code: Emitter): void {
    const { localSlots, slots } = this;
    const more = slots - localSlots - FRAME_WEIGHT;
    if (more > 0) {
      code.i32Const(slotStep(more));
      code.op('i32.add');
    }
  }
  /** Asks the runtime if the operand is negative, or too much of the host's stack is taken. */
  private askIfNegative(code: Emitter): void {
    if (this.takeStack(code, -1)) {
      code.indexed('global.get', this.layout.globalidx('stack'));
      code.op('i32.or');
    }
    code.i32Const(0);
    code.op('i32.lt_s');
    code.op('if');
    code.u8(EMPTY_BLOCK);
    this.askAtEntry(code);
    code.op('end');
  }
  protected abstract askAtEntry(code: Emitter): void;
  protected subtract(code: Emitter, localidx: number, units: number): void {
    code.indexed('local.get', localidx);
    code.i32Const(units);
    code.op('i32.sub');
  }

  /** The fuel to go on with, unless the frame leaves: at this point, of a loop, or at the entry. */
  protected askForFuel(pointidx?: number, code = this.out): void {
    this.noteCall();
    code.i32Const(this.id);
    if (pointidx !== undefined) code.i32Const(pointidx);
    code.indexed('local.get', this.fuel);
    code.indexed('local.get', this.base);
    code.indexed('call', this.layout.helper(pointidx === undefined ? 'enter' : 'loop'));
    code.indexed('local.set', this.fuel);
  }

  /** Fuel and place for a callee: above operands of so many slots; or for one that has no place, or takes this frame's. */
  private pushState(below: number | 'quiet' | 'tail'): void {
    const { out } = this;
    out.indexed('local.get', this.fuel);
    if (below === 'quiet') {
      out.i32Const(0);
      return;
    }
    out.indexed('local.get', this.base);
    const step = below === 'tail' ? -frameStep(this.localSlots) : slotStep(below);
    if (step !== 0) this.addConst(step);
  }

  /** `call` or `return_call`, or the indirect ones; `below`: slots of the operands below the arguments, or another kind of place. */
  protected emitCall(kind: 'call' | 'return_call', callee: Callee, below: number | 'quiet' | 'tail'): void {
    this.noteCall();
    const { out, layout } = this;
    if (callee.kind === 'func') {
      this.pushState(below);
      this.emitCallOf(kind, callee.funcidx);
      return;
    }
    const why = whyNotCall(layout.module, callee);
    if (why !== undefined || callee.kind === 'ref') throw new NotNative(why);
    if (this.element < 0) this.element = this.addLocal(I32);
    out.indexed('local.tee', this.element);
    this.setCell('element');
    this.pushState(below);
    out.indexed('local.get', this.element);
    const typeidx = layout.calledTypeidx(callee.typeidx);
    out.indexed(kind === 'call' ? 'call_indirect' : 'return_call_indirect', typeidx);
    out.u32(layout.mirror(callee.tableidx));
  }

  protected emitCallOf(kind: 'call' | 'return_call', funcidx: number): void {
    this.layout.emitCall(this.out, kind, funcidx);
  }

  /** A call that may throw is about to be written. */
  protected abstract noteCall(): void;

  protected reserveSlots(slots: number): void {
    if (slots > this.slots) this.slots = slots;
  }

  /** Moves the top operands to shadows; the lowest of them lies at this height. */
  protected toShadows(types: readonly ValType[], height: number): void {
    for (let k = types.length - 1; k >= 0; k--) {
      this.out.indexed('local.set', this.shadowOf(height + k, types[k]).localidx);
    }
  }
  protected fromShadows(types: readonly ValType[], height: number): void {
    types.forEach((type, k) => {
      this.out.indexed('local.get', this.shadowOf(height + k, type).localidx);
    });
  }

  protected shadowOf(height: number, type: ValType): Shadow {
    const code = emittedType(type);
    const key = height * 128 + code;
    let shadow = this.shadowAt.get(key);
    if (shadow === undefined) {
      shadow = { height, type, localidx: this.addLocal(type) };
      this.shadows.push(shadow);
      this.shadowAt.set(key, shadow);
    }
    return shadow;
  }

  // Smaller parts.

  /** The local that a local of the original is: the parameters of the state are between the others and it. */
  localOf(original: number): number {
    return original < this.fuel ? original : original + STATE_PARAMS.length;
  }
  protected addLocal(type: ValType): number {
    return this.typesOfLocals.length + STATE_PARAMS.length + this.added.push(type) - 1;
  }
  protected addPoint(point: Point): number {
    return this.points.push(point) - 1;
  }

  /** Opens a block that the original has not. */
  protected open(
    kind: 'block' | 'loop' | 'if' | 'try',
    params: readonly ValType[],
    results: readonly ValType[],
  ): number {
    this.out.op(kind);
    this.blockType(params, results);
    return ++this.depth;
  }
  protected close(): void {
    this.out.op('end');
    this.depth--;
  }
  protected blockType(params: readonly ValType[], results: readonly ValType[]): void {
    this.writeBlockType(this.out, params, results);
  }
  private writeBlockType(code: Emitter, params: readonly ValType[], results: readonly ValType[]): void {
    if (params.length > 0 || results.length > 1) code.s33(this.layout.typeidx(params, results));
    else code.u8(results.length === 0 ? EMPTY_BLOCK : emittedType(results[0]));
  }
  protected branchTo(kind: 'br' | 'br_if', label: number): void {
    this.out.indexed(kind, this.depth - label);
  }

  protected help(helper: Helper): void {
    this.out.indexed('call', this.layout.helper(helper));
  }
  protected setCell(cell: Cell): void {
    this.out.indexed('global.set', this.layout.globalidx(cell));
  }
  protected addConst(value: number): void {
    this.out.i32Const(value);
    this.out.op('i32.add');
  }
}

export function slotsIn(types: readonly ValType[]): number {
  let slots = 0;
  for (const type of types) slots += slotsOf(type);
  return slots;
}
