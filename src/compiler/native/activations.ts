/**
 * Native code as it runs: activations, each begun by a step of the machine's trampoline and ended by a return, an exception or by leaving.
 * They nest, since what native code calls out may come back in. This is the tier's side of src/interpreter/tiers.ts.
 *
 * An activation may measure (state.ts) what the store's limits leave, and no more than fits on the host's stack: there native frames leave,
 * and are begun anew.
 */
import { trap } from '../../errors';
import type { Step } from '../../interpreter/step';
import type { BriefCall, TierCounts, TierMachine } from '../../interpreter/tiers';
import { Exception, type Func } from '../../runtime';
import { Activation } from './activation';
import { type Caller, CallsOut } from './calls-out';
import { Crossing } from './crossing';
import { Handling } from './handling';
import type { HostWebAssembly } from './host';
import type { EnterNative, NativeInstance, RuntimeImports } from './native-instance';
import { land, leave } from './spilled';
import { FRAME_WEIGHT, firstPlace, slotsAt } from './state';
import { type Listed, listedIn, traceHere, trapFrom } from './traps';

/** In the place of a point. */
const ENTRY = -2;
/** Native frames that may be left for that: those below it go on in the interpreter. */
const MOST_LEFT = 4;
/** Units of a slice that tells what is worth it. Shorter ones are those in which something was made, and those behind them (src/interpreter/pace.ts). */
const LEAST_USED = 64;

/** Nested ones get a quarter as much each, but no less than this part of all. */
const LEAST_SHARE = 1 / 64;

type HelperOfNumbers = (a: number, b: number, c: number, d: number, e: number, f: number) => number;

/** A function that runs natively, and what enters functions of its type. */
export interface Entered {
  readonly native: NativeInstance;
  readonly func: Func;
  readonly enter: EnterNative;
  /** With arguments and result as JavaScript has them. */
  readonly enterDirectly: EnterNative;
  /** Whether both are one. */
  readonly isDirect: boolean;
}

export class Activations implements Caller {
  readonly crossing: Crossing;
  readonly imports: RuntimeImports;
  readonly machine: TierMachine;
  readonly callsOut: CallsOut;
  private readonly host: HostWebAssembly;
  private readonly counts: TierCounts;
  /** What is thrown so that native frames leave. */
  readonly leaving: object = {};
  current: Activation | undefined;
  readonly handling: Handling;
  /** The innermost activation is of this call, which has not taken the machine. */
  private brief: BriefCall | undefined;
  /** Units that the next boundary takes besides those that native code has counted; not positive. */
  private owed = 0;
  /** What native code went on with, what it has used in all, and had when a slice last ended in a loop of it. */
  private lent = 0;
  used = 0;
  private usedBefore = 0;
  /** The point of the loop, or ENTRY, that the innermost frame is about to leave from, which does not note that itself; or -1. */
  private leftFrom = -1;
  /** The number of the loop at which the continuation begins that is entered. */
  private entry = -1;
  /** The fuel that the last function had left which has returned directly. */
  private left = 0;
  /** What has been thrown into native frames, an `Exception` as itself, until something handles it: frames that leave in place throw it again. */
  private thrown: unknown = undefined;
  /** Where errors were thrown that have come into native frames, by the host's traces. */
  private readonly traces = new WeakMap<Error, Error>();

