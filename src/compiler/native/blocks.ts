/**
 * Blocks of an instrumented body: labels, branches, loops that count, and what the operand stack holds below them.
 *
 * A loop counts down in a local, and what happens when that is used up lies outside of it, so that the host's compiler sees a loop with one
 * rare exit:
 *
 *     block $exit  loop $again  block $slow  loop $head  (br_if $slow (k -= 1) < 0)  body  end  br $exit  end
 *       (br_if $spill (point) (k = loop(k)) < 0)  br $again  end  end
 *
 * The header counts for the branch that has come to it; before the first turn the local is one higher.
 */
import { type FuncType, I32, type ValType } from '../../decoder';
import { readBlockTypeIndex } from '../../decoder/body';
import type { BlockOp } from '../../decoder/instructions';
import type { Reader } from '../../decoder/reader';
import { type TypeList, typesOf } from '../../decoder/typelist';
import { Walk } from '../../decoder/walk';
import { factsOf } from './facts';
import { FunctionWriter, slotsIn } from './function-writer';
import type { Origins } from './origins';
import type { Rewrites, StraightCopies } from './rewriters';
import { plainLoop, writeTurns } from './turns';

/** A walk that knows how many of the lowest operands lie in shadows: until something takes them. */
export class ShadowedWalk extends Walk {
  shadowed = 0;

  override drop(count: number): void {
    super.drop(count);
    if (this.shadowed > this.height) this.shadowed = this.height;
  }
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

export abstract class BlockWriter extends FunctionWriter {
  abstract readonly walk: ShadowedWalk;
  /** For immediates. */
  abstract readonly reader: Reader;
  protected abstract readonly isQuiet: boolean;
  protected abstract readonly rewriters: Rewrites;
  protected abstract readonly straightCopies: StraightCopies;
  protected readonly labels: OpenLabel[] = [];
  /** The instruction at hand stands behind an `end`. */
  protected afterEnd = false;
  /** Kept when somebody asks where an instruction came from. */
  protected origins: Origins | undefined = undefined;
  /** Whether fuel may be owed where a loop is entered; found when there is one. */
  private owes: boolean | undefined = undefined;

  /** Opens a block of the original. Operands below its parameters go to shadows. */
  openBlock(kind: BlockOp): void {
    const { walk, out, reader } = this;
    const { module } = this.layout;
    const { typeidx, inline } = readBlockTypeIndex(reader, module);
    const type = typeidx < 0 ? inline : module.types[typeidx].composite.func;
    const below = this.shadowBelow(type.params.length + (kind === 'if' ? 1 : 0));
    if (!this.isQuiet) this.reserveSlots(this.localSlots + slotsIn(below) + slotsIn(type.results));
    const isCounted = kind === 'loop' && !this.isQuiet && this.loops.get(walk.offset)! > 0;
    const counted = isCounted ? this.beginCounted(type, below.length, reader.pos) : undefined;
    out.op(kind);
    if (typeidx >= 0) out.s33(typeidx);
    else this.blockType(type.params, type.results);
    this.labels.push({ label: ++this.depth, counted });
    if (counted !== undefined) this.countTurn(counted, type, below.length);
  }

  /** All but the top operands, which are in shadows now where the function can unwind. */
  private shadowBelow(top: number): readonly ValType[] {
    const { stack, height } = this.walk;
    if (height <= top) return NO_TYPES;
    const [below, above] = split(typesOf(stack), top);
    if (!this.isQuiet) this.shadowTypes(below, above);
    return below;
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
    const loop = plainLoop(layout.module, inside, this.rewriters, this.straightCopies.others);
    if (loop === undefined || !loop.body.every(({ label }) => label <= 0 || this.isPlainTarget(label - 1))) {
      return;
    }
    writeTurns(
      {
        out: this.out,
        bytes: layout.module.bytes,
        fuel: this.fuel,
        localOf: (localidx) => this.localOf(localidx),
        open: (kind, params, results) => this.open(kind, params, results),
        close: () => this.close(),
        branchTo: (kind, label) => this.branchTo(kind, label),
        addUnits: (units) => this.addUnits(units),
        branchOut: (label, { offset, nesting }) => this.branchFrom(offset, label, nesting),
        note: (original) => this.origins?.note(this.out.length, original, true),
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
    const { layout } = this;
    const { takesFuel, callees } = factsOf(layout.module, this.funcidx);
    if (takesFuel) return true;
    for (const callee of callees) if (!layout.isQuiet(callee) || layout.charges(callee)) return true;
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

  /** Puts copies of operands into shadows; values of these types lie above them. */
  protected shadow(operands: TypeList | undefined, above: readonly ValType[]): void {
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
}

const NO_TYPES: readonly ValType[] = [];

/** All but the last types, and the last `count`. */
export function split(types: readonly ValType[], count: number): [ValType[], ValType[]] {
  return [types.slice(0, types.length - count), types.slice(types.length - count)];
}
