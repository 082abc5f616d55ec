/**
 * Native code as it runs: activations, each begun by a step of the machine's trampoline and ended by a return, an exception or by leaving.
 * They nest, since what native code calls out may come back in. This is the tier's side of src/interpreter/tiers.ts.
 *
 * A place (layout.ts) is made of what `registers` call `sp` and `fp`, each raised so that it has its sign bit set beyond the limit of the activation:
 * that of the execution, or before it what fits on the host's stack. There native frames leave, and are begun anew.
 */
import { trap } from '../../errors';
import type { Step } from '../../interpreter/step';
import type { Place, TierMachine } from '../../interpreter/tiers';
import type { Func } from '../../runtime';
import { Crossing } from './crossing';
import { slotsIn } from './function-writer';
import type { HostWebAssembly } from './host';
import type { Helpers, NativeInstance } from './native-instance';
import { leave, type SpilledFrame } from './spilled';
import { UNWINDING } from './state';
import { originsOf, tracedFrames, trapFrom } from './traps';

/**
 * A loop that has run for so many slices is left, and entered again: the host's engine replaces no code on its stack, and takes its better
 * code of a function only where that begins (V8; bench/results.md).
 */
const RISES: ReadonlySet<number> = new Set([1, 5, 17, 53, 161, 485]);
/** Native frames that may be left for that: those below it go on in the interpreter. */
const MOST_LEFT = 4;

/** Native frames of an activation, and slots of them together: about half of the host's stack, whose frames are longer than ours. */
const MOST_FRAMES = 2000;
const MOST_WORDS = 40_000;
/**
 * What the host's optimising compiler keeps on the stack grows with the code, not with our slots: bytes that all frames may have when they
 * are of the longest function, and how many bytes of its code stand for one of its frame.
 */
const STACK_BYTES = 400_000;
const CODE_PER_BYTE = 4;
const LEAST_FRAMES = 16;
const LEAST_NESTED = 2;
/** Nested ones get half as many each, but no fewer than this part of that. */
const LEAST_SHARE = 1 / 64;
const HIGHEST = 0x7fffffff;

interface Activation extends Place {
  readonly native: NativeInstance;
  /** What places are raised by. */
  readonly raisedSp: number;
  readonly raisedFp: number;
  readonly frames: SpilledFrame[];
  readonly outer: Activation | undefined;
  readonly share: number;
  isUnwinding: boolean;
  /** Whom the innermost frame waits for, when the machine's call of it has stopped. */
  callee: Func | undefined;
  /** That call, when it has returned, and yet nothing may go on here. */
  returned: Place | undefined;
  /** Who takes the first frame's place. */
  tail: Func | undefined;
}

export class Activations {
  readonly crossing: Crossing;
  readonly helpers: Helpers;
  readonly machine: TierMachine;
  private readonly host: HostWebAssembly;
  private current: Activation | undefined;
  /** Units that the next boundary takes besides those that native code has counted; not positive. */
  private owed = 0;
  /** What is on its way out of calls out, and has marked the frames above: where the last one was made, as the host's trace tells it. */
  private readonly passed = new WeakMap<Error, Error>();

  constructor(machine: TierMachine, host: HostWebAssembly) {
    this.machine = machine;
    this.host = host;
    this.crossing = new Crossing(machine.stack);
    const { pushI32, pushI64, pushRef, takeI32, takeI64, takeRef } = this.crossing;
    this.helpers = {
      enter: (id: number, fuel: number, end: bigint) => this.enter(id, fuel, end),
      loop: (id: number, fuel: number, place: bigint) => this.loop(id, fuel, place),
      owe: (fuel: number) => this.owe(fuel),
      leave: (fuel: number) => this.leave(fuel),
      frame: (id: number, pointidx: number, place: bigint) => this.frame(id, pointidx, place),
      pushI32,
      pushI64,
      pushRef,
      takeI32,
      takeI64,
      takeRef,
      load: (id: number) => this.load(id),
      out: (id: number, fuel: number, high: number, low: number) => this.out(id, fuel, high, low),
      effect: (number: number, fuel: number) => this.effect(number, fuel),
    };
  }

  /** A step: the function at this index of the table of functions runs, and takes so many slots from `fp` on. */
  run(native: NativeInstance, func: Func, index: number, slots: number, fp: number): Step | null {
    const { machine, crossing } = this;
    const { registers } = machine;
    const activation = this.begin(native, func, fp);
    const { sp, raisedSp, raisedFp } = activation;
    this.current = activation;
    native.takeGlobals();
    crossing.clear();
    crossing.offer(fp, slots);
    try {
      const enter = native.enter(func.instance!.module.funcTypes[func.funcidx]);
      const fuel = enter(index, registers.fuel, raisedSp + sp, raisedFp + fp);
      if (!activation.isUnwinding) this.count(fuel);
    } catch (error) {
      throw this.failed(activation, error);
    } finally {
      this.current = activation.outer;
    }
    return this.ended(activation);
  }