  constructor(machine: TierMachine, host: HostWebAssembly, counts: TierCounts) {
    this.machine = machine;
    this.counts = counts;
    this.host = host;
    this.handling = new Handling(this, host);
    this.crossing = new Crossing(machine.stack);
    this.callsOut = new CallsOut(this);
    const { throwing, raising, caught } = this.handling;
    const { pushI32, pushFour, pushI64, pushRef, takeI32, takeI64, takeRef } = this.crossing;
    this.imports = {
      enter: this.noting((id, fuel, base) => this.enter(id, fuel, base)),
      loop: this.noting((id, pointidx, fuel, base) => this.loop(id, pointidx, fuel, base)),
      owe: this.noting((fuel) => this.owe(fuel)),
      throwOn: () => this.throwOn(),
      frame: (id: number, pointidx: number, base: number) => this.frame(id, pointidx, base),
      pushI32,
      pushFour,
      pushI64,
      pushRef,
      takeI32,
      takeI64,
      takeRef,
      entry: () => this.entry,
      load: this.noting((id) => this.load(id)),
      out: this.noting((id, fuel, place) => this.callsOut.out(id, fuel, place)),
      done: (fuel: number, g: number, h: number, i: number, j: number) => {
        this.left = fuel;
        this.current!.native.handed?.give(g, h, i, j);
      },
      fuel: () => this.lend(),
      effect: this.noting((number, fuel) => this.effect(number, fuel)),
      throwing,
      raising,
      caught,
      bulk: this.noting((to, from, count, number, fuel, base) =>
        this.bulk([to, from, count], number, fuel, base),
      ),
    };
  }

  /** What native frames can throw on. */
  noted<Thrown>(thrown: Thrown): Thrown {
    this.thrown = thrown;
    if (thrown instanceof Error) this.traces.set(thrown, traceHere());
    return thrown;
  }
  private noting(run: HelperOfNumbers): HelperOfNumbers {
    return (a, b, c, d, e, f) => {
      try {
        return run(a, b, c, d, e, f);
      } catch (error) {
        throw this.noted(error);
      }
    };
  }
  /** What nobody has noted is the host's: its stack has ended. */
  private throwOn(): never {
    const { thrown } = this;
    if (thrown === undefined) throw new RangeError('Maximum call stack size exceeded');
    throw thrown instanceof Exception ? this.handling.wrapped(thrown) : thrown;
  }

  /**
   * A step: the function at this index of the table of functions runs, and takes its values from `fp` on. `entry`: of a continuation, the
   * number of the loop.
   */
  run(entered: Entered, index: number, fp: number, entry = -1): Step | null {
    const { native, func } = entered;
    native.takeGlobals();
    const activation = this.begin(native, func, fp);
    this.enterAt(entered, activation, index, entry);
    return this.goOn(entered, activation);
  }
  /** Native code has returned or left: that is the end of it, or a function goes on in better code. */
  private goOn(entered: Entered, first: Activation, call?: BriefCall): Step | null {
    const { native, func } = entered;
    let activation = first;
    while (activation.anew !== undefined) {
      land(this.machine, this.crossing, native.program, activation.frames[0]);
      const { continuation, entry } = activation.anew;
      activation = this.begin(native, func, activation.fp);
      this.enterAt(entered, activation, native.continuation(continuation), entry);
      this.counts.continued++;
    }
    return this.ended(activation, call);
  }
  private enterAt(entered: Entered, activation: Activation, index: number, entry: number): void {
    const { crossing } = this;
    this.current = activation;
    this.entry = entry;
    crossing.clear();
    try {
      activation.isDirect = entered.isDirect;
      if (entered.isDirect) activation.result = this.enterFromSlots(entered, activation, index);
      else {
        crossing.offer(activation.fp);
        this.count(entered.enter(index, this.lend(), activation.place) as number);
      }
    } catch (error) {
      this.thrown = undefined;
      if (error !== this.leaving) throw this.failed(activation, error);
    } finally {
      this.current = activation.outer;
    }
  }

  private enterFromSlots({ enter, func }: Entered, { place, fp }: Activation, index: number): unknown {
    const { params } = func.type;
    const { crossing } = this;
    const [a, b, c, d, e, f] = crossing.integers(params, fp);
    // A continuation takes what lies behind the parameters.
    crossing.offer(fp + 2 * params.length);
    const result = enter(index, this.lend(), place, a, b, c, d, e, f);
    this.count(this.left);
    return result;
  }

