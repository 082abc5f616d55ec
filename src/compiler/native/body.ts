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
import { F32, F64, type FuncType, I32, OP, V128, type ValType } from '../../decoder';
import { readBlockType, readBlockTypeIndex } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import type { BlockOp } from '../../decoder/instructions';
import { Reader } from '../../decoder/reader';
import { type TypeList, typesOf } from '../../decoder/typelist';
import { type Block, type Callee, type Visitor, Walk } from '../../decoder/walk';
import { factsOf, isLarge } from './facts';
import { pushLocal, takeValue } from './frame';
import { FunctionWriter, type InstrumentedBody, slotsIn } from './function-writer';
import type { Layout } from './layout';
import { emitCanonical, isForgotten, type Lanes, MadeFloats } from './nans';
import { NotNative } from './refusals';
import { type Rewrite, type Rewrites, type RewrittenBody, rewritersOf } from './rewriters';
import { plainLoop, writeTurns } from './turns';

/** A walk that knows how many of the lowest operands lie in shadows: until something takes them. */
class ShadowedWalk extends Walk {
  shadowed = 0;

  override drop(count: number): void {
    super.drop(count);
    if (this.shadowed > this.height) this.shadowed = this.height;
  }
}

/** From where on emitted code is that of an instruction, or a copy of those from an offset on. */
interface Position {
  readonly emitted: number;
  readonly original: number;
  readonly isCopy: boolean;
}

/** A block of the emitted function. */
export interface OpenLabel {
  /** How many labels are open with it. */
  readonly label: number;
  /** What is written around a loop that counts. */
  readonly counted?: CountedLoop;
  /** Of a block around the loop at which a continuation starts (continuation.ts): what became of a loop, or of the first part of an `if`. */
  readonly was?: 'loop' | 'then';
}
export interface CountedLoop {
  readonly pointidx: number;
  readonly isBusy: boolean;
  readonly exit: number;
  readonly again: number;
  readonly slow: number;
}

export class Body extends FunctionWriter implements RewrittenBody, Visitor {
  readonly walk: ShadowedWalk;
  /** For immediates. */
  readonly reader: Reader;
  protected readonly labels: OpenLabel[] = [];
  private readonly quiet: Uint8Array;
  private readonly rewriters: Rewrites;
  /** Whether fuel may be owed where a loop is entered; found when there is one. */
  private owes: boolean | undefined = undefined;
  /** Where NaNs must have the same bits in every tier. */
  private readonly made: MadeFloats | undefined;
  /** Whether the result of the instruction at hand is a float that arithmetic makes. */
  private isMaking = false;
  private readonly isQuiet: boolean;
  /** Blocks that code has opened which is not reached. */
  private dead = 0;
  private afterEnd = false;
  /** Operands that the stack has held at most. */
  private highest = 0;
  /** Whether some may take two slots. */
  private isWide = false;
  /** Kept when somebody asks where an instruction came from. */
  private positions: Position[] | undefined = undefined;
  /** Module offset of the first of the instructions that are copied as they are, or -1. */
  private verbatim = -1;

  constructor(layout: Layout, funcidx: number, id = funcidx) {
    super(layout, funcidx, id);
    this.quiet = layout.quiet;
    this.isQuiet = layout.quiet[funcidx] !== 0;
    this.rewriters = rewritersOf(layout);
    this.made = layout.variant.isExact ? new MadeFloats() : undefined;
    this.reader = new Reader(layout.module.bytes);
    this.walk = new ShadowedWalk(layout.module, funcidx, this);
  }

  instrument(): InstrumentedBody {
    this.begin();
    this.walk.run();
    if (!this.isQuiet) {
      this.close();
      this.closeSpill();
    }
    this.fillIn();
    this.out.op('end');
    return this.body();
  }

  /** The module offset of the instruction that stands at an offset of the code entry. */
  originOf(offset: number): number {
    this.positions = [];
    const { code } = this.instrument();
    const at = offset - (code.length - this.out.length);
    let found = this.positions[0];
    for (const position of this.positions) if (position.emitted <= at) found = position;
    if (found === undefined) return this.walk.start;
    return found.isCopy ? found.original + at - found.emitted : found.original;
  }

