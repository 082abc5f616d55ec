/**
 * Executions: one invocation of a function as a state machine that can be stopped at every safepoint (DESIGN.md, laws 1 and 2).
 *
 * A running execution has its frames on the machine's stack (registers.ts). When it stops, they are copied out, so that others can run;
 * when it goes on, they are copied back, to wherever the stack's top is then. Executions nest: a host function may start another.
 */
import { CALLBACK, COUNT, type OptionChecks, readOptions, SIGNAL } from '../checks';
import { type BacktraceFrame, InternalError, RuntimeError, trap } from '../errors';
import { argumentsOf, Func, type Value } from '../runtime';
import { backtrace, frameAt, type Place } from './backtrace';
import { CallSite, codeOf, isSafepoint, type Safepoint } from './code';
import { hasRoom, rejected, trapOf } from './failures';
import {
  type FrameState,
  frameState,
  type PendingHostCall,
  readValues,
  rebuild,
  type Saved,
  type StackFrame,
  savedValues,
  writeValues,
} from './frames';
import { finishHostCall, type HostCall, hostCalls, waiting } from './hostcall';
import { Pace } from './pace';
import { nestingLimit, type Registers, registers, stack } from './registers';
import type { Step } from './step';
import { afterSafepoint } from './tiering';

export type Outcome =
  | { readonly kind: 'done'; readonly results: Value[] }
  | { readonly kind: 'paused'; readonly reason: 'fuel' | 'request' | 'deadline' }
  /** A host function returned this promise. After it is settled, `run` goes on. */
  | { readonly kind: 'waiting'; readonly promise: PromiseLike<void> }
  | { readonly kind: 'trapped'; readonly error: RuntimeError };

export interface RunOptions {
  /**
   * Units of fuel (fuel.ts) that may be used before the execution pauses. It pauses at a safepoint, so an instruction that works in bulk may
   * use more; that is owed, and taken from what the next `run` gives, before anything runs.
   */
  readonly fuel?: number;
  /** Asked every few thousand safepoints, or as `now` says; true pauses. */
  readonly deadline?: () => boolean;
  /** Looked at together with the deadline; aborted pauses. */
  readonly signal?: { readonly aborted: boolean };
  /** A clock in milliseconds. With it they are looked at about twice a millisecond, however much there is between two safepoints. */
  readonly now?: () => number;
}

export type ExecutionState = 'ready' | 'running' | 'paused' | 'waiting' | 'done' | 'trapped' | 'failed';

const NO_VALUES: readonly Value[] = [];

const RUN_OPTIONS: OptionChecks<RunOptions> = {
  fuel: COUNT,
  deadline: CALLBACK,
  signal: SIGNAL,
  now: CALLBACK,
};

/** Instructions that are lowered at once when there is a deadline or signal: less than a millisecond, or two while all is cold. */
const LOWERED_AT_ONCE = 256;

const NO_OPTIONS: RunOptions = {};

/** One run: what it was given, what it must put back, and how it ended. It lies in the heap, not on the host's stack. */
class Turn {
  readonly options: RunOptions;
  /** Where its frames begin on the machine's stack. */
  readonly sp = registers.sp;
  readonly base = registers.top;
  readonly outer: Execution | undefined;
  readonly outside: Registers | undefined;
  readonly allowed = waiting.allowed;
  /** Executions that are running on the host's stack. */
  readonly depth: number;
  remaining: number;
  /** The safepoint that a resumed execution stands at is passed now. */
  charge: number;
  /** Who gives nothing still gets past that one, which nobody owes. */
  readonly unpaid: number;
  outcome: Outcome | undefined = undefined;

  constructor(options: RunOptions, remaining: number, resumed: boolean, outer: Execution | undefined) {
    this.options = options;
    this.remaining = remaining;
    this.charge = resumed ? 1 : 0;
    this.unpaid = remaining <= 0 && resumed ? 1 : 0;
    this.outer = outer;
    this.outside = outer && { ...registers };
    this.depth = depth;
  }
}
/** Executions that have the machine, or wait for one inside a host call of theirs. */
let depth = 0;