  /** Makes a call whose arguments lie in no slots, of a function that takes them directly. */
  make(entered: Entered, call: BriefCall): void {
    const { native, func, enterDirectly } = entered;
    native.takeGlobals();
    const { sp, top } = this.machine.registers;
    const { maxFrames, maxSlots } = func.store.limits;
    const maxFp = Math.min(top + 2 * maxSlots, this.machine.stack.ints.length);
    const activation = this.beginAt(native, func, top, sp + 1, sp + maxFrames, maxFp);
    const { args, fuel } = call;
    activation.isDirect = true;
    this.current = activation;
    this.brief = call;
    this.entry = -1;
    this.lent = fuel;
    this.crossing.clear();
    try {
      const [a, b, c, d, e, f] = args;
      const result = enterDirectly(func.funcidx, fuel, activation.place, a, b, c, d, e, f);
      if (this.brief === call) {
        this.brief = undefined;
        this.current = activation.outer;
        this.used += fuel - this.left;
        call.left = this.left;
        native.returned(sp + 1);
        if (native.handed === undefined) native.giveGlobals();
        call.result = result;
        call.isDone = true;
        return;
      }
      this.count(this.left);
      activation.result = result;
      call.ending = () => this.goOn(entered, activation, call);
    } catch (error) {
      this.thrown = undefined;
      // Here is room: whoever made the call has looked.
      this.becomeExecution();
      call.ending = () => {
        if (error !== this.leaving) throw this.failed(activation, error);
        return this.goOn(entered, activation, call);
      };
    }
    this.current = activation.outer;
  }
  /** Whether plain functions may be called with native frames on the host's stack. */
  get mayCallPlain(): boolean {
    return this.machine.mayCallPlain(this.brief === undefined);
  }
  /** What runs natively has the machine from now on: before the machine does anything for it. */
  takeMachine(): void {
    if (this.brief === undefined) return;
    if (!this.machine.hasRoom()) throw this.noted(trap('callStackExhausted', -1));
    this.becomeExecution();
  }
  /** The same where the host's stack has room. */
  becomeExecution(): void {
    const { brief } = this;
    this.brief = undefined;
    brief?.takeMachine();
  }

  private begin(native: NativeInstance, func: Func, fp: number): Activation {
    const { sp, maxSp, maxFp } = this.machine.registers;
    return this.beginAt(native, func, fp, sp, maxSp, maxFp);
  }
  private beginAt(
    native: NativeInstance,
    func: Func,
    fp: number,
    sp: number,
    maxSp: number,
    maxFp: number,
  ): Activation {
    const outer = this.current;
    const share = outer === undefined ? 1 : Math.max(outer.share / 4, LEAST_SHARE);
    const most = Math.floor(native.program.most * share);
    const room = Math.min(most, (maxFp - fp) >> 1, FRAME_WEIGHT * (maxSp - sp));
    return new Activation(native, func, fp, sp, most, firstPlace(Math.max(0, room)), outer, share);
  }

  private ended(activation: Activation, call: BriefCall | undefined): Step | null {
    const { machine, crossing } = this;
    const { native, func, fp, sp, frames, returned, tail, isDirect, result } = activation;
    if (frames.length === 0 && tail === undefined) {
      native.returned(sp);
      if (!isDirect) crossing.toStack(func.type.results, fp);
      else if (call === undefined) crossing.putNumbers(func.type.results, [result], fp);
      else {
        call.result = result;
        call.isDone = true;
      }
      if (!isDirect || native.handed === undefined) native.giveGlobals();
      return machine.returned(activation);
    }
    native.giveGlobals();
    if (frames.length === 0) return machine.tailCall(tail!, activation);
    const { registers } = machine;
    const stopped = { sp: registers.sp, fp: registers.fp };
    const first = native.instance.funcAt(native.program.funcidxOf(frames[frames.length - 1].id));
    if (first !== func) machine.tailCall(first, { func, fp, sp });
    registers.sp = stopped.sp;
    registers.fp = stopped.fp;
    leave(machine, crossing, native, frames, activation.callee, activation.rest);
    return returned === undefined ? machine.left() : machine.returned(returned);
  }

  /** The fuel that native code goes on with. It is never negative, since a loop would take that for its own: what is owed is kept here. */
  lend(): number {
    const { fuel } = this.machine.registers;
    this.lent = Math.max(fuel, 0);
    if (fuel < 0) this.owed = fuel;
    return this.lent;
  }
  /** Native code has so much of it left. */
  count(fuel: number): void {
    this.used += this.lent - fuel;
    this.machine.registers.fuel = fuel + this.owed;
    this.owed = 0;
  }

