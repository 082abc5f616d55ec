/**
 * Instruments one function: a visitor of the typed walk that writes the body again, with what it takes to meter, stop and unwind it.
 *
 *     block $spill (result i32)          the point at which it unwinds, to the frame's values below
 *       block  fuel and room suffice? else ask the runtime  end
 *       block $fn (results)              `return` goes here, so there is one way out
 *         the body; behind each call that is not of a quiet function: (br_if $spill (point) (global.get $unwinding))
 *       end
 *       the fuel is given back; return
 *     end
 *     frame(function, point, place), all values are pushed; return zeros
 *
 * A loop counts down in a local, and what happens when that is used up lies outside of it, so that the host's compiler sees a loop with one
 * rare exit:
 *
 *     block $exit  loop $again  block $slow  loop $head  (br_if $slow (k -= 1) < 0)  body  end  br $exit  end
 *       (br_if $spill (point) (k = loop(k)) < 0)  br $again  end  end
 *
 * The header counts for the branch that has come to it; before the first turn the local is one higher. In a function with loops the local
 * holds the fuel throughout, and the global cell between functions: it is written before and read after calls that are not quiet.
 *
 * What the operand stack holds below a block or a call is kept in locals (`Shadow`), since code cannot look below. Code that no control flow
 * reaches is left out. A quiet function is copied.
 */
import { type FuncType, I32, I64, OP, slotsOf, type ValType } from '../../decoder';
import {
  codeReader,
  type LocalGroup,
  readBlockType,
  readBlockTypeIndex,
  readLocalDeclarations,
} from '../../decoder/body';
import type { BlockOp } from '../../decoder/instructions';
import { Reader } from '../../decoder/reader';
import { type TypeList, typesOf } from '../../decoder/typelist';
import { type Block, type Callee, type Visitor, Walk } from '../../decoder/walk';
import { EMPTY_BLOCK, Emitter, emittedType } from './emitter';
import { type Loops, loopsOf } from './facts';
import { type FrameShape, type Point, pushLocal, type Shadow, takeValue } from './frame';
import type { Cell, Helper, Layout } from './layout';
import { REWRITERS } from './rewriters';

/** A walk that knows how many of the lowest operands lie in shadows: until something takes them. */
class ShadowedWalk extends Walk {
  shadowed = 0;

  override drop(count: number): void {
    super.drop(count);
    if (this.shadowed > this.height) this.shadowed = this.height;
  }
}

/** A block of the emitted function. */
interface OpenLabel {
  /** How many labels are open with it. */
  readonly label: number;
  /** What is written around a loop that counts. */
  readonly counted: CountedLoop | undefined;
}
interface CountedLoop {
  readonly pointidx: number;
  readonly isBusy: boolean;
  readonly exit: number;
  readonly again: number;
  readonly slow: number;
}

export interface InstrumentedBody {
  /** The code entry, without its size. */
  readonly code: Emitter;
  readonly shape: FrameShape;
}

/** Bytes of an i64.const that is filled in at the end. */
const PADDED = 5;
/** Both sign bits of a place. */
const NO_ROOM = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x88, 0x80, 0x80, 0x80, 0x80, 0x7f);

export class Body implements Visitor {
  readonly out = new Emitter(1024);
  readonly layout: Layout;
  readonly walk: ShadowedWalk;
  /** For immediates. */
  readonly reader: Reader;
  private readonly funcidx: number;
  private readonly quiet: Uint8Array;
  private readonly isQuiet: boolean;
  private readonly type: FuncType;
  private readonly loops: Loops;
  private readonly labels: OpenLabel[] = [];
  /** Labels that are open in the emitted function. */
  private depth = 0;
  /** Blocks that code has opened which is not reached. */
  private dead = 0;
  private afterEnd = false;
  /** Module offset of the first of the instructions that are copied as they are, or -1. */
  private verbatim = -1;
  private readonly shadows: Shadow[] = [];
  private readonly shadowAt = new Map<number, Shadow>();
  private readonly points: Point[] = [];
  /** Types of the locals behind the original's. */
  private readonly added: ValType[] = [];
  private readonly localCount: number;
  private readonly localSlots: number;
  /** Slots of the frame, as they are found. */
  private slots: number;
  /** Where `enter` needs them. */
  private slotsAt = -1;
  /** Locals: the fuel (without loops at the entry only), the frame's place, the branch that came to a busy loop, a table index. */
  private fuel = -1;
  private place = -1;
  private site = -1;
  private element = -1;
  private spill = 0;