  protected begin(): void {
    if (this.isQuiet) {
      this.labels.push({ label: 0 });
      if (isLarge(this.locals)) this.payForFrame();
      return;
    }
    const { walk } = this;
    this.openSpill();
    this.enter(
      this.addPoint({ kind: 'entry', offset: walk.offset - walk.start, targetLoop: -1, operands: undefined }),
    );
    this.labels.push({ label: this.open('block', [], this.type.results) });
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
    const rewrite = this.rewriters[row.op];
    if (rewrite === undefined) {
      if (this.verbatim < 0) this.verbatim = walk.offset;
      return;
    }
    this.flush();
    this.positions?.push({ emitted: this.out.length, original: walk.offset, isCopy: false });
    this.reader.pos = walk.immediates;
    rewrite(this);
  }

  protected noteMade(walk: Walk): void {
    this.isMaking = this.made?.see(walk) ?? false;
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
    if (callee.kind === 'func' && this.quiet[callee.funcidx] !== 0 && !this.leads(callee.funcidx)) {
      const charges = this.layout.charging[callee.funcidx] !== 0;
      if (charges) this.giveFuelBack();
      this.layout.emitCall(out, 'call', callee.funcidx);
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

  /** Whether a call leads out of the module. A quiet function has no way to unwind then. */
  private leads(funcidx: number): boolean {
    const isOutside = this.layout.outside.has(funcidx);
    if (isOutside && this.isQuiet)
      throw new NotNative('it is quiet and calls a function that cannot run natively');
    return isOutside;
  }

  tailCall(_walk: Walk, callee: Callee): void {
    const { out } = this;
    if (callee.kind === 'func') this.leads(callee.funcidx);
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
    const { typeidx } = readBlockTypeIndex(reader, this.layout.module);
    const inside = reader.pos;
    const condition = kind === 'if' ? [I32] : NO_TYPES;
    const [below, params] = split(typesOf(walk.stack), type.params.length + condition.length);
    if (!this.isQuiet) {
      this.shadowTypes(below, params);
      this.reserveSlots(this.localSlots + slotsIn(below) + slotsIn(type.results));
    }
    const isCounted = kind === 'loop' && !this.isQuiet && this.loops.get(walk.offset)! > 0;
    const counted = isCounted ? this.beginCounted(type, below.length, inside) : undefined;
    out.op(kind);
    if (typeidx >= 0) out.s33(typeidx);
    else this.blockType(type.params, type.results);
    this.labels.push({ label: ++this.depth, counted });
    if (counted !== undefined) this.countTurn(counted, type, below.length);
  }

  /** What stands before the loop that counts. */
  private beginCounted({ params, results }: FuncType, height: number, inside: number): CountedLoop {
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
    this.passFirstTurn();
    const exit = this.open('block', [], results);
    const again = this.open('loop', [], results);
    if (!isBusy && params.length === 0 && results.length === 0) this.writeTurns(inside, exit);
    const slow = this.open('block', [], []);
    this.fromShadows(params, height);
    return { pointidx, isBusy, exit, again, slow };
  }

  /** The turns of a small loop, whose body begins there, as long as there is fuel for some. */
  private writeTurns(inside: number, exit: number): void {
    const { layout } = this;
    const loop = plainLoop(layout.module, inside, this.rewriters);
    if (loop === undefined || !loop.body.every(({ label }) => label <= 0 || this.isPlainTarget(label - 1))) {
      return;
    }
    writeTurns(
      {
        out: this.out,
        bytes: layout.module.bytes,
        fuel: this.fuel,
        open: (kind, params, results) => this.open(kind, params, results),
        close: () => this.close(),
        branchTo: (kind, label) => this.branchTo(kind, label),
        addUnits: (units) => this.addUnits(units),
        branchOut: (label, { offset, nesting }) => this.branchFrom(offset, label, nesting),
        note: (original) => this.positions?.push({ emitted: this.out.length, original, isCopy: true }),
      },
      loop,
      exit,
    );
  }
  /** A branch there takes no values, and stays in this body. */
  private isPlainTarget(label: number): boolean {
    const { blocks } = this.walk;
    const block = blocks[blocks.length - 1 - label];
    const taken = block.kind === 'loop' ? block.params : block.results;
    return taken.length === 0 && this.target(label).was === undefined;
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

  /** The first turn is no safepoint: it passes, whatever is owed. */
  private passFirstTurn(): void {
    const { out, fuel } = this;
    this.owes ??= this.mayOwe();
    if (this.owes) {
      out.indexed('local.get', fuel);
      out.i32Const(0);
      out.op('i32.lt_s');
      this.open('if', [], []);
      out.indexed('local.get', fuel);
      this.help('owe');
      out.indexed('local.set', fuel);
      this.close();
    }
    this.addUnits(1);
  }
  /** Whether something between two safepoints of the function takes fuel. */
  private mayOwe(): boolean {
    const { module, quiet, charging } = this.layout;
    const { takesFuel, callees } = factsOf(module, this.funcidx);
    if (takesFuel) return true;
    for (const callee of callees) if (quiet[callee] === 0 || charging[callee] !== 0) return true;
    return false;
  }

  private addUnits(units: number): void {
    this.out.indexed('local.get', this.fuel);
    this.addConst(units);
    this.out.indexed('local.set', this.fuel);
  }

  private endCounted({ pointidx, exit, again }: CountedLoop): void {
    const { out } = this;
    this.branchTo('br', exit);
    this.close();
    out.i32Const(pointidx);
    this.askForFuel('loop');
    out.op('drop');
    this.addUnits(1);
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

  br(label: number): void {
    this.branchFrom(this.walk.offset, label);
  }
  /** `copied`: blocks that are open by copied instructions. */
  private branchFrom(offset: number, label: number, copied = 0): void {
    this.noteSite([label], offset);
    this.out.indexed('br', this.labelOf(label) + copied);
  }
  brIf(label: number): void {
    this.noteSite([label]);
    this.out.indexed('br_if', this.labelOf(label));
  }
  brTable(labels: readonly number[]): void {
    this.noteSite(labels);
    this.emitTable(labels.map((label) => this.labelOf(label)));
  }
  protected emitTable(labels: readonly number[]): void {
    const { out } = this;
    out.op('br_table');
    out.u32(labels.length - 1);
    for (const label of labels) out.u32(label);
  }

  protected target(label: number): OpenLabel {
    return this.labels[this.labels.length - 1 - label];
  }
  /** The label that a label of the original is here. */
  protected labelOf(label: number): number {
    return this.depth - this.target(label).label;
  }

  /** Before a branch: which one it is, if some loop that it may go to cannot tell. */
  protected noteSite(labels: readonly number[], offset = this.walk.offset): void {
    if (!labels.some((label) => this.target(label).counted?.isBusy)) return;
    this.out.i32Const(offset - this.walk.start);
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
    if (!this.isQuiet) this.giveFuelBack();
    this.getCell('fuel');
    this.help('effect');
    this.setCell('fuel');
    if (!this.isQuiet) this.takeFuel();
  }

  noteOperand(type: ValType): void {
    const { out } = this;
    out.indexed('local.get', this.keepTop(type));
    if (type === F32) out.op('f64.promote_f32');
    this.setCell('operand');
  }

  inPlaceOrHelped(few: number, rewrite: Rewrite): void {
    const { out, layout, walk } = this;
    const count = this.keepTop(I32);
    out.i32Const(few);
    out.op('i32.lt_u');
    this.open('if', [I32, I32], []);
    out.indexed('local.get', count);
    out.copy(layout.module.bytes, walk.offset, this.endOfInstruction());
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

  private flush(): void {
    if (this.verbatim < 0) return;
    this.positions?.push({ emitted: this.out.length, original: this.verbatim, isCopy: true });
    this.out.copy(this.layout.module.bytes, this.verbatim, this.walk.offset);
    this.verbatim = -1;
  }

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

  private reserve(stack: TypeList): void {
    this.highest = Math.max(this.highest, stack.length);
    this.reserveSlots(this.localSlots + slotsIn(typesOf(stack)));
  }
}

/** A height that no operand has: a local for a moment. */
const KEPT = -1;
const NO_TYPES: readonly ValType[] = [];

function slotsOfList(list: TypeList | undefined): number {
  return list === undefined ? 0 : slotsIn(typesOf(list));
}

/** All but the last types, and the last `count`. */
function split(types: readonly ValType[], count: number): [ValType[], ValType[]] {
  return [types.slice(0, types.length - count), types.slice(types.length - count)];
}