/** Gives the machine back as it was. */
function leave(turn: Turn): void {
  depth = turn.depth;
  running = turn.outer;
  waiting.allowed = turn.allowed;
  if (turn.outside !== undefined) Object.assign(registers, turn.outside);
  else registers.fp = registers.sp = registers.top = 0;
}

/** Executions inside each other that still enter some calls on the host's stack. */
const NESTING = 4;
/**
 * Calls that may stand on the host's own stack. Far inside, none: a host function is then called by the trampoline, with nothing of the
 * chain that led to it on the stack.
 */
function nestAt(level: number): number {
  if (level === 0) return nestingLimit();
  return level < NESTING ? 1 : 0;
}

export class Execution {
  readonly func: Func;
  /** Why a snapshot of it would be wrong: it runs inside a host function of another execution. */
  readonly outer: { readonly execution: Execution; readonly host: Func } | undefined;
  private args: readonly Value[];
  private current: ExecutionState = 'ready';
  private saved: Saved | undefined;
  private next: Step | null = null;
  private safepoint: Safepoint | null = null;
  private pending: HostCall | null = null;
  /** The host call that a restored execution makes again when it runs. */
  private again: PendingHostCall | undefined;
  private rejection: { readonly reason: unknown } | undefined;
  private settled = false;
  private waits: PromiseLike<void> | undefined;
  private requested = false;
  /** Units that the running slice has. */
  private granted = 0;
  /** Units used beyond what was given. */
  private owed = 0;
  /** Fuel that `pause` took from it. */
  private withheld = 0;
  private passed = 0;
  private readonly pace = new Pace();

  /**
   * A call of `func`. The arguments are as many as its parameters, each a `Value` of the type or what the JS API converts to one; a TypeError
   * says what was expected. `invoke` has checked its own.
   */
  constructor(func: Func, args: readonly unknown[], checked?: readonly Value[]) {
    if (!(func instanceof Func)) throw new TypeError('expected a Func to execute');
    this.func = func;
    this.args = checked ?? argumentsOf(func, args);
    const host = hostCalls[hostCalls.length - 1];
    this.outer =
      running === undefined || host === undefined ? undefined : { execution: running, host: host.func };
  }

  /**
   * A paused execution made of frames that have been verified against their modules (src/snapshot/verify.ts). `run` goes on past the
   * innermost safepoint. With `pending`, the innermost frame is the call of a host function, which `run` calls again with these
   * arguments. Throws `RuntimeError` (call stack exhausted) when the frames do not fit the store's limits.
   */
  static restore(func: Func, frames: readonly FrameState[], pending?: PendingHostCall): Execution {
    const execution = new Execution(func, NO_VALUES, NO_VALUES);
    const { limits } = func.store;
    const { saved, safepoint } = rebuild(func, frames, pending);
    if (saved.sites.length > limits.maxFrames || saved.ints.length > 2 * limits.maxSlots) {
      throw trap('callStackExhausted');
    }
    execution.saved = saved;
    execution.safepoint = safepoint;
    execution.next = safepoint === null ? codeOf(pending!.func).entry : safepoint.resume;
    execution.again = pending;
    execution.current = 'paused';
    return execution;
  }

  get state(): ExecutionState {
    return this.current;
  }
  /** Units of fuel used so far (fuel.ts says what counts, by `FUEL_VERSION`). */
  get fuelUsed(): number {
    return this.passed;
  }
  /** Units used beyond what was given, which the next `run` takes first. A snapshot does not carry them: `fuelUsed` has counted them. */
  get fuelOwed(): number {
    return this.owed;
  }
  /** Units that have been given and used. With a budget for several runs, each is given what the budget is more than this. */
  get fuelPaid(): number {
    return this.passed - this.owed;
  }
  /** The host function that is running or waited for on behalf of this execution. */
  get insideHostCall(): Func | undefined {
    if (this.pending !== null) return this.pending.func;
    return this.current === 'running' ? hostCalls[hostCalls.length - 1]?.func : undefined;
  }
  /** The host call that the execution waits for, or that it makes again when it runs. */
  get pendingHostCall(): PendingHostCall | undefined {
    return this.pending === null ? this.again : { func: this.pending.func, args: this.pending.args() };
  }