  constructor(layout: Layout, funcidx: number) {
    const { module } = layout;
    this.layout = layout;
    this.funcidx = funcidx;
    this.quiet = layout.quiet;
    this.isQuiet = layout.quiet[funcidx] !== 0;
    this.type = module.funcType(funcidx);
    this.loops = loopsOf(module, funcidx);
    this.reader = new Reader(module.bytes);
    this.walk = new ShadowedWalk(module, funcidx, this);
    const { locals } = this.walk;
    this.localCount = countOf(locals);
    this.localSlots = locals.reduce((slots, { type, count }) => slots + count * slotsOf(type), 0);
    this.slots = this.localSlots + slotsIn(this.type.results);
  }

  instrument(): InstrumentedBody {
    this.begin();
    this.walk.run();
    this.finish();
    const { shadows, points, site } = this;
    return {
      code: this.withLocals(),
      shape: { locals: this.walk.locals, hasSite: site >= 0, shadows, points },
    };
  }

  // The parts of a body.

  private begin(): void {
    if (this.isQuiet) {
      this.labels.push({ label: 0, counted: undefined });
      return;
    }
    const { walk } = this;
    this.fuel = this.addLocal(I32);
    this.place = this.addLocal(I64);
    this.spill = this.open('block', [], [I32]);
    const pointidx = this.addPoint({
      kind: 'entry',
      offset: walk.offset - walk.start,
      targetLoop: -1,
      operands: undefined,
    });
    this.enter(pointidx);
    this.labels.push({ label: this.open('block', [], this.type.results), counted: undefined });
  }

  /** Takes the unit of the entry and looks whether there is room for the frame. */
  private enter(pointidx: number): void {
    const { out, fuel, place } = this;
    const passed = this.open('block', [], []);
    this.getCell('fuel');
    this.addConst(-1);
    out.indexed('local.tee', fuel);
    out.op('i64.extend_i32_s');
    this.getCell('place');
    out.indexed('local.tee', place);
    out.u8(OP['i64.const']);
    this.slotsAt = out.length;
    for (let k = 0; k < PADDED; k++) out.u8(0);
    out.op('i64.add');
    out.op('i64.or');
    out.u8(OP['i64.const']);
    out.copy(NO_ROOM, 0, NO_ROOM.length);
    out.op('i64.and');
    out.op('i64.eqz');
    this.branchTo('br_if', passed);
    out.i32Const(pointidx);
    this.askForFuel('enter');
    out.op('drop');
    this.close();
    if (this.loops.size > 0) return;
    out.indexed('local.get', fuel);
    this.setCell('fuel');
  }

  /** Asks the runtime for fuel, with the point on the operand stack; there is none, it unwinds. */
  private askForFuel(helper: 'enter' | 'loop'): void {
    const { out } = this;
    out.i32Const(this.funcidx);
    out.indexed('local.get', this.fuel);
    out.indexed('local.get', this.place);
    this.help(helper);
    out.indexed('local.tee', this.fuel);
    out.i32Const(0);
    out.op('i32.lt_s');
    this.branchTo('br_if', this.spill);
  }

  private finish(): void {
    const { out } = this;
    if (!this.isQuiet) {
      this.close();
      this.giveFuelBack();
      out.op('return');
      this.close();
      this.spillFrame();
      for (const type of this.type.results) out.defaultOf(type);
      let rest = 2 * this.slots;
      for (let k = 0; k < PADDED; k++, rest = Math.floor(rest / 128)) {
        out.bytes[this.slotsAt + k] = (rest % 128) + (k < PADDED - 1 ? 128 : 0);
      }
    }
    out.op('end');
  }

