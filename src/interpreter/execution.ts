/**
 * Executions: one invocation of a function as a state machine that can be stopped at every safepoint (DESIGN.md, laws 1 and 2).
 *
 * | state | what it holds | `run` | `frames` | what comes next |
 * |---|---|---|---|---|
 * | ready | the arguments | begins | no | running |
 * | running | the turn that it has (turn.ts) | no | no | any of those below |
 * | paused | its frames, and where the innermost one stands (stopped.ts) | goes on | `atSafepoint` | running |
 * | waiting | its frames, and the host call whose promise they wait for | once that is settled | yes | running |
 * | done, trapped | nothing: the outcome said it | no | no | |
 * | failed | nothing: a host function threw, or the machine failed | no | no | |
 *
 * `pause` may be asked in every state, and is heard at the next safepoint that there is. A `run` that gives less fuel than is owed leaves a
 * paused execution as it is. While an execution runs, its frames are on the machine's stack (registers.ts). When it stops, they are copied
 * out, so that others can run; when it goes on, they are copied back, to wherever the stack's top is then. Executions nest: a host function
 * may start another.
 */
import { checkClass, readOptions } from '../checks';
import { type BacktraceFrame, InternalError, RuntimeError, trap } from '../errors';
import { argumentsOf, Func, type Value } from '../runtime';
import { summarize } from '../summary';
import { backtrace } from './backtrace';
import { buildInParts } from './build';
import { CallSite, codeOf } from './code';
import { goOn, isPropagating } from './exceptions';
import { trapOf } from './failures';
import { type FrameState, type PendingHostCall, wordsOfFrames } from './frames';
import { runningHost, waiting } from './hostcall';
import { type Outcome, RUN_OPTIONS, type RunOptions } from './outcome';
import { policyOf } from './policy';
import { registers, stack } from './registers';
import { hasRoom } from './room';
import { clearStack, putFrames, takeFrames } from './saved';
import { nextSlice } from './slices';
import { readValues, writeValues } from './slots';
import type { Step } from './step';
import {
  atSafepoint,
  frameStates,
  pendingOf,
  placesOf,
  type Stopped,
  stateOf,
  unitsToPass,
  waitOf,
  withCodeOfNow,
} from './stopped';
import { addCallers, addFrames } from './trace';
import { Meter, running, Turn, uncounted } from './turn';
import { settle } from './unsettled';
import { HostWait } from './wait';

type State =
  | { readonly kind: 'ready'; readonly args: readonly Value[] }
  | { readonly kind: 'running'; readonly turn: Turn }
  | Stopped
  | { readonly kind: 'done' | 'trapped' | 'failed' };

/** The states of an execution. */
export type ExecutionState = Exclude<State['kind'], 'unbuilt'>;

const NO_VALUES: readonly Value[] = [];

/** An exception may be handled below frames of another tier; everything else that is thrown ends the execution. */
function unwound(error: unknown, turn: Turn): Step {
  if (!isPropagating(error)) throw error;
  const step = goOn(error, turn.sp - 1);
  turn.unwound();
  return step;
}

/** A call of a function that can be paused at safepoints, written to bytes, and resumed. */
export class Execution {
  // Bundlers rename a class that names itself.
  static readonly name = 'Execution';
  get [Symbol.toStringTag](): string {
    return 'tswasm.Execution';
  }
  /** The function that it calls. */
  readonly func: Func;
  /** Why a snapshot of it would be wrong: it runs inside a host function of another execution. */
  readonly outer: { readonly host: Func } | undefined;
  /** @internal */
  protected current: State;
  /** @internal */
  protected readonly meter = new Meter();

  /**
   * A call of `func`. The arguments are as many as its parameters, each a `Value` of the type or what the JS API converts to one; a TypeError
   * says what was expected. `invoke` has checked its own.
   */
  constructor(func: Func, args: readonly unknown[], checked?: readonly Value[]) {
    if (!checked) checkClass('the function to execute', func, Func, 'Func');
    this.func = func;
    this.current = { kind: 'ready', args: checked ?? argumentsOf(func, args) };
    const host = runningHost();
    this.outer = running.turn && host && { host: host.func };
  }

  /**
   * A paused execution made of frames that have been verified against their modules (src/snapshot/verify.ts). `run` goes on past the
   * innermost safepoint. With `pending`, the innermost frame is the call of a host function, which `run` calls again with these
   * arguments. Throws `RuntimeError` (call stack exhausted) when the frames do not fit the store's limits. Their code is made by `run`, under
   * the limits that that has.
   */
  static restore(func: Func, frames: readonly FrameState[], pending?: PendingHostCall): Execution {
    const execution = new Execution(func, NO_VALUES, NO_VALUES);
    const { limits } = func.store;
    if (frames.length + 1 > limits.maxFrames || wordsOfFrames(frames) > 2 * limits.maxSlots) {
      throw trap('callStackExhausted');
    }
    execution.current = { kind: 'unbuilt', frames, pending, wait: undefined };
    return execution;
  }

