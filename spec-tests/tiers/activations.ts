/** How the second tier runs: its frames, what it keeps for itself between two boundaries, and its walk over the statements. */
import { InternalError, trap } from '../../src/errors';
import { frameUnits } from '../../src/interpreter/fuel';
import type { Step } from '../../src/interpreter/step';
import type { Place, TierCounts, TierMachine } from '../../src/interpreter/tiers';
import { safepointOf, slotsOfAll } from '../../src/lowering';
import type {
  Branch,
  Call,
  CallIndirect,
  CallRef,
  Move,
  Safepoint,
  Statement,
  TailCallIndirect,
} from '../../src/lowering/statements';
import { Func } from '../../src/runtime/index';
import { listsOf, type Nested, WalkedCode } from './code';
import { type OwnStack, ownStack } from './leaves';

/** Frames of an activation on the host's stack. */
const MOST_FRAMES = 4;

/** How a statement ends, unless it is a branch, which is the id of its label. */
const NEXT = -1;
const RETURN = -2;
const LEFT = -3;
const TAIL = -4;
type Signal = number;

/** How often something happened: the tests ask that it did. */
export interface Counts extends TierCounts {
  left: number;
  called: number;
  dropped: number;
}

/** A frame lies in the tier's own stack, at the words where it would lie in the machine's. */
class Frame implements Place {
  readonly code: WalkedCode;
  readonly func: Func;
  readonly fp: number;
  readonly sp: number;
  /** The call that it waits for. */
  call: { readonly offset: number; readonly callee: Func } | undefined = undefined;
  /** Whether the machine makes that call. */
  outside = false;
  constructor(code: WalkedCode, fp: number, sp: number) {
    this.code = code;
    this.func = code.func;
    this.fp = fp;
    this.sp = sp;
  }
}

/** All that is walked at a time: activations above each other, each of a few frames. */
export class Activations {
  readonly own: OwnStack;
  private readonly machine: TierMachine;
  readonly counts: Counts;
  private readonly frames: Frame[] = [];
  /** First frame of the innermost activation. */
  private bottom = 0;
  private fuel = 0;
  /** Who takes the place of a frame that ended with TAIL; the arguments lie where that began. */
  private tail: Func | undefined;

  constructor(machine: TierMachine, counts: Counts) {
    this.machine = machine;
    this.counts = counts;
    this.own = ownStack(machine.stack.ints.length);
  }

  /** A step: the function is called, or goes on in the loop that the path leads to, or, without one, behind its entry. */
  run(code: WalkedCode, fp: number, path: readonly Nested[] | undefined): Step | null {
    const outer = this.bottom;
    this.bottom = this.frames.length;
    const frame = new Frame(code, fp, this.machine.registers.sp);
    this.frames.push(frame);
    this.readFuel();
    let signal: Signal;
    try {
      signal = path === undefined ? this.begin(frame) : this.resume(frame, path);
    } catch (error) {
      this.failed();
      throw error;
    } finally {
      this.frames.length = this.bottom;
      this.bottom = outer;
    }
    return this.ended(frame, signal);
  }

  private begin(frame: Frame): Signal {
    this.counts.entered++;
    this.copyIn(frame.fp, frame.code.body.locals.paramSlots);
    return this.enter(frame);
  }

  private resume(frame: Frame, path: readonly Nested[]): Signal {
    this.counts.continued++;
    const { body } = frame.code;
    this.copyIn(frame.fp, body.slots);
    return path.length === 0
      ? this.walk(body.statements, 0, frame)
      : this.inside(body.statements, frame, path, 0);
  }

  private ended(frame: Frame, signal: Signal): Step | null {
    const { machine } = this;
    const { fp, func } = frame;
    if (signal === LEFT) return machine.left();
    this.writeFuel();
    if (signal === TAIL) {
      const callee = this.tail!;
      this.copyOut(fp, slotsOfParams(callee));
      return machine.tailCall(callee, frame);
    }
    this.copyOut(fp, slotsOfAll(func.type.results));
    return machine.returned(frame);
  }

  /** Tells the backtrace where the frames stand. */
  private failed(): void {
    const { machine, frames } = this;
    const innermost = frames[frames.length - 1];
    if (!innermost.outside) {
      machine.registers.sp = innermost.sp;
      this.writeFuel();
    }
    for (let k = this.bottom; k < frames.length; k++) {
      const { sp, func, call, outside } = frames[k];
      if (call !== undefined && !outside) machine.mark(sp, func, call.offset, call.callee);
    }
  }

  // What is true on which side

  private readFuel(): void {
    this.fuel = this.machine.registers.fuel;
  }
  private writeFuel(): void {
    this.machine.registers.fuel = this.fuel;
  }

  private copyIn(fp: number, slots: number): void {
    const { ints, refs } = this.machine.stack;
    this.own.ints.set(ints.subarray(fp, fp + 2 * slots), fp);
    const first = fp >> 1;
    for (let k = 0; k < slots; k++) this.own.refs[first + k] = refs[first + k] ?? null;
  }

