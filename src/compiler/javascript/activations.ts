/**
 * Compiled code as it runs: activations, each begun by a step of the machine's trampoline and ended by a return, an exception or by leaving.
 * They nest, since what is called out of one may come back in. This is the tier's side of src/interpreter/tiers.ts. The short names are
 * what emitted text uses (functions.ts).
 *
 * Depth is counted: `maxSp` and `maxFp` are what fits on the host's stack (frames.ts), and no more than what the execution allows. There frames
 * leave at the entry of the callee, and are begun anew.
 *
 * Each entry takes a unit of fuel, so `k` units lead no more than `k` frames deeper. As many as there is room for are set aside for entries:
 * an entry that takes one of them looks at nothing else. When they are used up, the next one looks at the depth and at the fuel.
 */
import { F32, F64, I32, I64 } from '../../decoder';
import type { Safepoint } from '../../decoder/safepoints';
import { InternalError, trap } from '../../errors';
import type { Step } from '../../interpreter/step';
import type { Place, TierMachine } from '../../interpreter/tiers';
import { Func, type Instance } from '../../runtime';
import { words as pair } from '../../runtime/numerics';
import type { Cell, CodeRecord, Continuation, StackCall } from './cells';
import { isOutside } from './data-views';
import { framesAbove, LEAST_SHARE, wideFramesAbove, wordsFor } from './frames';
import { raise } from './helpers';
import type { Rehearsing } from './rehearsal';
import type { Site } from './statements';
import { Stubs } from './stubs';

/** Elements of the counter of fuel. V8 knows where an array lies that is too long for its own heap, and code has the address in it. */
const COUNTER_LENGTH = 32;
/** What is owed beyond this is kept elsewhere while texts count. */
const LEAST_FUEL = -(2 ** 30);
/** No more than this part of the fuel is set aside for entries: loops do not have it, and leave so much earlier. */
const MOST_ASIDE = 1 / 2;

/** No exception is on its way. */
const NOTHING = Symbol('nothing');

/** What a step enters. */
export interface Entered {
  readonly func: Func;
  /** Of its frame. */
  readonly words: number;
  readonly call: StackCall;
  /** Puts what was returned on the stack. */
  readonly put: (fp: number, result: unknown) => void;
}

export class Activations implements Rehearsing {
  /** Not 0: a callee has left, and so must its caller. It has returned undefined, as no other does, but for references. */
  u = 0;
  /** See rehearsal.ts. */
  rehearsed: number | undefined;
  /** Who takes the place of the frame that has returned. */
  t: Cell | null = null;
  /** Not negative: the number of the site at which a continuation has ended. */
  p = -1;
  maxSp = 0;
  /** The same for frames that are large on the host's stack. */
  wideSp = 0;
  maxFp = 0;
  /**
   * The fuel, while texts run, and behind it what is set aside of it for entries: of 32 bits, which V8 counts down without looking at what they
   * are. Whenever something else runs it is in the machine's registers.
   */
  readonly counter = new Int32Array(COUNTER_LENGTH);
  /** What it is less than that. */
  private owed = 0;
  /** By type: puts a number on the stack. */
  readonly put: Readonly<Record<number, (fp: number, value: number) => void>>;
  readonly stubs: Stubs;
  private readonly machine: TierMachine;
  /** The frame that the innermost activation began with. */
  private base: Place | undefined;
  private share = 1;
  /** Of the innermost frame that has left or thrown: whom the next one waits for. */
  private waits: Func | undefined;
  private failed: unknown = NOTHING;
  /** A part of the innermost frame has told of it. */
  private isWithin = false;
  /** A tail call out of the first frame. */
  private tail: Func | undefined;

  constructor(machine: TierMachine) {
    this.machine = machine;
    const { ints, floats, doubles } = machine.stack;
    this.put = {
      [I32]: (fp, value) => {
        ints[fp] = value;
      },
      [I64]: (fp, value) => {
        ints[fp] = value;
        ints[fp + 1] = pair.hi;
      },
      [F32]: (fp, value) => {
        if (!Number.isNaN(value)) floats[fp] = value;
      },
      [F64]: (fp, value) => {
        if (!Number.isNaN(value)) doubles[fp >> 1] = value;
      },
    };
    this.stubs = new Stubs(this, machine.stack);
  }