  private begin(native: NativeInstance, func: Func, fp: number): Activation {
    const { registers } = this.machine;
    const { sp } = registers;
    const outer = this.current;
    const share = outer === undefined ? 1 : Math.max(outer.share / 2, LEAST_SHARE);
    const frames = Math.max(LEAST_NESTED, Math.floor(framesOf(native) * share));
    const maxSp = Math.min(registers.maxSp, sp + frames);
    const maxFp = Math.min(registers.maxFp, fp + MOST_WORDS * share);
    return {
      native,
      func,
      fp,
      sp,
      raisedSp: HIGHEST - maxSp,
      raisedFp: HIGHEST - maxFp,
      frames: [],
      outer,
      share,
      isUnwinding: false,
      callee: undefined,
      returned: undefined,
      tail: undefined,
    };
  }

  private ended(activation: Activation): Step | null {
    const { machine, crossing } = this;
    const { native, func, fp, sp, frames, returned, tail } = activation;
    if (frames.length === 0 && tail === undefined) {
      crossing.toStack(func.type.results, fp);
      native.giveGlobals();
      return machine.returned(activation);
    }
    this.endFrame(frames);
    native.giveGlobals();
    if (frames.length === 0) return machine.tailCall(tail!, activation);
    const { registers } = machine;
    const stopped = { sp: registers.sp, fp: registers.fp };
    const first = native.instance.funcAt(native.program.funcidxOf(frames[frames.length - 1].id));
    if (first !== func) machine.tailCall(first, { func, fp, sp });
    registers.sp = stopped.sp;
    registers.fp = stopped.fp;
    leave(machine, native, frames, activation.callee);
    return returned === undefined ? machine.left() : machine.returned(returned);
  }

  /** What native code has left of the fuel. */
  private count(fuel: number): void {
    this.machine.registers.fuel = fuel + this.owed;
    this.owed = 0;
  }

  // What emitted code calls

  private owe(fuel: number): number {
    this.owed += fuel;
    return 0;
  }

  private leave(fuel: number): void {
    this.count(fuel);
    this.unwind(this.current!);
  }

  private unwind(activation: Activation): number {
    activation.isUnwinding = true;
    this.crossing.offerNothing();
    return -1;
  }

  private unwindCall(activation: Activation): number {
    this.unwind(activation);
    return UNWINDING;
  }

  private enter(id: number, fuel: number, end: bigint): number {
    const activation = this.current!;
    const { machine } = this;
    const { registers } = machine;
    const bits = BigInt.asUintN(64, end);
    const sp = Number(bits >> 32n) - activation.raisedSp;
    const endOfFrame = Number(bits & 0xffffffffn) - activation.raisedFp;
    if (sp > registers.maxSp || endOfFrame > registers.maxFp) throw trap('callStackExhausted', -1);
    this.count(fuel);
    registers.sp = sp;
    const isFull = sp + activation.raisedSp > HIGHEST || endOfFrame + activation.raisedFp > HIGHEST;
    if (isFull || !this.refuel(activation, id)) return this.unwind(activation);
    return registers.fuel;
  }

  private loop(id: number, fuel: number, place: bigint): number {
    const activation = this.current!;
    const { machine } = this;
    const { registers } = machine;
    this.count(fuel);
    registers.sp = spOf(place, activation);
    if (registers.sp - activation.sp < MOST_LEFT && this.rises(activation, id, registers.sp))
      return this.unwind(activation);
    if (!this.refuel(activation, id)) return this.unwind(activation);
    return registers.fuel;
  }

  /** Whether there is more fuel, and the activation may go on. */
  private refuel(activation: Activation, id: number): boolean {
    if (this.mustEnd(activation) || !this.machine.refuel(this.funcOf(activation, id))) return false;
    // Who has been asked for a deadline may have asked for a buffer.
    return !activation.native.held.haveMoved;
  }

  /** Whether a memory wants to be elsewhere, and can be when this activation has ended. */
  private mustEnd({ native, outer }: Activation): boolean {
    return native.held.areCramped && !isWithin(native, outer);
  }
  /** A call of a function whose native code has been given up begins where that is decided now. */
  begunElsewhere(func: Func, fp: number): Step | null {
    return this.machine.tailCall(func, { func, fp, sp: this.machine.registers.sp });
  }
  /** Whether anything of the instance runs natively. */
  isRunning(native: NativeInstance): boolean {
    return isWithin(native, this.current);
  }

  /**
   * Whether it is time to enter the body anew: a slice has ended in a loop of it, and the one before as well, at the same depth. One of many
   * short loops in which slices happen to end is not worth a continuation.
   */
  private rises({ native }: Activation, id: number, sp: number): boolean {
    const { endedIn } = native;
    const isSame = endedIn.id === id && endedIn.sp === sp;
    endedIn.id = id;
    endedIn.sp = sp;
    if (!isSame) return false;
    const slices = (native.slices.get(id) ?? 0) + 1;
    native.slices.set(id, slices);
    return RISES.has(slices);
  }