  private copyOut(fp: number, slots: number): void {
    const { ints, refs } = this.machine.stack;
    ints.set(this.own.ints.subarray(fp, fp + 2 * slots), fp);
    const first = fp >> 1;
    this.machine.coverRefs(fp + 2 * slots);
    for (let k = 0; k < slots; k++) refs[first + k] = this.own.refs[first + k] ?? null;
  }

  // Safepoints

  private enter(frame: Frame): Signal {
    const { body } = frame.code;
    const { registers } = this.machine;
    this.fuel -= frameUnits(body.slots);
    if (frame.fp + 2 * body.slots > registers.maxFp || frame.sp > registers.maxSp) {
      throw trap('callStackExhausted', -1);
    }
    const { paramSlots, slots } = body.locals;
    this.own.ints.fill(0, frame.fp + 2 * paramSlots, frame.fp + 2 * slots);
    for (let k = paramSlots; k < slots; k++) this.own.refs[(frame.fp >> 1) + k] = null;
    const { quiet } = body.entry;
    if (!quiet) this.fuel--;
    if (this.frames.length - this.bottom > MOST_FRAMES) {
      this.writeFuel();
      return this.leave(frame, body.entry);
    }
    return quiet || this.mayPass(frame, body.entry) ? this.walk(body.statements, 0, frame) : LEFT;
  }

  /** After a safepoint has taken its unit. False: the frame has left. */
  private mayPass(frame: Frame, safepoint: Safepoint): boolean {
    if (this.fuel >= 0) return true;
    this.writeFuel();
    this.machine.registers.sp = frame.sp;
    if (!this.machine.refuel(frame.func)) {
      this.leave(frame, safepoint);
      return false;
    }
    this.readFuel();
    return true;
  }

  private leave(frame: Frame, safepoint: Safepoint): Signal {
    this.counts.left++;
    this.copyOut(frame.fp, frame.code.body.slots);
    this.machine.leaveAt(frame, safepoint);
    return LEFT;
  }

  // Calls

  private call(frame: Frame, { slot, site: offset }: Call | CallIndirect | CallRef, first: Func): Signal {
    const fp = frame.fp + 2 * slot;
    for (let callee = first; ; callee = this.tail!) {
      frame.call = { offset, callee };
      const code = this.machine.current(callee);
      const signal =
        code instanceof WalkedCode
          ? this.callOwn(new Frame(code, fp, frame.sp + 1))
          : this.callOutside(frame, offset, callee, fp);
      if (signal === TAIL) continue;
      if (signal === LEFT) {
        this.copyOut(frame.fp, slot);
        this.machine.leaveCall(frame, offset, callee);
        return LEFT;
      }
      frame.call = undefined;
      return NEXT;
    }
  }

  private callOwn(frame: Frame): Signal {
    this.frames.push(frame);
    const signal = this.enter(frame);
    this.frames.pop();
    return signal;
  }

  private callOutside(frame: Frame, offset: number, callee: Func, fp: number): Signal {
    this.counts.called++;
    this.copyOut(fp, slotsOfParams(callee));
    this.writeFuel();
    frame.outside = true;
    const hasReturned = this.machine.call(callee, frame, offset, fp);
    frame.outside = false;
    if (!hasReturned) return LEFT;
    this.readFuel();
    this.copyIn(fp, slotsOfAll(callee.type.results));
    return RETURN;
  }

  private calleeOf(
    { instance }: Func,
    { typeidx, tableidx, offset }: CallIndirect | TailCallIndirect,
    index: number,
    isWide: boolean,
  ): Func {
    const { elements } = instance!.tables[tableidx];
    if (isWide || index >= elements.length) throw trap('undefinedElement', offset);
    const callee = elements[index];
    if (!(callee instanceof Func)) throw trap('uninitializedElement', offset);
    if (!callee.isOf(instance!.module.types[typeidx].id)) throw trap('indirectCallType', offset);
    return callee;
  }

  /** The function that a reference in the slot at a word refers to. */
  private referred(word: number, offset: number): Func {
    const callee = this.own.refs[word >> 1];
    if (!(callee instanceof Func)) throw trap('nullFunctionReference', offset);
    return callee;
  }

  private tailCall({ fp }: Frame, callee: Func, slot: number, count: number): Signal {
    this.moveSlots(fp, 0, slot, count);
    this.tail = callee;
    return TAIL;
  }

  // Statements

  private walk(list: readonly Statement[], from: number, frame: Frame): Signal {
    for (let k = from; k < list.length; k++) {
      const signal = this.statement(list[k], frame);
      if (signal !== NEXT) return signal;
    }
    return NEXT;
  }

  /** Goes on in the middle of a list: in the loop that the path leads to. */
  private inside(list: readonly Statement[], frame: Frame, path: readonly Nested[], depth: number): Signal {
    const nested = path[depth];
    const isLast = depth === path.length - 1;
    const inner = listsOf(nested).find((statements) => isLast || statements.includes(path[depth + 1]))!;
    const first = isLast ? this.walk(inner, 0, frame) : this.inside(inner, frame, path, depth + 1);
    const signal = this.behind(nested, frame, first);
    return signal === NEXT ? this.walk(list, list.indexOf(nested) + 1, frame) : signal;
  }