  /** A step: code runs on the frame at `fp`. */
  run({ func, words, call, put }: Entered, fp: number): Step | null {
    const { machine } = this;
    const { registers } = machine;
    const { sp } = registers;
    const { base, share, maxSp, wideSp, maxFp } = this;
    const place: Place = { func, fp, sp };
    if (base !== undefined) this.share = Math.max(share / 2, LEAST_SHARE);
    this.base = place;
    const room = registers.maxFp - fp - words;
    this.maxSp = Math.min(registers.maxSp, sp + framesAbove(room, this.share));
    this.wideSp = Math.min(this.maxSp, sp + wideFramesAbove(this.share));
    this.maxFp = fp + wordsFor(words, room, this.share);
    let result: unknown;
    this.takeFuel();
    this.setAside(sp);
    try {
      result = call(fp, sp);
      while (this.t !== null) result = this.follow(fp, sp);
    } catch (error) {
      this.failed = NOTHING;
      this.t = null;
      throw error;
    } finally {
      this.giveFuel();
      this.base = base;
      this.share = share;
      this.maxSp = maxSp;
      this.wideSp = wideSp;
      this.maxFp = maxFp;
    }
    if (this.u === 0) {
      put(fp, result);
      return machine.returned(place);
    }
    this.u = 0;
    const { tail } = this;
    if (tail === undefined) return machine.left();
    this.tail = undefined;
    return machine.tailCall(tail, place);
  }

  // Fuel

  /** Texts count it from now on. */
  takeFuel(): void {
    const { fuel } = this.machine.registers;
    const counted = Math.max(fuel, LEAST_FUEL);
    this.counter[0] = counted;
    this.counter[1] = 0;
    this.owed = fuel - counted;
  }
  /** The machine counts it. */
  giveFuel(): void {
    const { counter, owed } = this;
    this.machine.registers.fuel = counter[0] + counter[1] + owed;
  }

  /** For entries above a frame at `sp`, none of which leads too deep. */
  private setAside(sp: number): void {
    const { counter, maxSp } = this;
    const entries = Math.max(0, Math.min(maxSp - sp, Math.floor(counter[0] * MOST_ASIDE)));
    counter[0] -= entries;
    counter[1] = entries;
  }

  /** What the machine does for a text, where it may take fuel. */
  paying<Result>(work: (word: number) => Result): (word: number) => Result {
    return (word) => {
      this.giveFuel();
      try {
        return work(word);
      } finally {
        this.takeFuel();
      }
    };
  }

  /** Whether the fuel, which is used up, has been replaced: nobody wants to stop. */
  private refuel(func: Func, sp: number): boolean {
    const { machine } = this;
    machine.registers.sp = sp;
    this.giveFuel();
    const isNew = machine.refuel(func);
    this.takeFuel();
    return isNew;
  }

  // Safepoints

  /**
   * The entry's unit has been taken, and what is set aside is used up or the room may be. The number of the site where the frame leaves, its
   * entry; negative: it goes on.
   */
  enter(code: CodeRecord, end: number, sp: number): number {
    const { counter, machine, rehearsed } = this;
    if (rehearsed !== undefined) return rehearsed;
    const leaves = end > this.maxFp || sp > (code.isWide ? this.wideSp : this.maxSp);
    counter[0] += counter[1] + 1;
    counter[1] = 0;
    this.room(code, end, sp);
    counter[0] -= 1;
    machine.registers.sp = sp;
    if (leaves || (counter[0] < 0 && !this.refuel(code.func, sp))) return 0;
    this.setAside(sp);
    return -1;
  }

  /**
   * The room for a frame may be used up: the trap, if it is. A large frame that cannot leave may take the words of small ones above it: these
   * then look closer. The frame below, which counts its fuel itself, need not know: what was set aside for them is not in its count.
   */
  room({ func }: CodeRecord, end: number, sp: number): void {
    const { counter } = this;
    const { registers } = this.machine;
    if (end > this.maxFp) {
      this.maxSp = this.wideSp = Math.min(this.maxSp, sp);
      this.owed += counter[1];
      counter[1] = 0;
    }
    if (end <= registers.maxFp && sp <= registers.maxSp) return;
    const error = trap('callStackExhausted', -1);
    registers.sp = sp;
    this.failed = error;
    this.waits = func;
    throw error;
  }

  /** The values of a frame are in their slots: it stands at a site. What the function returns; undefined: it has left. */
  leave(code: CodeRecord, pc: number, fp: number, sp: number): unknown {
    if (this.rehearsed !== undefined) return 0;
    const site = code.sites[pc];
    const following = this.following(code, site, sp);
    if (following !== undefined) return this.runFrom(following, fp, sp);
    this.left(code, site.safepoint, fp, sp);
    return undefined;
  }

  /** Runs a frame, whose values are in their slots, by a continuation and those that follow it. What the function returns, as above. */
  runFrom(continuation: Continuation, fp: number, sp: number): unknown {
    let next = continuation;
    for (;;) {
      const { call, code } = next;
      const result = call(fp, sp);
      const { p } = this;
      if (p < 0) return result;
      this.p = -1;
      const site = code.sites[p];
      const following = this.following(code, site, sp);
      if (following === undefined) {
        this.left(code, site.safepoint, fp, sp);
        return undefined;
      }
      next = following;
    }
  }