  private funcOf({ native }: Activation, id: number): Func {
    return native.instance.funcAt(native.program.funcidxOf(id));
  }

  private frame(id: number, pointidx: number, place: bigint): void {
    const activation = this.current!;
    const { frames } = activation;
    this.endFrame(frames);
    const fp = Number(BigInt.asUintN(32, place)) - activation.raisedFp;
    const sp = spOf(place, activation);
    frames.push({ id, pointidx, fp, sp, values: NOTHING });
  }
  /** What has been pushed since is the last frame's. */
  private endFrame(frames: SpilledFrame[]): void {
    if (frames.length > 0) frames[frames.length - 1].values = this.crossing.taken();
    else this.crossing.clear();
  }

  /** To call it in the machine would put another activation on the host's stack. */
  private load(id: number): number {
    return Number(this.machine.current(this.current!.native.instance.funcAt(id)) !== undefined);
  }

  private out(id: number, fuel: number, high: number, low: number): number {
    const activation = this.current!;
    const { machine, crossing } = this;
    const { registers } = machine;
    const { native } = activation;
    const sp = (high >>> 0) - activation.raisedSp;
    const fp = (low >>> 0) - activation.raisedFp;
    const callee = native.callee(id);
    const { params, results } = callee.type;
    this.count(fuel);
    if (fp + 2 * Math.max(params.length, results.length) > machine.stack.ints.length)
      throw trap('callStackExhausted', -1);
    crossing.toStack(params, fp);
    native.giveGlobals();
    if (sp === activation.sp) {
      // The first frame has ended with this call.
      activation.tail = callee;
      return this.unwindCall(activation);
    }
    activation.callee = callee;
    const caller = { func: activation.func, fp: activation.fp, sp: sp - 1 };
    if (!this.called(callee, caller, fp)) return this.unwindCall(activation);
    if (native.held.haveMoved) {
      activation.returned = { func: callee, fp, sp };
      return this.unwindCall(activation);
    }
    native.takeGlobals();
    crossing.clear();
    crossing.offer(fp, slotsIn(results));
    return registers.fuel;
  }

  private called(callee: Func, caller: Place, fp: number): boolean {
    try {
      return this.machine.call(callee, caller, 0, fp);
    } catch (error) {
      if (error instanceof Error) this.passed.set(error, new Error());
      throw error;
    }
  }

  private effect(number: number, fuel: number): number {
    const activation = this.current!;
    const { crossing, machine } = this;
    const { registers } = machine;
    // The slots of native frames hold nothing until these leave.
    const { fp } = activation;
    this.count(fuel);
    if (fp + SLOTS_OF_EFFECT > machine.stack.ints.length) throw trap('callStackExhausted', -1);
    crossing.allToStack(fp);
    activation.native.effect(number, machine)(fp);
    if (this.mustEnd(activation)) machine.withhold();
    crossing.offer(fp, 1);
    return registers.fuel;
  }

  // Traps

  /** What an exception is that comes out of native code. The frames that wait are marked for its backtrace. */
  private failed(activation: Activation, error: unknown): unknown {
    const { native } = activation;
    this.owed = 0;
    native.giveGlobals();
    if (!(error instanceof Error)) return error;
    const passed = this.passed.get(error);
    const [run = []] = tracedFrames((passed ?? error).stack ?? '');
    const origins = originsOf(run);
    const { machine } = this;
    const { sp } = activation;
    origins.forEach(({ funcidx, offset }, k) => {
      const at = sp + origins.length - 1 - k;
      const callee = k === 0 ? activation.callee : native.instance.funcAt(origins[k - 1].funcidx);
      const { module } = native.instance;
      const start = module.codeStart[funcidx - module.importedFuncs];
      if (k > 0 || passed !== undefined)
        machine.mark(at, native.instance.funcAt(funcidx), offset - start, callee);
    });
    if (passed !== undefined) return error;
    machine.registers.sp = sp + Math.max(0, origins.length - 1);
    const isHosts = error instanceof this.host.RuntimeError;
    return isHosts ? trapFrom(error.message, origins[0], native.instance, native.cells) : error;
  }
}

/** The `sp` of a place. */
function spOf(place: bigint, { raisedSp }: Activation): number {
  return Number(BigInt.asUintN(64, place) >> 32n) - raisedSp;
}

/** Whether an activation of the instance is among these, from the innermost outwards. */
function isWithin(native: NativeInstance, activation: Activation | undefined): boolean {
  for (let at = activation; at !== undefined; at = at.outer) if (at.native === native) return true;
  return false;
}

function framesOf({ program }: NativeInstance): number {
  const fit = (STACK_BYTES * CODE_PER_BYTE) / program.longest;
  return Math.max(LEAST_FRAMES, Math.min(MOST_FRAMES, fit));
}

const NOTHING: SpilledFrame['values'] = { ints: new Int32Array(0), refs: [] };
/** Words that the operands of an instruction take at most, and its result. */
const SLOTS_OF_EFFECT = 8;