  /** What a block, loop or `if` ends with, when its body has ended like this. */
  private behind(nested: Nested, frame: Frame, first: Signal): Signal {
    let signal = first;
    if (nested.kind !== 'loop') return signal === nested.label.id ? NEXT : signal;
    while (signal === nested.label.id) signal = this.walk(nested.body, 0, frame);
    return signal;
  }

  private statement(statement: Statement, frame: Frame): Signal {
    const { code, fp } = frame;
    switch (statement.kind) {
      case 'block':
      case 'loop':
        return this.behind(statement, frame, this.walk(statement.body, 0, frame));
      case 'if': {
        const list = code.leaves.value(statement.condition)(fp) !== 0 ? statement.body : statement.otherwise;
        return this.behind(statement, frame, this.walk(list, 0, frame));
      }
      case 'br':
        return this.branch(statement.branch, frame);
      case 'br_if':
        return code.leaves.value(statement.condition)(fp) !== 0 ? this.branch(statement.branch, frame) : NEXT;
      case 'br_table': {
        const { index, branches } = statement;
        const k = Math.min(code.leaves.value(index)(fp) >>> 0, branches.length - 1);
        return this.branch(branches[k], frame);
      }
      case 'return':
        return RETURN;
      case 'try':
      case 'throw':
      case 'throw_ref':
        throw new InternalError(`a ${statement.kind}, which this tier refuses`);
      case 'unreachable':
        throw trap('unreachable', statement.offset);
      case 'call':
        return this.call(frame, statement, frame.func.instance!.funcAt(statement.funcidx));
      case 'call_indirect': {
        const index = code.leaves.value(statement.index)(fp) >>> 0;
        return this.call(frame, statement, this.calleeOf(frame.func, statement, index, false));
      }
      case 'call_ref':
        return this.call(frame, statement, this.referred(fp + 2 * statement.callee, statement.offset));
      case 'tail_ref': {
        const { slot, count, offset } = statement;
        return this.tailCall(frame, this.referred(fp + 2 * (slot + count), offset), slot, count);
      }
      case 'tail': {
        const callee = frame.func.instance!.funcAt(statement.funcidx);
        return this.tailCall(frame, callee, statement.slot, statement.count);
      }
      case 'tail_indirect': {
        const { slot, count, tableidx } = statement;
        const word = fp + 2 * (slot + count);
        const wide = frame.func.instance!.tables[tableidx].type.address === 'i64';
        const isWide = wide && this.own.ints[word + 1] !== 0;
        const callee = this.calleeOf(frame.func, statement, this.own.ints[word] >>> 0, isWide);
        return this.tailCall(frame, callee, slot, count);
      }
      case 'effect': {
        const effect = code.leaves.effect(statement, this.machine);
        this.onMachine(frame, statement.slot, effect);
        return NEXT;
      }
      case 'bulk': {
        const bulk = code.leaves.bulk(statement, this.machine);
        this.onMachine(frame, statement.slot, (word) => {
          while (!bulk(word));
        });
        return NEXT;
      }
      case 'set':
      case 'move':
      case 'drop':
      case 'store':
      case 'vector.store':
      case 'global.set':
        this.simple(statement, frame);
        return NEXT;
    }
  }

  /** Something that works on the machine's slots, from this one of the frame on. */
  private onMachine({ code, fp, sp }: Frame, slot: number, work: (word: number) => void): void {
    const { registers } = this.machine;
    const word = fp + 2 * slot;
    this.copyOut(word, code.body.slots - slot);
    this.writeFuel();
    registers.fp = fp;
    registers.sp = sp;
    work(word);
    this.readFuel();
    this.copyIn(word, code.body.slots - slot);
  }

  private branch(branch: Branch, frame: Frame): Signal {
    const { label, moves } = branch;
    const safepoint = safepointOf(branch);
    for (const move of moves) this.simple(move, frame);
    if (safepoint !== undefined) {
      this.fuel--;
      if (!this.mayPass(frame, safepoint)) return LEFT;
    }
    return label.kind === 'func' ? RETURN : label.id;
  }

  private simple(
    statement: Move | Extract<Statement, { kind: 'store' | 'vector.store' | 'global.set' }>,
    frame: Frame,
  ): void {
    if (statement.kind === 'move') this.moveSlots(frame.fp, statement.to, statement.from, statement.count);
    else frame.code.leaves.statement(statement)(frame.fp);
  }

  private moveSlots(fp: number, to: number, from: number, count: number): void {
    const { ints, refs } = this.own;
    ints.copyWithin(fp + 2 * to, fp + 2 * from, fp + 2 * (from + count));
    const first = fp >> 1;
    for (let k = 0; k < count; k++) refs[first + to + k] = refs[first + from + k] ?? null;
  }
}

function slotsOfParams({ type }: Func): number {
  return slotsOfAll(type.params);
}
