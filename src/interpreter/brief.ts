/**
 * Brief calls: most calls from JavaScript end before their first slice of fuel does, and call nothing of the host. So a tier that takes arguments
 * as JavaScript has them makes a call by itself. It becomes an execution when somebody needs one: when the fuel is used up, before something else
 * runs (a host function, the interpreter, an effect on the runtime's objects), and when something is thrown. A call that comes to none of these
 * has no turn, no frames on the machine's stack, and is no object that anybody could ask.
 */
import type { Func, Value } from '../runtime';
import { Execution } from './execution';
import { directCode } from './offers';
import type { PauseReason, RunOptions } from './outcome';
import { endedEarly, firstSlice } from './pace';
import { policyOf } from './policy';
import { registers } from './registers';
import { hasRoom } from './room';
import type { Step } from './step';
import type { BriefCall } from './tiers';
import { running, Turn } from './turn';

/** What a call may use. */
export interface CallLimits {
  /** Units of fuel. With none, it is an execution at once. */
  readonly fuel: number;
  /** Whether its time is limited. */
  readonly hasClock: boolean;
  /** What it goes on with, when it becomes an execution after it has begun. */
  options(): RunOptions;
  /** What an execution runs with, and why it has paused, if it has. Throws when it is not to run. */
  optionsOf(execution: Execution, reason: PauseReason | undefined): RunOptions;
  /** The call has ended, and has used so many units. */
  spend(used: number): void;
}

/** A call that has been made. */
export class MadeCall implements BriefCall {
  left = 0;
  result: unknown = undefined;
  isDone = false;
  ending: Step | undefined = undefined;
  /** What it has become, to be run on. Undefined: the call has ended, and has its result. A result lies in no slots, if the tier has given it. */
  execution: Execution | undefined = undefined;
  args: readonly unknown[] = NO_ARGS;
  fuel = 0;
  private func: Func | undefined = undefined;
  private limits: CallLimits | undefined = undefined;

  begin(func: Func, args: readonly unknown[], limits: CallLimits | undefined, fuel: number): void {
    this.isDone = false;
    this.func = func;
    this.args = args;
    this.limits = limits;
    this.fuel = fuel;
  }
  takeMachine(): void {
    spare = undefined;
    this.execution = new BegunExecution(this.func!, this, this.limits?.options() ?? {});
  }
  /** It has ended, and another one may begin: whoever has it takes the result before. */
  end(): void {
    this.func = undefined;
    this.limits = undefined;
    this.args = NO_ARGS;
    spare = this;
  }
}
const NO_ARGS: readonly unknown[] = [];
let spare: MadeCall | undefined;

/** The slice that has begun goes on when the execution is run. */
class BegunTurn extends Turn {
  /** Set when it is about to. */
  goesOn = false;

  begin(func: Func, fuel: number): void {
    const { store } = func;
    const { maxFrames, maxSlots } = store.limits;
    this.take({ maxFrames, maxSlots, policy: policyOf(store), mayWait: false });
    super.startSlice(0, fuel);
  }
  override startSlice(haste?: number): void {
    if (!this.goesOn) super.startSlice(haste);
    this.goesOn = false;
  }
}

/** What a call becomes that has begun without: it has the machine, and `runWith` goes on with the call's ending. */
class BegunExecution extends Execution {
  private readonly call: MadeCall;

  constructor(func: Func, call: MadeCall, options: RunOptions) {
    super(func, NO_ARGS, NO_VALUES);
    this.call = call;
    const turn = new BegunTurn(this.meter, options, options.fuel ?? Number.POSITIVE_INFINITY, 0);
    turn.begin(func, call.fuel);
    this.current = { kind: 'running', turn };
    this.beginCall(NO_VALUES, turn);
  }
  protected override enter(options: RunOptions, mayWait: boolean): Turn {
    const { current, call } = this;
    if (current.kind === 'running' && call.ending !== undefined) return current.turn;
    return super.enter(options, mayWait);
  }
  /** Once: whoever runs it meanwhile is told that it is running. */
  protected override begin(turn: Turn): Step | null {
    const { call } = this;
    const { ending } = call;
    call.ending = undefined;
    if (ending === undefined) return super.begin(turn);
    (turn as BegunTurn).goesOn = true;
    return ending;
  }
}
const NO_VALUES: readonly Value[] = [];

/** Calls a function if a tier takes these arguments. Undefined: nothing has happened. */
export function makeBriefly(
  func: Func,
  args: readonly unknown[],
  limits: CallLimits | undefined,
): MadeCall | undefined {
  const code = directCode(func, args);
  if (code === undefined || (limits !== undefined && limits.fuel <= 0) || !hasRoom()) return undefined;
  const { store, instance } = func;
  store.exposures.look();
  if (instance!.unusable !== undefined) return undefined;
  const slice = Math.min(firstSlice(limits?.hasClock === true), policyOf(store).every);
  const fuel = limits === undefined ? slice : Math.min(slice, limits.fuel);
  const call = spare ?? new MadeCall();
  call.begin(func, args, limits, fuel);
  if (!code.make(call)) {
    call.end();
    return undefined;
  }
  if (call.execution === undefined) {
    const used = fuel - call.left;
    endedEarly(used);
    limits?.spend(used);
    if (running.turn !== undefined) registers.fuel -= used;
    call.end();
  }
  return call;
}
