/**
 * Blocks of an instrumented body: labels, branches, loops that count, and what the operand stack holds below them.
 *
 * A loop counts where its branches back come together, and what happens when the fuel is used up lies outside of it, so that the host's
 * compiler sees a loop with one rare exit. The first turn passes no safepoint, also the first one after that exit: there is never less than
 * no fuel where a loop begins (`Activations.lend`):
 *
 *     block $exit  loop $again  block $slow  loop $head  (br_if $slow fuel < 0)
 *       block $back  (a turn: a branch back goes to $back)  br $exit  end
 *       fuel -= 1  br $head  end  end
 *       fuel = loop(which, fuel)  br $again  end  end
 *
 * The test is at the header: what is alive at the rare exit is then what the header merges, which V8 stores where that exit is taken. Of
 * a test behind the count it stores what the turn has made in each turn (sieve of bench: 1.7 times native instead of 1.2).
 *
 * Of a small loop some turns stand before that, which count together, without an exit for want of fuel (turns.ts):
 *
 *     block $exit  loop $again
 *       block $slow  loop $head  (br_if $slow fuel < 4)  (four turns)  fuel -= 4  br $head  end  end
 *       block $back  (a turn)  br $exit  end
 *       (br_if $again (fuel -= 1) >= 0)
 *       fuel = loop(which, fuel)  br $again  end  end
 *
 * Loops of a long function that has many are written shortly. V8 peels and unrolls loops without calls: of `run` of bench's many, which has 163, it
 * made twice the machine code, and took three times as long for it as now.
 *
 *     block $exit  loop $head
 *       block $back  (a turn)  br $exit  end
 *       (if (fuel -= 1) < 0: fuel = loop(which, fuel))  br $head  end  end
 */
import { type FuncType, I32, OP, type ValType } from '../../decoder';
import { readBlockTypeIndex } from '../../decoder/body';
import type { CatchClause } from '../../decoder/catches';
import type { BlockOp } from '../../decoder/instructions';
import type { Reader } from '../../decoder/reader';
import { NO_TYPES, type TypeList, typesOf } from '../../decoder/typelist';
import { codeSize } from '../limits';
import { slotsIn } from './function-writer';
import { LeavingWriter } from './leaving';
import type { Origins } from './origins';
import type { Rewrites, StraightCopies } from './rewriters';
import { MOST_CODE_OF_LOOPS, type PlainLoop, plainLoop, turnsOf, writeTurn } from './turns';

/** Loops of a long function from which on they are written shortly. */
const MANY_LOOPS = 33;

/** A block of the emitted function. */
export interface OpenLabel {
  /** How many labels are open with it. */
  readonly label: number;
  /** What is written around a loop that counts. */
  readonly counted?: CountedLoop;
  /** Of a `try`, the handler that is open: of a tag, which an `if` stands around, or of all exceptions. */
  handler?: 'tagged' | 'all';
  /** Of a `try_table`. */
  clauses?: readonly CatchClause[];
}
export interface CountedLoop {
  readonly pointidx: number;
  /** Module offset. */
  readonly offset: number;
  readonly isBusy: boolean;
  readonly exit: number;
  /** Undefined of one that is written shortly. */
  readonly again: number | undefined;
  /** Whether it is the main loop of a function whose frames leave in place. */
  readonly isMain: boolean;
  /** Undefined of a small loop, whose turns come here for want of fuel. */
  readonly head: LoopHead | undefined;
}
interface LoopHead {
  readonly label: number;
  /** Values that branches carry to it, and the height of the lowest. */
  readonly params: readonly ValType[];
  readonly height: number;
}

export abstract class BlockWriter extends LeavingWriter {
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

  /** Opens a block of the original. Operands below its parameters go to shadows. */
  openBlock(kind: BlockOp): void {
    const { walk, out, reader } = this;
    const { module } = this.layout;
    const { typeidx, inline } = readBlockTypeIndex(reader, module);
    const type = typeidx < 0 ? inline : module.types[typeidx].composite.func;
    const below = this.shadowBelow(type.params.length + (kind === 'if' ? 1 : 0));
    this.reserveSlots(this.localSlots + slotsIn(below) + slotsIn(type.results));
    if (kind === 'loop' && !this.isQuiet && this.loops.get(walk.offset)! > 0) {
      this.labels.push(this.beginCounted(type, below.length, reader.pos));
      return;
    }
    out.op(kind === 'try_table' ? 'try' : kind);
    if (typeidx >= 0) out.s33(typeidx);
    else this.blockType(type.params, type.results);
    this.labels.push({ label: ++this.depth });
  }