  /** The promise of the `waiting` outcome, until it is settled. */
  get waitsFor(): PromiseLike<void> | undefined {
    return this.current === 'waiting' && !this.settled ? this.waits : undefined;
  }

  /** Stops at the next safepoint; when it is not running, at the first one of the next `run`. */
  pause(): void {
    this.requested = true;
    if (this.current === 'running' && running === this) {
      const left = Math.max(registers.fuel, 0);
      this.withheld += left;
      registers.fuel -= left;
    }
  }

  /**
   * Runs to the end or to the next stop. Exceptions that host functions throw propagate unchanged; the execution is then dead.
   */
  run(options: RunOptions = {}): Outcome {
    return this.runWith(readOptions('run', options, RUN_OPTIONS), true);
  }

  /** @internal What ran inside another execution counts as its own: its fuel was so much before. */
  chargeOuter(before: number): void {
    if (running !== undefined) registers.fuel = before - this.passed;
  }

  /**
   * @internal Runs on. Unless it may wait, a promise from the host is an error. The frame of this function and its caller's are all that an execution needs of the host's stack beside what it runs: what they do lies
   * in functions that have returned when the guest runs, and in a turn.
   */
  runWith(options: RunOptions, mayWait: boolean): Outcome {
    const turn = this.enter(options, mayWait);
    if (turn.outcome !== undefined) return turn.outcome;
    try {
      let step = this.begin(turn);
      for (;;) {
        this.startSlice(turn);
        while (step !== null) step = step(registers.fp);
        step = this.endSlice(turn);
        if (turn.outcome !== undefined) return turn.outcome;
      }
    } catch (error) {
      return this.failed(error, turn.sp);
    } finally {
      leave(turn);
    }
  }

  /** Checks that it may run, and takes the machine. */
  private enter(options: RunOptions, mayWait: boolean): Turn {
    if (this.current === 'waiting' && !this.settled)
      throw new TypeError('the host function has not settled: wait for the promise of the outcome');
    if (this.current !== 'ready' && this.current !== 'paused' && this.current !== 'waiting') {
      throw new TypeError(`an execution that is ${this.current} cannot run`);
    }
    const { store, instance } = this.func;
    store.hostHasRun();
    if (instance?.unusable !== undefined) throw new RuntimeError(instance.unusable);
    const { fuel = Number.POSITIVE_INFINITY } = options;
    const resumed = this.current === 'paused' && this.safepoint !== null && isSafepoint(this.safepoint);
    const turn = new Turn(options, fuel - this.owed, resumed, running);
    if (this.owed > fuel && this.current === 'paused' && this.atSafepoint) {
      this.owed -= fuel;
      turn.outcome = { kind: 'paused', reason: 'fuel' };
      return turn;
    }
    if (!hasRoom()) {
      this.current = 'trapped';
      turn.outcome = { kind: 'trapped', error: trap('callStackExhausted', -1) };
      return turn;
    }
    depth++;
    this.owed = 0;
    const { limits } = store;
    registers.maxSp = turn.sp + limits.maxFrames;
    registers.maxFp = Math.min(turn.base + 2 * limits.maxSlots, stack().ints.length);
    running = this;
    waiting.allowed = mayWait;
    const asked = options.deadline !== undefined || options.signal !== undefined;
    this.pace.begin(options.now, asked);
    registers.lowering = asked ? LOWERED_AT_ONCE : Number.POSITIVE_INFINITY;
    return turn;
  }