  /** The point is on the operand stack. */
  private spillFrame(): void {
    const { out, layout } = this;
    const point = this.fuel;
    out.indexed('local.set', point);
    out.i32Const(this.funcidx);
    out.indexed('local.get', point);
    out.indexed('local.get', this.place);
    this.help('frame');
    for (const { type, count, localidx } of this.walk.locals) {
      for (let k = 0; k < count; k++) pushLocal(out, layout, localidx + k, type);
    }
    if (this.site >= 0) pushLocal(out, layout, this.site, I32);
    for (const { localidx, type } of this.shadows) pushLocal(out, layout, localidx, type);
  }

  private withLocals(): Emitter {
    const code = new Emitter(this.out.length + 32);
    const declared: { type: ValType; count: number }[] = [
      ...readLocalDeclarations(codeReader(this.layout.module, this.funcidx)),
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
    code.append(this.out);
    return code;
  }

  // What the walk tells.

  instruction(walk: Walk): void {
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
    if (height > 0) this.reserve(walk.stack);
    const rewrite = REWRITERS[row.op];
    if (rewrite === undefined) {
      if (this.verbatim < 0) this.verbatim = walk.offset;
      return;
    }
    this.flush();
    this.reader.pos = walk.immediates;
    rewrite(this);
  }

  /** Code that is not reached is left out, but for the ends of blocks that are. */
  private pass({ row }: Walk): void {
    if (row.imm === 'block') this.dead++;
    else if (row.op === OP.end && this.dead > 0) this.dead--;
    else if (row.op === OP.end) this.endBlock();
    else if (row.op === OP.else && this.dead === 0) this.otherwise();
  }

  branch(walk: Walk, target: Block): void {
    const { blocks } = walk;
    const { counted } = this.labels[blocks.indexOf(target)];
    if (counted === undefined || counted.isBusy) return;
    this.points[counted.pointidx].offset = walk.offset - walk.start;
  }

  call(walk: Walk, callee: Callee, { params }: FuncType): void {
    const { out } = this;
    if (callee.kind === 'func' && this.quiet[callee.funcidx] !== 0) {
      const charges = this.layout.charging[callee.funcidx] !== 0;
      if (charges) this.giveFuelBack();
      out.indexed('call', this.layout.funcidx(callee.funcidx));
      if (charges) this.takeFuel();
      return;
    }
    const { stack } = walk;
    const above = callee.kind === 'func' ? params : [...params, I32];
    this.shadow(stack, above);
    const pointidx = this.addPoint({
      kind: 'call',
      offset: walk.offset - walk.start,
      targetLoop: -1,
      operands: stack,
    });
    this.giveFuelBack();
    this.placeBehind(slotsOfList(stack));
    this.emitCall('call', callee);
    this.takeFuel();
    out.i32Const(pointidx);
    this.getCell('unwinding');
    this.branchTo('br_if', this.spill);
    out.op('drop');
  }

  /** The next call's frame begins above so many slots of operands, at its arguments. */
  private placeBehind(operandSlots: number): void {
    const { out } = this;
    out.indexed('local.get', this.place);
    out.i64Const(1, 2 * (this.localSlots + operandSlots));
    out.op('i64.add');
    this.setCell('place');
  }

  /** `call` or `return_call`, or the indirect ones. */
  private emitCall(kind: 'call' | 'return_call', callee: Callee): void {
    const { out, layout } = this;
    if (callee.kind === 'func') {
      out.indexed(kind, layout.funcidx(callee.funcidx));
      return;
    }
    if (this.element < 0) this.element = this.addLocal(I32);
    out.indexed('local.tee', this.element);
    out.indexed('local.get', this.element);
    this.setCell('element');
    out.indexed(kind === 'call' ? 'call_indirect' : 'return_call_indirect', callee.typeidx);
    out.u32(layout.mirror(callee.tableidx));
  }

  tailCall(_walk: Walk, callee: Callee): void {
    const { out } = this;
    if (!this.isQuiet) {
      this.giveFuelBack();
      out.indexed('local.get', this.place);
      this.setCell('place');
    }
    this.emitCall('return_call', callee);
  }

  // What rewriters are made of.

  /** Opens a block of the original. Operands below its parameters go to shadows. */
  openBlock(kind: BlockOp): void {
    const { walk, out, reader } = this;
    const type = readBlockType(reader, this.layout.module);
    reader.pos = walk.immediates;
    const { typeidx } = readBlockTypeIndex(reader);
    const condition = kind === 'if' ? [I32] : NO_TYPES;
    const [below, params] = split(typesOf(walk.stack), type.params.length + condition.length);
    if (!this.isQuiet) {
      this.shadowTypes(below, params);
      this.reserveSlots(this.localSlots + slotsIn(below) + slotsIn(type.results));
    }
    const isCounted = kind === 'loop' && !this.isQuiet && this.loops.get(walk.offset)! > 0;
    const counted = isCounted ? this.beginCounted(type, below.length) : undefined;
    out.op(kind);
    if (typeidx >= 0) out.s33(typeidx);
    else this.blockType(type.params, type.results);
    this.labels.push({ label: ++this.depth, counted });
    if (counted !== undefined) this.countTurn(counted, type, below.length);
  }

  /** What stands before the loop that counts. */
  private beginCounted({ params, results }: FuncType, height: number): CountedLoop {
    const { walk } = this;
    const isBusy = this.loops.get(walk.offset)! > 1;
    if (isBusy && this.site < 0) this.site = this.addLocal(I32);
    const pointidx = this.addPoint({
      kind: 'loop',
      offset: -1,
      targetLoop: walk.offset - walk.start,
      operands: walk.stack,
    });
    this.toShadows(params, height);
    this.countUp();
    const exit = this.open('block', [], results);
    const again = this.open('loop', [], results);
    const slow = this.open('block', [], []);
    this.fromShadows(params, height);
    return { pointidx, isBusy, exit, again, slow };
  }

  private countTurn({ slow }: CountedLoop, { params }: FuncType, height: number): void {
    const { out, fuel } = this;
    this.toShadows(params, height);
    this.fromShadows(params, height);
    out.indexed('local.get', fuel);
    this.addConst(-1);
    out.indexed('local.tee', fuel);
    out.i32Const(0);
    out.op('i32.lt_s');
    this.branchTo('br_if', slow);
  }

  private countUp(): void {
    this.out.indexed('local.get', this.fuel);
    this.addConst(1);
    this.out.indexed('local.set', this.fuel);
  }

  private endCounted({ pointidx, exit, again }: CountedLoop): void {
    const { out } = this;
    this.branchTo('br', exit);
    this.close();
    out.i32Const(pointidx);
    this.askForFuel('loop');
    out.op('drop');
    this.countUp();
    this.branchTo('br', again);
    this.close();
    this.close();
  }

  endBlock(): void {
    const { counted } = this.labels.pop()!;
    if (this.labels.length === 0) return;
    const { blocks } = this.walk;
    this.walk.shadowed = blocks[blocks.length - 1].height;
    this.close();
    if (counted !== undefined) this.endCounted(counted);
    this.afterEnd = true;
  }

  otherwise(): void {
    const { blocks } = this.walk;
    this.walk.shadowed = blocks[blocks.length - 1].height;
    this.out.op('else');
  }

  /** The label that a label of the original is here. */
  labelOf(label: number): number {
    return this.depth - this.labels[this.labels.length - 1 - label].label;
  }

  /** Before a branch: which one it is, if some loop that it may go to cannot tell. */
  noteSite(labels: readonly number[]): void {
    const isBusy = labels.some((label) => this.labels[this.labels.length - 1 - label].counted?.isBusy);
    if (!isBusy) return;
    this.out.i32Const(this.walk.offset - this.walk.start);
    this.out.indexed('local.set', this.site);
  }

  returnLabel(): number {
    return this.depth - this.labels[0].label;
  }

  /** An instruction that the machine does on canonical slots. */
  helpWith(index: number, operands: readonly ValType[]): void {
    const { out, layout, walk } = this;
    const [below] = split(typesOf(walk.stack), operands.length);
    this.toShadows(operands, below.length);
    operands.forEach((type, k) => {
      pushLocal(out, layout, this.shadowOf(below.length + k, type).localidx, type);
    });
    out.i32Const(index);
    if (this.isQuiet) {
      this.getCell('fuel');
      this.getCell('place');
    } else {
      this.giveFuelBack();
      this.getCell('fuel');
      this.placeBehind(slotsIn(below));
      this.getCell('place');
    }
    this.help('effect');
    this.setCell('fuel');
    if (!this.isQuiet) this.takeFuel();
  }

  takeResult(type: ValType): void {
    takeValue(this.out, this.layout, type);
  }

  flush(): void {
    if (this.verbatim < 0) return;
    this.out.copy(this.layout.module.bytes, this.verbatim, this.walk.offset);
    this.verbatim = -1;
  }

  // Shadows.

  private shadow(operands: TypeList | undefined, above: readonly ValType[]): void {
    if (operands === undefined || operands.length <= this.walk.shadowed) return;
    this.shadowTypes(typesOf(operands), above);
  }

  /** Puts copies of operands into shadows, where they are not yet; `above` lies above them. */
  private shadowTypes(operands: readonly ValType[], above: readonly ValType[]): void {
    const { walk } = this;
    const from = walk.shadowed;
    if (operands.length <= from) return;
    const moved = [...operands.slice(from), ...above];
    this.toShadows(moved, from);
    this.fromShadows(moved, from);
    walk.shadowed = operands.length;
  }

  /** Moves the top operands to shadows; the lowest of them lies at this height. */
  private toShadows(types: readonly ValType[], height: number): void {
    for (let k = types.length - 1; k >= 0; k--) {
      this.out.indexed('local.set', this.shadowOf(height + k, types[k]).localidx);
    }
  }
  private fromShadows(types: readonly ValType[], height: number): void {
    types.forEach((type, k) => {
      this.out.indexed('local.get', this.shadowOf(height + k, type).localidx);
    });
  }

  private shadowOf(height: number, type: ValType): Shadow {
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

  private addLocal(type: ValType): number {
    return this.localCount + this.added.push(type) - 1;
  }
  private addPoint(point: Point): number {
    return this.points.push(point) - 1;
  }

  /** Opens a block that the original has not. */
  private open(kind: 'block' | 'loop', params: readonly ValType[], results: readonly ValType[]): number {
    this.out.op(kind);
    this.blockType(params, results);
    return ++this.depth;
  }
  private close(): void {
    this.out.op('end');
    this.depth--;
  }
  private blockType(params: readonly ValType[], results: readonly ValType[]): void {
    if (params.length > 0 || results.length > 1) this.out.s33(this.layout.typeidx(params, results));
    else this.out.u8(results.length === 0 ? EMPTY_BLOCK : emittedType(results[0]));
  }
  private branchTo(kind: 'br' | 'br_if', label: number): void {
    this.out.indexed(kind, this.depth - label);
  }

  private help(helper: Helper): void {
    this.out.indexed('call', this.layout.helper(helper));
  }
  private getCell(cell: Cell): void {
    this.out.indexed('global.get', this.layout.globalidx(cell));
  }
  private setCell(cell: Cell): void {
    this.out.indexed('global.set', this.layout.globalidx(cell));
  }
  /** In a function with loops a local has the fuel. */
  private giveFuelBack(): void {
    if (this.loops.size === 0) return;
    this.out.indexed('local.get', this.fuel);
    this.setCell('fuel');
  }
  private takeFuel(): void {
    if (this.loops.size === 0) return;
    this.getCell('fuel');
    this.out.indexed('local.set', this.fuel);
  }
  private addConst(value: number): void {
    this.out.i32Const(value);
    this.out.op('i32.add');
  }

  private reserve(stack: TypeList | undefined): void {
    if (this.localSlots + 2 * stack!.length > this.slots) {
      this.reserveSlots(this.localSlots + slotsOfList(stack));
    }
  }
  private reserveSlots(slots: number): void {
    if (slots > this.slots) this.slots = slots;
  }
}

const NO_TYPES: readonly ValType[] = [];

function countOf(locals: readonly LocalGroup[]): number {
  const last = locals[locals.length - 1];
  return last === undefined ? 0 : last.localidx + last.count;
}

function slotsIn(types: readonly ValType[]): number {
  let slots = 0;
  for (const type of types) slots += slotsOf(type);
  return slots;
}

function slotsOfList(list: TypeList | undefined): number {
  return list === undefined ? 0 : slotsIn(typesOf(list));
}

/** All but the last types, and the last `count`. */
function split(types: readonly ValType[], count: number): [ValType[], ValType[]] {
  return [types.slice(0, types.length - count), types.slice(types.length - count)];
}