  /** What runs a frame on from a loop, where the fuel is used up or may be too little for the loop; undefined when it leaves. */
  private following(
    { func, continuation, frugal }: CodeRecord,
    { safepoint: { kind, targetLoop }, isShort }: Site,
    sp: number,
  ): Continuation | undefined {
    if (kind !== 'loop') return undefined;
    const { counter } = this;
    const aside = counter[1];
    counter[0] += aside;
    counter[1] = 0;
    const isEnough = aside > 0 && counter[0] >= 0;
    if (isShort) return (isEnough ? continuation(targetLoop) : undefined) ?? frugal(targetLoop);
    return isEnough || this.refuel(func, sp) ? continuation(targetLoop) : undefined;
  }

  private left({ func }: CodeRecord, safepoint: Safepoint, fp: number, sp: number): void {
    const { machine } = this;
    const place: Place = { func, fp, sp };
    if (safepoint.kind === 'call') machine.leaveCall(place, safepoint.offset, this.waits!);
    else machine.leaveAt(place, safepoint);
    this.waits = func;
    this.u = 1;
  }

  cover(end: number): void {
    this.machine.coverRefs(end);
  }

  // Exceptions

  /**
   * An exception leaves a frame, which may wait for a call at `pc`. `fuel` is what the frame has counted, if it counts; it counts where
   * nothing was written back for a callee. `at`: the access by a DataView that the frame has begun last.
   */
  thrown(thrown: unknown, code: CodeRecord, pc: number, at: number, sp: number, fuel?: number): unknown {
    if (this.isWithin) {
      this.isWithin = false;
      return thrown;
    }
    const { machine } = this;
    const isAccess = this.failed !== thrown && isOutside(thrown);
    const error = isAccess ? trap('memoryBounds', at) : thrown;
    const { safepoint, isSilent } = code.sites[pc];
    const isInnermost = this.failed !== error;
    if (isInnermost) {
      this.failed = error;
      machine.registers.sp = sp;
    } else {
      machine.mark(sp, code.func, safepoint.offset, this.waits);
    }
    if (fuel !== undefined && (isInnermost || isSilent)) this.counter[0] = fuel;
    this.waits = code.func;
    return error;
  }

  /** The same in a part of the frame's function (split.ts), which throws it on to that. */
  within(...thrown: Parameters<Activations['thrown']>): unknown {
    const error = this.thrown(...thrown);
    this.isWithin = true;
    return error;
  }

  // Calls

  /** The callee, with its arguments on the stack, is called by the machine. False: it has stopped, and its caller leaves. */
  out(callee: Func, fp: number, sp: number): boolean {
    const { func, fp: first } = this.baseFrame();
    this.giveFuel();
    try {
      // Who calls is told when the frame leaves or an exception passes: until then it is as good as the first frame.
      if (this.machine.call(callee, { func, fp: first, sp: sp - 1 }, 0, fp)) return true;
    } catch (error) {
      this.failed = error;
      this.waits = callee;
      throw error;
    } finally {
      this.takeFuel();
      this.setAside(sp);
    }
    this.waits = callee;
    this.u = 1;
    return false;
  }

  private baseFrame(): Place {
    if (this.base === undefined) throw new InternalError('compiled code runs outside of an activation');
    return this.base;
  }

  /** Goes on with whom a frame has called by a tail call. */
  follow(fp: number, sp: number): unknown {
    const cell = this.t!;
    this.t = null;
    if (cell.g !== undefined) return cell.g(fp, sp);
    if (sp === this.baseFrame().sp) {
      this.tail = cell.func;
      this.u = 1;
      return undefined;
    }
    return this.stubs.callWithStack(cell.func, fp, sp);
  }

  /** The cell of what a reference refers to. */
  referred(reference: unknown, at: number): Cell {
    if (!(reference instanceof Func)) return raise('nullFunctionReference', at);
    return this.stubs.cellOf(reference);
  }

  /** The cell of an element of a table that is not plainly of the type, or the trap. */
  element({ func }: CodeRecord, tableidx: number, index: number, typeId: number, at: number): Cell {
    const { elements } = (func.instance as Instance).tables[tableidx];
    if (index >= elements.length) return raise('undefinedElement', at);
    const callee = elements[index];
    if (!(callee instanceof Func)) return raise('uninitializedElement', at);
    if (!callee.isOf(typeId)) return raise('indirectCallType', at);
    return this.stubs.cellOf(callee);
  }
}