  /** All but the top operands, which are in shadows now where the function can unwind. */
  protected shadowBelow(top: number): readonly ValType[] {
    const { walk } = this;
    if (walk.height <= top) return NO_TYPES;
    const [below, above] = split(typesOf(walk.stack), top);
    if (!this.isQuiet) this.shadowFrom(this.operands.firstUnshadowed(below.length), below, above);
    return below;
  }

  /** A loop that counts, up to its body, which begins there in the module. */
  private beginCounted({ params, results }: FuncType, height: number, inside: number): OpenLabel {
    const { walk } = this;
    const isBusy = this.loops.get(walk.offset)! > 1;
    if (isBusy && this.site < 0) this.site = this.addLocal(I32);
    const pointidx = this.addPoint({
      kind: 'loop',
      offset: -1,
      targetLoop: walk.offset - walk.start,
      operands: walk.stack,
    });
    const isPlain = this.isShort() && !isBusy && params.length === 0 && results.length === 0;
    const plain = isPlain ? this.plainLoop(inside) : undefined;
    this.toShadows(params, height);
    const exit = this.open('block', [], results);
    const again = this.isWrittenShortly(walk.offset) ? undefined : this.open('loop', [], results);
    let head: LoopHead | undefined;
    if (plain !== undefined) this.writeTurns(plain, exit);
    else if (again === undefined) head = this.openLoop(params, results, height);
    else head = this.openHead(params, height);
    const isMain = head !== undefined && params.length === 0 && this.isMainLoop(walk.offset);
    if (isMain) this.beginMain();
    const label = this.open('block', params, params);
    return { label, counted: { pointidx, offset: walk.offset, isBusy, exit, again, head, isMain } };
  }

  private isWrittenShortly(loop: number): boolean {
    const { layout, funcidx, loops } = this;
    if (layout.copiesLoops || loops.size < MANY_LOOPS || this.dispatches(loop)) return false;
    return codeSize(layout.module, funcidx) > MOST_CODE_OF_LOOPS;
  }

  /** The header of a loop, where its fuel is tested. */
  private openHead(params: readonly ValType[], height: number): LoopHead {
    const slow = this.open('block', [], []);
    const head = this.openLoop(params, [], height);
    this.branchBelow(0, slow);
    // A call may be left as well: what one turn has written is forgotten before the next one.
    const loop = this.walk.offset;
    if (this.dispatches(loop)) this.forgetDead(loop, undefined);
    return head;
  }
  private openLoop(params: readonly ValType[], results: readonly ValType[], height: number): LoopHead {
    this.fromShadows(params, height);
    return { label: this.open('loop', params, results), params, height };
  }

  /** Turns of a small loop, as long as there is fuel for all of them. */
  private writeTurns(loop: PlainLoop, exit: number): void {
    const turns = turnsOf(loop);
    const slow = this.open('block', [], []);
    const head = this.open('loop', [], []);
    this.branchBelow(turns, slow);
    for (let before = 0; before < turns; before++) this.writeTurn(loop, before, exit);
    this.takeUnits(turns);
    this.branchTo('br', head);
    this.close();
    this.close();
  }

  /** Behind the body of a loop that counts. */
  private endCounted({ pointidx, offset, again, head, isMain }: CountedLoop): void {
    if (head !== undefined) this.toShadows(head.params, head.height);
    if (again === undefined) {
      this.countUnit('i32.lt_s');
      this.open('if', [], []);
      this.mayLeave(pointidx, [], [], () => this.askForFuel(pointidx));
      this.close();
      this.goBack(head!);
      this.close();
      this.close();
      return;
    }
    if (head === undefined) {
      this.countUnit('i32.ge_s');
      this.branchTo('br_if', again);
    } else {
      this.takeUnits(1);
      this.goBack(head);
      if (isMain) this.endMain();
      this.close();
      this.close();
    }
    this.forgetDead(offset, undefined);
    this.mayLeave(pointidx, [], [], () => this.askForFuel(pointidx));
    this.branchTo('br', again);
    this.close();
    this.close();
  }
  private goBack({ params, height, label }: LoopHead): void {
    this.fromShadows(params, height);
    this.branchTo('br', label);
  }
  /** Takes a unit, and compares with none what is left. */
  private countUnit(how: 'i32.lt_s' | 'i32.ge_s'): void {
    this.subtract(this.out, this.fuel, 1);
    this.out.indexed('local.tee', this.fuel);
    this.out.i32Const(0);
    this.out.op(how);
  }

  /** Branches there if there are fewer units of fuel. */
  private branchBelow(units: number, label: number): void {
    this.out.indexed('local.get', this.fuel);
    this.out.i32Const(units);
    this.out.op('i32.lt_s');
    this.branchTo('br_if', label);
  }
  private takeUnits(units: number): void {
    this.subtract(this.out, this.fuel, units);
    this.out.indexed('local.set', this.fuel);
  }