  /** What it is about, and so which calls are allowed. */
  get state(): ExecutionState {
    const { current } = this;
    return isStopped(current) ? stateOf(current) : current.kind;
  }
  /** Units of fuel used so far (fuel.ts says what counts, by `FUEL_VERSION`). */
  get fuelUsed(): number {
    return this.meter.passed + uncounted(this.meter);
  }
  /** Units used beyond what was given, which the next `run` takes first. A snapshot does not carry them: `fuelUsed` has counted them. */
  get fuelOwed(): number {
    return this.meter.owed;
  }
  /** Units that have been given and used. With a budget for several runs, each is given what the budget is more than this. */
  get fuelPaid(): number {
    return this.fuelUsed - this.meter.owed;
  }
  /** The host function that is running or waited for on behalf of this execution. */
  get insideHostCall(): Func | undefined {
    const { current } = this;
    if (isStopped(current)) return waitOf(current)?.call.func;
    return current.kind === 'running' ? runningHost()?.func : undefined;
  }
  /** The host call that the execution waits for, or that it makes again when it runs. */
  get pendingHostCall(): PendingHostCall | undefined {
    return isStopped(this.current) ? pendingOf(this.current) : undefined;
  }

  /** The promise of the `waiting` outcome, until it is settled. */
  get waitsFor(): PromiseLike<void> | undefined {
    const { current } = this;
    const wait = isStopped(current) ? waitOf(current) : undefined;
    return wait === undefined || wait.isSettled ? undefined : wait.promise;
  }

  /** Stops at the next safepoint; when it is not running, at the first one of the next `run`. */
  pause(): void {
    settle();
    this.meter.requested = true;
    if (this.current.kind === 'running' && this.current.turn === running.turn) this.current.turn.withhold();
  }

  /**
   * Runs to the end or to the next stop. Exceptions that host functions throw propagate unchanged; the execution is then dead.
   */
  run(options: RunOptions = {}): Outcome {
    try {
      const outcome = this.runWith(readOptions('run', options, RUN_OPTIONS), true);
      if (outcome.kind === 'trapped') addCallers(outcome.error, this.run);
      return outcome;
    } catch (error) {
      addCallers(error, this.run);
      throw error;
    }
  }

  /** @internal What ran inside another execution counts as its own: its fuel was so much before. */
  chargeOuter(before: number): void {
    if (running.turn !== undefined) registers.fuel = before - this.meter.passed;
  }

  /**
   * @internal Runs on. Unless it may wait, a promise from the host is an error. The frame of this function and its caller's are all that an
   * execution needs of the host's stack beside what it runs: what they do lies in functions that have returned when the guest runs, and in
   * a turn.
   */
  runWith(options: RunOptions, mayWait: boolean): Outcome {
    const turn = this.enter(options, mayWait);
    if (turn.outcome !== undefined) return turn.outcome;
    try {
      if (!this.hasCode(turn)) return turn.outcome!;
      let step = this.begin(turn);
      turn.startSlice();
      for (;;) {
        try {
          while (step !== null) step = step(registers.fp);
        } catch (error) {
          step = unwound(error, turn);
          continue;
        }
        step = nextSlice(turn);
        if (step === null) return this.stopped(turn);
      }
    } catch (error) {
      return this.failed(error, turn);
    } finally {
      turn.leave();
    }
  }

  /** @internal Checks that it may run, and takes the machine. */
  protected enter(options: RunOptions, mayWait: boolean): Turn {
    settle();
    const { current, meter } = this;
    if (this.waitsFor !== undefined)
      throw new TypeError('the host function has not settled: wait for the promise of the outcome');
    if (current.kind !== 'ready' && !isStopped(current)) {
      throw new TypeError(`an execution that is ${current.kind} cannot run`);
    }
    const { store, instance } = this.func;
    store.exposures.look();
    if (instance?.unusable !== undefined) throw new RuntimeError(instance.unusable);
    const { fuel = Number.POSITIVE_INFINITY } = options;
    const { owed } = meter;
    const passes = isStopped(current) ? unitsToPass(current) : 0;
    const turn = new Turn(meter, options, fuel - owed, passes);
    if (owed > fuel && this.state === 'paused' && this.atSafepoint) {
      meter.owed -= fuel;
      turn.outcome = { kind: 'paused', reason: 'fuel' };
      return turn;
    }
    if (!hasRoom()) {
      this.current = { kind: 'trapped' };
      turn.outcome = { kind: 'trapped', error: trap('callStackExhausted', -1) };
      return turn;
    }
    const { maxFrames, maxSlots } = store.limits;
    turn.take({ maxFrames, maxSlots, policy: policyOf(store), mayWait });
    return turn;
  }

