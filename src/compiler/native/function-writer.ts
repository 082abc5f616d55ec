/** What the bodies of an emitted module are written with: locals, labels, cells, shadows, the entry, calls, and how a frame is spilled. */
import { type FuncType, I32, I64, OP, slotsOf, type ValType } from '../../decoder';
import { codeReader, type LocalGroup, readLocalDeclarations, readLocals } from '../../decoder/body';
import type { Callee } from '../../decoder/walk';
import { EMPTY_BLOCK, Emitter, emittedType } from './emitter';
import { factsOf, type Loops } from './facts';
import { type FrameShape, type Point, pushLocal, type Shadow } from './frame';
import type { Cell, Helper, Layout } from './layout';
import { NotNative, whyNotCall } from './refusals';
import { STATE_PARAMS, UNWINDING } from './state';

export interface InstrumentedBody {
  /** The code entry, without its size. */
  readonly code: Emitter;
  readonly shape: FrameShape;
}

/** Bytes of constants that are filled in at the end, as LEB128: what an entry costs, and how long the frame is. */
const UNITS_BYTES = 3;
const SLOTS_BYTES = 5;
/** Slots that an entry zeroes for a unit beside its own (src/interpreter/fuel.ts). */
const SLOTS_PER_UNIT = 512;
/** Both sign bits of a place. */
const NO_ROOM = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x88, 0x80, 0x80, 0x80, 0x80, 0x7f);

const WRITTEN = new Emitter(2 ** 14);
const DECLARED = new Emitter();
/** Bodies are written one after the other, in the same place. */
function scratch(): Emitter {
  WRITTEN.length = 0;
  return WRITTEN;
}

export class FunctionWriter {
  readonly out = scratch();
  readonly layout: Layout;
  protected readonly type: FuncType;
  protected readonly loops: Loops;
  protected readonly locals: readonly LocalGroup[];
  protected readonly localSlots: number;
  /** Labels that are open in the emitted function. */
  protected depth = 0;
  protected readonly shadows: Shadow[] = [];
  protected readonly points: Point[] = [];
  /** Locals: the fuel and the frame's place, which are parameters, and the branch that came to a busy loop. */
  protected readonly fuel: number;
  protected readonly place: number;
  protected site = -1;
  /** The label behind which the frame is spilled. */
  protected spill = 0;
  protected readonly funcidx: number;
  /** By what the runtime knows the body: the function's index, or another number for a part of it. */
  protected readonly id: number;
  /** Types of the locals behind the original's. */
  private readonly added: ValType[] = [];
  private readonly localCount: number;
  private readonly shadowAt = new Map<number, Shadow>();
  /** A local for the index of an indirect call. */
  private element = -1;
  /** Slots of the frame, as they are found, and where `enter` needs them. */
  private slots: number;
  private slotsAt = -1;
  private unitsAt = -1;
  /** A local for the end of the frame, as a place. */
  private frameEnd = -1;

  constructor(layout: Layout, funcidx: number, id: number) {
    const { module } = layout;
    this.layout = layout;
    this.funcidx = funcidx;
    this.id = id;
    this.type = module.funcType(funcidx);
    this.fuel = this.type.params.length;
    this.place = this.fuel + 1;
    this.loops = factsOf(module, funcidx).loops;
    this.locals = readLocals(this.type, codeReader(module, funcidx), module);
    this.localCount = countOf(this.locals);
    this.localSlots = this.locals.reduce((slots, { type, count }) => slots + count * slotsOf(type), 0);
    this.slots = this.localSlots + slotsIn(this.type.results);
  }

  /** What has been written. */
  protected body(): InstrumentedBody {
    const { locals, shadows, points, site } = this;
    return { code: this.withLocals(), shape: { locals, hasSite: site >= 0, shadows, points } };
  }

  // The parts of a body.

  /** Where the frame unwinds to: everything else stands in this block. */
  protected openSpill(): void {
    this.frameEnd = this.addLocal(I64);
    this.spill = this.open('block', [], [I32]);
  }

  /** Behind the body: the way out, and the spilling of the frame. */
  protected closeSpill(): void {
    const { out } = this;
    out.indexed('local.get', this.fuel);
    out.op('return');
    this.close();
    this.spillFrame();
    for (const type of this.type.results) out.defaultOf(type);
    out.i32Const(UNWINDING);
  }

  /** A quiet function's entry costs nothing but what its frame costs. */
  protected payForFrame(): void {
    const { out, fuel } = this;
    out.indexed('local.get', fuel);
    this.unitsConst();
    out.op('i32.sub');
    out.indexed('local.set', fuel);
  }
  private unitsConst(): void {
    const { out } = this;
    out.u8(OP['i32.const']);
    this.unitsAt = out.length;
    for (let k = 0; k < UNITS_BYTES; k++) out.u8(0);
  }

  /** The size of the frame is known at the end. */
  protected fillIn(): void {
    const units = Math.floor(this.slots / SLOTS_PER_UNIT);
    const own = this.slotsAt >= 0 ? 1 : 0;
    if (this.unitsAt >= 0) this.out.fillIn(this.unitsAt, UNITS_BYTES, own + units);
    if (this.slotsAt >= 0) this.out.fillIn(this.slotsAt, SLOTS_BYTES, 2 * this.slots);
  }