  /** Puts the frames on the machine's stack. Returns the step to go on with. */
  private begin({ base, sp }: Turn): Step | null {
    const frames = stack();
    const { current } = this;
    this.current = 'running';
    if (current === 'ready') {
      writeValues(this.args, base);
      this.args = [];
      frames.sites[sp] = new CallSite(null, -1, this.func, undefined, 0);
      frames.frames[sp] = registers.fp;
      registers.sp = sp + 1;
      registers.fp = base;
      return codeOf(this.func).entry;
    }
    this.renew();
    const saved = this.saved!;
    if (base + saved.ints.length > registers.maxFp || sp + saved.sites.length > registers.maxSp) {
      throw trap('callStackExhausted');
    }
    this.saved = undefined;
    this.again = undefined;
    frames.ints.set(saved.ints, base);
    for (let k = saved.refs.length; k > 0 && frames.refs.length < base >> 1; k--) frames.refs.push(null);
    while (frames.refs.length < (base >> 1) + saved.refs.length) frames.refs.push(null);
    // A stack may be a hundred thousand frames deep: no closures here.
    const { sites, callees } = saved;
    for (let k = 0; k < saved.refs.length; k++) frames.refs[(base >> 1) + k] = saved.refs[k];
    for (let k = 0; k < sites.length; k++) {
      frames.sites[sp + k] = sites[k];
      frames.frames[sp + k] = saved.frames[k] + base;
      frames.callees[sp + k] = callees[k];
    }
    frames.frames[sp] = registers.fp;
    registers.sp = sp + saved.sites.length;
    registers.fp = saved.fp + base;
    if (this.pending !== null) return this.finishPending();
    return this.next;
  }

  private finishPending(): Step | null {
    const call = this.pending!;
    this.pending = null;
    if (this.rejection !== undefined) throw rejected(call.func, this.rejection.reason);
    return finishHostCall(call, registers.fp);
  }

  private startSlice(turn: Turn): void {
    const slice = this.requested ? 0 : Math.min(turn.remaining, this.pace.slice());
    this.granted = slice;
    registers.fuel = slice - turn.charge;
    registers.nest = nestAt(turn.depth);
  }

  /** What to go on with after a slice, unless the turn has got its outcome. */
  private endSlice(turn: Turn): Step | null {
    const { yielded } = registers;
    registers.yielded = null;
    // Elsewhere fuel does not run out: that is for the next safepoint.
    const counts = yielded !== null && isSafepoint(yielded);
    const passed = this.spend(counts);
    turn.remaining -= passed;
    this.owed = Math.max(0, -turn.remaining - turn.unpaid);
    if (yielded === null) {
      const { base, sp } = turn;
      turn.outcome =
        waiting.call !== null
          ? this.wait(base, sp)
          : { kind: 'done', results: readValues(this.func.type.results, base) };
      this.current = turn.outcome.kind;
      return null;
    }
    const isSample = this.pace.ended(passed);
    const reason = this.stopReason(counts ? turn.remaining : 1, turn.options);
    if (reason !== undefined) {
      this.safepoint = yielded;
      this.next = yielded.resume;
      this.save(turn.base, turn.sp, registers.fp + yielded.code.size);
      this.requested = false;
      this.current = 'paused';
      turn.outcome = { kind: 'paused', reason };
      return null;
    }
    turn.charge = counts ? 1 : 0;
    const step = isSample ? afterSafepoint(yielded) : yielded.resume;
    this.pace.found(yielded.code.hot);
    return step;
  }

  /** Counts what the slice used that has ended; `counts`: at a safepoint, which took a unit and was not passed. */
  private spend(counts: boolean): number {
    const passed = this.granted - registers.fuel - this.withheld - (counts ? 1 : 0);
    this.withheld = 0;
    this.passed += passed;
    return passed;
  }

  private stopReason(remaining: number, options: RunOptions): 'fuel' | 'request' | 'deadline' | undefined {
    if (this.requested) return 'request';
    if (remaining <= 0) return 'fuel';
    if (options.signal?.aborted === true) return 'request';
    return options.deadline?.() === true ? 'deadline' : undefined;
  }

  private wait(base: number, sp: number): Outcome {
    this.pending = waiting.call;
    const promise = waiting.promise!;
    waiting.call = null;
    waiting.promise = null;
    this.settled = false;
    this.rejection = undefined;
    this.save(base, sp, registers.top);
    const settled = promise.then(
      () => {
        this.settled = true;
      },
      (reason: unknown) => {
        this.settled = true;
        this.rejection = { reason };
      },
    );
    this.waits = settled;
    return { kind: 'waiting', promise: settled };
  }