  // What emitted code calls

  private owe(fuel: number): number {
    this.takeMachine();
    this.count(fuel);
    return this.lend();
  }

  private enter(id: number, fuel: number, base: number): number {
    this.takeMachine();
    const activation = this.current!;
    const { machine } = this;
    const { registers } = machine;
    const { localSlots, slots } = activation.native.program.frameSize(id);
    const sp = activation.spOf(base);
    const below = slotsAt(base, activation.place) - localSlots;
    if (sp > registers.maxSp || activation.fp + 2 * (below + slots) > registers.maxFp)
      throw trap('callStackExhausted', -1);
    const isFull =
      below + FRAME_WEIGHT * (sp - activation.sp) > activation.most ||
      (sp > activation.sp && activation.native.isStackFull);
    if (!isFull && fuel >= 0) return fuel;
    this.count(fuel);
    registers.sp = sp;
    if (!isFull && this.refuel(activation, this.funcOf(activation, id))) return this.lend();
    this.leftFrom = ENTRY;
    throw this.leaving;
  }

  private loop(id: number, pointidx: number, fuel: number, base: number): number {
    this.takeMachine();
    const activation = this.current!;
    const { registers } = this.machine;
    this.count(fuel);
    registers.sp = activation.spOf(base);
    const used = this.used - this.usedBefore;
    this.usedBefore = this.used;
    const isNear = registers.sp - activation.sp < MOST_LEFT && used >= LEAST_USED;
    const { native } = activation;
    const func = this.funcOf(activation, id);
    const isAlone = registers.sp === activation.sp && func === activation.func;
    const isTime = isNear && native.sliceEnded(id, pointidx, registers.sp, isAlone);
    const anew = isTime ? native.program.continuationAt(id, pointidx) : undefined;
    // Those below others leave with these, and all are the machine's until they come up again.
    if ((anew === undefined || isAlone) && this.refuel(activation, func)) {
      if (anew === undefined) return this.lend();
      activation.anew = anew;
    }
    this.leftFrom = pointidx;
    throw this.leaving;
  }

  /** Whether there is more fuel, and the activation may go on. */
  private refuel(activation: Activation, func: Func, units: 0 | 1 = 1): boolean {
    if (this.mustEnd(activation) || !this.machine.refuel(func, units)) return false;
    // Who has been asked for a deadline may have asked for a buffer.
    return !activation.native.held.haveMoved;
  }

  /** Whether the instance had better run elsewhere, and can when this activation has ended. */
  mustEnd({ native, outer }: Activation): boolean {
    return native.isBetterElsewhere && !isWithin(native, outer);
  }
  /** A call of a function whose native code has been given up begins where that is decided now. */
  begunElsewhere(func: Func, fp: number): Step | null {
    return this.machine.tailCall(func, { func, fp, sp: this.machine.registers.sp });
  }
  /** Whether anything of the instance runs natively. */
  isRunning(native: NativeInstance): boolean {
    return isWithin(native, this.current);
  }

  private funcOf({ native }: Activation, id: number): Func {
    return native.instance.funcAt(native.program.funcidxOf(id));
  }

  private frame(id: number, pointidx: number, base: number): void {
    const activation = this.current!;
    const { frames, native, place } = activation;
    const { crossing } = this;
    if (frames.length === 0) crossing.clear();
    const { program } = native;
    const { localSlots } = program.frameSize(id);
    const fp = activation.fp + 2 * (slotsAt(base, place) - localSlots);
    const { leftFrom } = this;
    this.leftFrom = -1;
    const from = leftFrom === ENTRY ? program.entryOf(id) : leftFrom < 0 ? pointidx : leftFrom;
    frames.push({ id, pointidx: from, fp, sp: activation.spOf(base), first: crossing.count });
  }

  /** To call it in the machine would put another activation on the host's stack. */
  private load(id: number): number {
    this.takeMachine();
    return Number(this.machine.current(this.current!.native.instance.funcAt(id)) !== undefined);
  }