  /** Takes the unit of the entry and looks whether there is room for the frame. */
  protected enter(pointidx: number): void {
    const { out, fuel, place } = this;
    const passed = this.open('block', [], []);
    out.indexed('local.get', fuel);
    this.unitsConst();
    out.op('i32.sub');
    out.indexed('local.tee', fuel);
    out.op('i64.extend_i32_s');
    out.indexed('local.get', place);
    out.u8(OP['i64.const']);
    this.slotsAt = out.length;
    for (let k = 0; k < SLOTS_BYTES; k++) out.u8(0);
    out.op('i64.add');
    out.indexed('local.tee', this.frameEnd);
    out.op('i64.or');
    out.u8(OP['i64.const']);
    out.copy(NO_ROOM, 0, NO_ROOM.length);
    out.op('i64.and');
    out.op('i64.eqz');
    this.branchTo('br_if', passed);
    out.i32Const(pointidx);
    this.askForFuel('enter', this.frameEnd);
    out.op('drop');
    this.close();
  }

  /** Asks the runtime for fuel, with the point on the operand stack; there is none, it unwinds. */
  protected askForFuel(helper: 'enter' | 'loop', place = this.place): void {
    const { out } = this;
    out.i32Const(this.id);
    out.indexed('local.get', this.fuel);
    out.indexed('local.get', place);
    this.help(helper);
    out.indexed('local.tee', this.fuel);
    out.i32Const(0);
    out.op('i32.lt_s');
    this.branchTo('br_if', this.spill);
  }

  /** The point is on the operand stack. */
  protected spillFrame(): void {
    const { out, layout } = this;
    const point = this.fuel;
    out.indexed('local.set', point);
    out.i32Const(this.id);
    out.indexed('local.get', point);
    out.indexed('local.get', this.place);
    this.help('frame');
    for (const { type, count, localidx } of this.locals) {
      for (let k = 0; k < count; k++) pushLocal(out, layout, this.localOf(localidx + k), type);
    }
    if (this.site >= 0) pushLocal(out, layout, this.site, I32);
    for (const { localidx, type } of this.shadows) pushLocal(out, layout, localidx, type);
  }

  protected withLocals(): Emitter {
    const declared: { type: ValType; count: number }[] = [
      ...readLocalDeclarations(codeReader(this.layout.module, this.funcidx), this.layout.module),
    ];
    for (const type of this.added) {
      const last = declared[declared.length - 1];
      if (last?.type === type) declared[declared.length - 1] = { type, count: last.count + 1 };
      else declared.push({ type, count: 1 });
    }
    DECLARED.length = 0;
    DECLARED.u32(declared.length);
    for (const { type, count } of declared) {
      DECLARED.u32(count);
      DECLARED.u8(emittedType(type));
    }
    const code = new Emitter(DECLARED.length + this.out.length);
    code.append(DECLARED);
    code.append(this.out);
    return code;
  }

  /** Fuel and place for a callee: above so many slots of this frame, at its arguments, or in this frame's own place. */
  private pushState(slots: number | undefined): void {
    const { out } = this;
    out.indexed('local.get', this.fuel);
    out.indexed('local.get', this.place);
    if (slots === undefined) return;
    out.i64Const(1, 2 * slots);
    out.op('i64.add');
  }

  /** `call` or `return_call`, or the indirect ones; `slots` of this frame lie below the callee's, if it has one of its own. */
  protected emitCall(kind: 'call' | 'return_call', callee: Callee, slots: number | undefined): void {
    const { out, layout } = this;
    if (callee.kind === 'func') {
      this.pushState(slots);
      layout.emitCall(out, kind, callee.funcidx);
      return;
    }
    const why = whyNotCall(layout.module, callee);
    if (why !== undefined || callee.kind === 'ref') throw new NotNative(why);
    if (this.element < 0) this.element = this.addLocal(I32);
    out.indexed('local.tee', this.element);
    this.setCell('element');
    this.pushState(slots);
    out.indexed('local.get', this.element);
    const typeidx = layout.calledTypeidx(callee.typeidx);
    out.indexed(kind === 'call' ? 'call_indirect' : 'return_call_indirect', typeidx);
    out.u32(layout.mirror(callee.tableidx));
  }

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
    return this.localCount + STATE_PARAMS.length + this.added.push(type) - 1;
  }
  protected addPoint(point: Point): number {
    return this.points.push(point) - 1;
  }

  /** Opens a block that the original has not. */
  protected open(
    kind: 'block' | 'loop' | 'if',
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
    if (params.length > 0 || results.length > 1) this.out.s33(this.layout.typeidx(params, results));
    else this.out.u8(results.length === 0 ? EMPTY_BLOCK : emittedType(results[0]));
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

function countOf(locals: readonly LocalGroup[]): number {
  const last = locals[locals.length - 1];
  return last === undefined ? 0 : last.localidx + last.count;
}

export function slotsIn(types: readonly ValType[]): number {
  let slots = 0;
  for (const type of types) slots += slotsOf(type);
  return slots;
}