  private plainLoop(inside: number): PlainLoop | undefined {
    const loop = plainLoop(this.layout.module, inside, this.rewriters, this.straightCopies.others);
    const isPlain = loop?.every(({ label }) => label <= 0 || this.isPlainTarget(label - 1));
    return isPlain ? loop : undefined;
  }
  /** A branch there takes no values. */
  private isPlainTarget(label: number): boolean {
    const { blocks } = this.walk;
    const block = blocks[blocks.length - 1 - label];
    const taken = block.kind === 'loop' ? block.params : block.results;
    return taken.length === 0;
  }
  /** A turn of a small loop behind so many others, whose units have not been taken yet. */
  private writeTurn(loop: PlainLoop, before: number, exit: number): void {
    const { layout } = this;
    writeTurn(
      {
        out: this.out,
        bytes: layout.module.bytes,
        localOf: (localidx) => this.localOf(localidx),
        open: (kind) => this.open(kind, [], []),
        close: () => this.close(),
        pay: () => {
          if (before > 0) this.takeUnits(before);
        },
        leave: () => this.branchTo('br', exit),
        branchOut: (label, { offset, nesting }) => this.branchFrom(offset, label, nesting),
        note: (original) => this.origins?.note(this.out.length, original, true),
      },
      loop,
    );
  }

  /** What has been copied as it is. */
  protected abstract flush(): void;

  /** Begins an inner `try`, if nothing is on the operand stack but what lies below the block. */
  protected beginTry(): void {
    const { walk, labels, tries } = this;
    const { row, blocks } = walk;
    if (this.isQuiet || ENDS_A_PART.has(row.op)) return;
    if (walk.height > blocks[blocks.length - 1].height) return;
    this.flush();
    if (tries.hasBegun(labels.length)) this.closeTry();
    this.open('try', [], []);
    tries.begin(labels.length);
  }
  private closeTry(): void {
    this.out.op('catch_all');
    this.out.indexed('rethrow', 0);
    this.close();
    this.tries.end();
  }
  /** Ends the `try` that has begun in the innermost block. It has no results: these lie there, from a height on. */
  protected endTry(types: readonly ValType[], height: number): void {
    const { walk, labels } = this;
    if (!this.tries.hasBegun(labels.length)) return;
    if (walk.reachable) this.toShadows(types, height);
    this.closeTry();
    if (walk.reachable) this.fromShadows(types, height);
    else this.out.op('unreachable');
  }
  protected endTryOfBlock(): void {
    const { blocks } = this.walk;
    const { height, results } = blocks[blocks.length - 1];
    this.endTry(results, height);
  }

  endBlock(): void {
    this.endTryOfBlock();
    const open = this.labels.pop()!;
    const { counted } = open;
    if (this.labels.length === 0) return;
    this.passBlock();
    this.endHandlers(open);
    if (counted !== undefined && this.walk.reachable) this.branchTo('br', counted.exit);
    this.close();
    if (counted !== undefined) this.endCounted(counted);
    this.afterEnd = true;
  }

  /** Behind the last handler of a block, if it has any. */
  protected abstract endHandlers(open: OpenLabel): void;

  otherwise(): void {
    this.endTryOfBlock();
    this.passBlock();
    this.out.op('else');
  }
  /** What lies below a block has been in shadows since that began. */
  protected passBlock(): void {
    const { blocks } = this.walk;
    this.operands.shadowAll(blocks[blocks.length - 1].height);
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

  /** Sees that operands can be read; values of these types lie above them. Where that is, if not in shadows. */
  protected shadow(stack: TypeList | undefined, above: readonly ValType[]): readonly number[] | undefined {
    if (stack === undefined) return undefined;
    const { operands } = this;
    const from = operands.firstUnread(stack.length);
    if (from !== undefined) this.shadowFrom(from, typesOf(stack), above);
    return operands.sources(stack.length);
  }

  /** Puts copies of operands from a height on into shadows; `above` lies above them. */
  private shadowFrom(from: number | undefined, types: readonly ValType[], above: readonly ValType[]): void {
    if (from === undefined) return;
    const moved = [...types.slice(from), ...above];
    this.toShadows(moved, from);
    this.fromShadows(moved, from);
    this.operands.shadow(from, types.length);
  }
}

/** Opcodes of what ends a part of a block. */
const ENDS_A_PART: ReadonlySet<number> = new Set([OP.end, OP.else, OP.catch, OP.catch_all, OP.delegate]);

/** All but the last types, and the last `count`. */
export function split(types: readonly ValType[], count: number): [ValType[], ValType[]] {
  return [types.slice(0, types.length - count), types.slice(types.length - count)];
}