  private effect(number: number, fuel: number): number {
    this.takeMachine();
    const activation = this.current!;
    const { crossing, machine } = this;
    // The slots of native frames hold nothing until these leave.
    const { fp } = activation;
    this.count(fuel);
    if (fp + SLOTS_OF_EFFECT > machine.stack.ints.length) throw trap('callStackExhausted', -1);
    crossing.allToStack(fp);
    activation.native.effect(number, machine)(fp);
    if (this.mustEnd(activation)) machine.withhold();
    crossing.offer(fp);
    return this.lend();
  }

  /**
   * Somebody may stop it between two parts: what memory costs that is touched for the first time, no count of fuel tells. Nothing is lost
   * then but the native frames: the interpreter goes on with what is left.
   */
  private bulk(operands: readonly number[], number: number, fuel: number, base: number): number {
    this.takeMachine();
    const activation = this.current!;
    const { machine, crossing } = this;
    const { native, fp } = activation;
    const { ints } = machine.stack;
    this.count(fuel);
    if (fp + SLOTS_OF_EFFECT > ints.length) throw trap('callStackExhausted', -1);
    // `table.fill` has pushed its reference, the middle one.
    if (crossing.count > 0) crossing.allToStack(fp + 2);
    operands.forEach((operand, k) => {
      ints[fp + 2 * k] = operand;
    });
    const part = native.bulk(number, machine);
    const func = native.instance.funcAt(native.helped(number).funcidx);
    while (!part(fp)) {
      machine.registers.sp = activation.spOf(base);
      if (this.refuel(activation, func, 0)) continue;
      activation.rest = ints.slice(fp, fp + WORDS_OF_BULK);
      throw this.leaving;
    }
    return this.lend();
  }

  // Traps

  /** What an exception is that comes out of native code. The frames that wait are marked for its backtrace. */
  private failed(activation: Activation, error: unknown): unknown {
    const { native } = activation;
    this.owed = 0;
    // Native frames tell nothing apart: they have handed over what they had, and nobody wants it.
    this.crossing.clear();
    native.giveGlobals();
    const raised = this.handling.goesOn(error, activation);
    if (raised !== undefined) return raised;
    if (!(error instanceof Error)) return this.machine.passing(error, activation);
    const isPassed = this.callsOut.passed.has(error);
    const listed = listedIn((this.traces.get(error) ?? error).stack);
    const sp = this.marked(activation, listed, isPassed);
    if (isPassed) return error;
    this.machine.registers.sp = sp;
    const isHosts = error instanceof this.host.RuntimeError;
    return isHosts ? trapFrom(error.message, listed.places[0], native) : error;
  }

  /**
   * Marks the frames of an activation for a backtrace; `isPassed`: all of them wait for a call. Where the innermost one is then. Where the list is cut,
   * the frame of the activation's function stands for the others, and nobody knows where that stands.
   */
  marked(activation: Activation, { places, isCut }: Listed, isPassed: boolean): number {
    const { machine } = this;
    const { native, sp } = activation;
    const { instance } = native;
    const { length } = places;
    if (length === 0) return sp;
    const last = instance.funcAt(places[length - 1].funcidx);
    const hasMore = isCut && last !== activation.func;
    const first = hasMore ? sp + 1 : sp;
    if (hasMore) machine.mark(sp, undefined, 0, last);
    places.forEach(({ funcidx, offset }, k) => {
      if (k === 0 && !isPassed) return;
      const callee = k === 0 ? activation.callee : instance.funcAt(places[k - 1].funcidx);
      const start = instance.module.codeStart[funcidx - instance.module.importedFuncs];
      machine.mark(first + length - 1 - k, instance.funcAt(funcidx), offset - start, callee);
    });
    return first + length - 1;
  }
}

/** Whether an activation of the instance is among these, from the innermost outwards. */
function isWithin(native: NativeInstance, activation: Activation | undefined): boolean {
  for (let at = activation; at !== undefined; at = at.outer) if (at.native === native) return true;
  return false;
}

/** Words that the operands of an instruction take at most, and its result. */
const SLOTS_OF_EFFECT = 8;
/** Three operands, of a slot each. */
const WORDS_OF_BULK = 6;