  /**
   * Makes code for frames that have none, in parts. False when the execution is stopped in that: it still stands where it stood, and has
   * used nothing.
   */
  private hasCode(turn: Turn): boolean {
    if (!isStopped(this.current)) return true;
    const stopped = withCodeOfNow(this.current);
    if (stopped.kind !== 'unbuilt') return true;
    this.current = { kind: 'running', turn };
    const parts = buildInParts(this.func, stopped);
    for (let part = parts.next(); ; part = parts.next()) {
      if (part.done) {
        this.current = part.value;
        return true;
      }
      const reason = turn.whyInterrupted();
      if (reason === undefined) continue;
      this.current = stopped;
      turn.spend(0);
      turn.outcome = { kind: 'paused', reason };
      return false;
    }
  }

  /** @internal Puts the frames on the machine's stack. Returns the step to go on with. */
  protected begin(turn: Turn): Step | null {
    const { current } = this;
    this.current = { kind: 'running', turn };
    if (current.kind === 'ready') return this.beginCall(current.args, turn);
    if (current.kind !== 'paused' && current.kind !== 'waiting') {
      throw new InternalError(`an execution that is ${current.kind} has been entered`);
    }
    const { base, sp } = turn;
    const { saved } = current;
    if (base + saved.words > registers.maxFp || sp + saved.callers > registers.maxSp) {
      throw trap('callStackExhausted');
    }
    putFrames(saved, base, sp);
    if (current.kind === 'waiting') return current.wait.finish();
    const { stand } = current;
    return stand.kind === 'hostCall' ? codeOf(stand.pending.func).entry : stand.safepoint.resume;
  }

  /** @internal */
  protected beginCall(args: readonly Value[], { base, sp }: Turn): Step {
    clearStack();
    const { sites, frames } = stack();
    writeValues(args, base);
    sites[sp] = new CallSite(null, -1, this.func, undefined, 0);
    frames[sp] = registers.fp;
    registers.sp = sp + 1;
    registers.fp = base;
    return codeOf(this.func).entry;
  }

  /** Nothing is left to run, or somebody wants to stop. */
  private stopped(turn: Turn): Outcome {
    const { yielded } = registers;
    registers.yielded = null;
    if (yielded === null) return this.ended(turn);
    const saved = takeFrames(turn.base, turn.sp, registers.fp + yielded.code.size);
    this.current = { kind: 'paused', saved, stand: { kind: 'safepoint', safepoint: yielded } };
    return { kind: 'paused', reason: turn.ended!.reason! };
  }

  /** It has stopped elsewhere than at a safepoint: it is done, or waits for the host. */
  private ended(turn: Turn): Outcome {
    turn.meter.pace.left(turn.spend(0));
    const { base, sp } = turn;
    const { call, promise } = waiting;
    // Cleared first: a promise may be anything of the host's, and throw.
    waiting.call = null;
    waiting.promise = null;
    if (call === null) {
      this.current = { kind: 'done' };
      return { kind: 'done', results: readValues(this.func.type.results, base) };
    }
    const saved = takeFrames(base, sp, registers.top);
    const wait = new HostWait(call, promise!);
    this.current = { kind: 'waiting', saved, wait };
    return { kind: 'waiting', promise: wait.promise };
  }

  private failed(error: unknown, turn: Turn): Outcome {
    if (this.current.kind === 'running') turn.meter.pace.left(turn.count(0));
    this.current = { kind: 'failed' };
    const failure = trapOf(error);
    if (failure === undefined) throw error;
    const frames = backtrace(
      turn.sp,
      settledTraps.has(failure) ? -1 : (failure.offset ?? registers.trapOffset),
    );
    addFrames(failure, frames);
    if (settledTraps.has(failure)) throw error;
    settledTraps.add(failure);
    failure.backtrace = frames;
    this.current = { kind: 'trapped' };
    return { kind: 'trapped', error: failure };
  }

  /** False when it was stopped elsewhere, say inside a long bulk operation, where no snapshot can be taken: `run` on to the next safepoint. */
  get atSafepoint(): boolean {
    const { current } = this;
    return isStopped(current) && atSafepoint(current);
  }

  /** Frames of a paused or waiting execution, outermost first. Only `atSafepoint`. */
  frames(): FrameState[] {
    const { current } = this;
    if (!isStopped(current)) throw new TypeError(`an execution that is ${current.kind} has no frames`);
    if (!this.atSafepoint) throw new TypeError('the execution stands at no safepoint');
    return frameStates(current);
  }

  /** The wasm backtrace of a stopped execution, innermost first. */
  backtrace(): BacktraceFrame[] {
    const { current } = this;
    return isStopped(current) ? placesOf(current) : [];
  }
}
summarize(Execution, ({ state, func, fuelUsed }) => ({ state, func, fuelUsed }));

function isStopped(state: State): state is Stopped {
  return state.kind === 'paused' || state.kind === 'waiting' || state.kind === 'unbuilt';
}

/** Traps that have got their backtrace: one that passes through a host function into another execution is that host's exception. */
const settledTraps = new WeakSet<RuntimeError>();