  private save(base: number, sp: number, end: number): void {
    const { ints, refs, sites, frames, callees } = stack();
    this.saved = {
      ints: ints.slice(base, end),
      refs: refs.slice(base >> 1, end >> 1),
      sites: sites.slice(sp, registers.sp),
      frames:
        base === 0 ? frames.slice(sp, registers.sp) : frames.slice(sp, registers.sp).map((fp) => fp - base),
      callees: callees.slice(sp, registers.sp),
      fp: registers.fp - base,
    };
  }

  private failed(error: unknown, sp: number): Outcome {
    if (this.current === 'running') this.spend(false);
    this.current = 'failed';
    const failure = trapOf(error);
    if (failure === undefined || settledTraps.has(failure)) throw error;
    settledTraps.add(failure);
    failure.backtrace = backtrace(sp, failure.offset ?? registers.trapOffset);
    this.current = 'trapped';
    return { kind: 'trapped', error: failure };
  }

  /** False when it was stopped elsewhere, say inside a long bulk operation, where no snapshot can be taken: `run` on to the next safepoint. */
  get atSafepoint(): boolean {
    return (
      this.saved !== undefined &&
      (this.pending !== null || this.safepoint === null || isSafepoint(this.safepoint))
    );
  }

  /** Frames of a paused or waiting execution, outermost first. Only `atSafepoint`. */
  frames(): FrameState[] {
    if (this.saved === undefined) throw new TypeError(`an execution that is ${this.current} has no frames`);
    if (!this.atSafepoint) throw new TypeError('the execution stands at no safepoint');
    return this.stackFrames() as FrameState[];
  }

  private stackFrames(): StackFrame[] {
    const saved = this.saved!;
    const states: StackFrame[] = [];
    for (let k = 1; k < saved.sites.length; k++) {
      const site = saved.sites[k]!;
      states.push(frameState(saved, site.code!, 'call', site.offset, -1, site.operands, saved.frames[k]));
    }
    if (this.pending === null && this.safepoint !== null) {
      const { code, kind, offset, targetLoop, operands } = this.safepoint;
      if (kind !== 'lowering')
        states.push(frameState(saved, code, kind, offset, targetLoop, operands, saved.fp));
    }
    return states;
  }

  /** Moves the frames to code of now, when the code they stand in has been dropped. */
  private renew(): void {
    const codes = this.saved!.sites.map((site) => site?.code ?? undefined);
    const callee = this.safepoint?.kind === 'lowering' ? this.safepoint.code.func : undefined;
    if (this.safepoint !== null && callee === undefined) codes.push(this.safepoint.code);
    if (codes.every((code) => code === undefined || code.generation === code.state.generation)) return;
    const entering = callee && {
      func: callee,
      args: savedValues(this.saved!, callee.type.params, this.saved!.fp),
    };
    const pending = this.pendingHostCall ?? entering;
    const { saved, safepoint } = rebuild(this.func, this.stackFrames(), pending);
    this.saved = saved;
    if (this.pending !== null || entering !== undefined) return;
    this.safepoint = safepoint;
    if (safepoint !== null) this.next = safepoint.resume;
  }

  /** The wasm backtrace of a stopped execution, innermost first. */
  backtrace(): BacktraceFrame[] {
    const places: Place[] = this.saved?.sites.slice(1).map((site) => site!) ?? [];
    if (this.pending === null && this.safepoint !== null) places.push(this.safepoint);
    return places.reverse().map(frameAt);
  }
}

/** The execution that has the machine. */
let running: Execution | undefined;
/** Traps that have got their backtrace: one that passes through a host function into another execution is that host's exception. */
const settledTraps = new WeakSet<RuntimeError>();

/** Calls a function and runs it to its end. Throws the trap. */
export function invoke(func: Func, args: readonly Value[]): Value[] {
  const execution = new Execution(func, args, args);
  const before = registers.fuel;
  let outcome: Outcome;
  do outcome = execution.runWith(NO_OPTIONS, false);
  while (outcome.kind === 'paused');
  execution.chargeOuter(before);
  if (outcome.kind === 'done') return outcome.results;
  if (outcome.kind === 'trapped') throw outcome.error;
  throw new InternalError(`a synchronous call is ${outcome.kind}`);
}
