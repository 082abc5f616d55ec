/**
 * Calls out of native code: of whatever does not run natively, and of plain functions of the embedder, which take their arguments as native code
 * has them.
 */
import type { ValType } from '../../decoder';
import { trap } from '../../errors';
import type { Place, TierMachine } from '../../interpreter/tiers';
import type { Func, Instance } from '../../runtime';
import type { Activation } from './activation';
import type { Crossing } from './crossing';
import type { Handling } from './handling';
import type { DirectImport, NativeInstance } from './native-instance';
import { PlainFunction } from './plain-function';
import { depthAt, slotsAt } from './state';

/** Who calls: the innermost activation, and its fuel. */
export interface Caller {
  readonly machine: TierMachine;
  readonly crossing: Crossing;
  /** What is thrown so that native frames leave. */
  readonly leaving: object;
  /** What native frames can throw on. */
  noted<Thrown>(thrown: Thrown): Thrown;
  readonly current: Activation | undefined;
  /** Whether plain functions may be called with native frames on the host's stack. */
  readonly mayCallPlain: boolean;
  /** What runs natively has the machine from now on. Throws where the host's stack has no room for that. */
  takeMachine(): void;
  /** The same where there is room. */
  becomeExecution(): void;
  /** Native code has so much of its fuel left. */
  count(fuel: number): void;
  /** The fuel that it goes on with. */
  lend(): number;
  readonly handling: Handling;
}

export class CallsOut {
  /** What is on its way out of them, and has marked the frames above. */
  readonly passed = new WeakSet<Error>();
  private readonly caller: Caller;
  /** That is running, and the machine does not know of it: with what was left of the fuel, and where. */
  private plain: PlainFunction | undefined;
  private fuel = 0;
  private place = 0;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  out(id: number, fuel: number, place: number): number {
    const { caller } = this;
    caller.takeMachine();
    const { machine, crossing, leaving } = caller;
    const activation = caller.current!;
    const { native } = activation;
    const sp = activation.sp + depthAt(place);
    const fp = activation.fp + 2 * slotsAt(place, activation.place);
    const callee = native.callee(id);
    const { params, results } = callee.type;
    caller.count(fuel);
    if (fp + 2 * Math.max(params.length, results.length) > machine.stack.ints.length)
      throw trap('callStackExhausted', -1);
    crossing.toStack(params, fp);
    native.giveGlobals();
    if (sp === activation.sp) {
      // The first frame has ended with this call.
      activation.tail = callee;
      throw leaving;
    }
    activation.callee = callee;
    const from = { func: activation.func, fp: activation.fp, sp: sp - 1 };
    if (!this.called(native, callee, from, fp)) throw leaving;
    if (native.held.haveMoved) {
      activation.returned = { func: callee, fp, sp };
      throw leaving;
    }
    crossing.clear();
    crossing.offer(fp);
    return caller.lend();
  }

  /** What an instance's emitted code calls for an import, which it knows by the number `id`. */
  readonly directImport = (instance: Instance, id: number): DirectImport => {
    const callee = instance.funcAt(id);
    const plain = PlainFunction.of(callee, instance);
    if (plain === undefined)
      return (fuel, place, _g, _h, _i, _j, ...args) => this.outWith(callee, id, fuel, place, args);
    return (fuel, place, g, h, i, j, a, b, c, d, e, f) => {
      const { caller } = this;
      const { machine } = caller;
      const activation = caller.current!;
      const depth = depthAt(place);
      if (depth === 0 || !caller.mayCallPlain)
        return this.outWith(callee, id, fuel, place, [a, b, c, d, e, f]);
      const sp = activation.sp + depth;
      const fp = activation.fp + 2 * slotsAt(place, activation.place);
      if (fp + 2 * plain.words > machine.stack.ints.length) {
        caller.takeMachine();
        caller.count(fuel);
        throw caller.noted(trap('callStackExhausted', -1));
      }
      const { native } = activation;
      if (native.handed === undefined) native.giveGlobals();
      else native.handed.give(g, h, i, j);
      activation.callee = callee;
      this.begin(plain, fuel, place);
      let result: unknown;
      try {
        result = plain.run(a, b, c, d, e, f);
      } catch (error) {
        if (!this.hasSettled(machine)) {
          // At the end of the host's stack it ends everything. What the host has set in globals before is not undone by what native code has in them.
          native.takeGlobals();
          throw caller.noted(error);
        }
        try {
          throw caller.noted(this.passing(machine.plainThrew(error, fp)));
        } finally {
          machine.endPlain(plain, activation.nest);
          native.takeGlobals();
        }
      }
      if (this.plain !== undefined) {
        // Nobody has looked at the machine.
        callee.store.exposures.look();
        native.takeGlobals();
        if (!native.held.haveMoved) {
          this.end(machine);
          return result;
        }
        if (!this.hasSettled(machine)) throw caller.noted(trap('callStackExhausted', -1));
      }
      machine.plainReturned(activation.fp, sp - 1);
      machine.endPlain(plain, activation.nest);
      native.takeGlobals();
      if (native.held.haveMoved) this.moved(activation, callee, result, fp, sp);
      if (caller.lend() !== fuel) native.tellOfFuel();
      return result;
    };
  };
  private begin(plain: PlainFunction, fuel: number, place: number): void {
    this.plain = plain;
    this.fuel = fuel;
    this.place = place;
    this.caller.machine.unsettled.settle = this.settle;
  }
  private end({ unsettled }: TierMachine): void {
    this.plain = undefined;
    unsettled.settle = undefined;
  }
  /** Whether the machine has been told of the plain function that runs, or is now. */
  private hasSettled(machine: TierMachine): boolean {
    if (this.plain === undefined) return true;
    if (machine.hasRoom()) {
      this.settle();
      return true;
    }
    this.end(machine);
    return false;
  }
  /** The machine is told of the plain function that runs. The host's stack has room for that. */
  private readonly settle = (): void => {
    const { caller, fuel, place } = this;
    const plain = this.plain!;
    const { machine } = caller;
    this.end(machine);
    caller.becomeExecution();
    caller.count(fuel);
    const activation = caller.current!;
    const sp = activation.sp + depthAt(place) - 1;
    const fp = activation.fp + 2 * slotsAt(place, activation.place);
    activation.nest = machine.beginPlain(plain, activation.func, activation.fp, sp, fp);
  };

  /** What native frames throw on. */
  private passing(thrown: unknown): unknown {
    if (thrown instanceof Error) this.passed.add(thrown);
    return this.caller.handling.comesOut(thrown);
  }

  /** The callee has returned, and native code may not go on: its memory is elsewhere. */
  private moved(activation: Activation, callee: Func, result: unknown, fp: number, sp: number): never {
    const { caller } = this;
    const { crossing } = caller;
    crossing.putNumbers(callee.type.results, [result], fp);
    crossing.clear();
    activation.returned = { func: callee, fp, sp };
    throw caller.noted(caller.leaving);
  }

  /** Calls out with arguments that have not been pushed, and takes the result. */
  private outWith(
    { type: { params, results } }: Func,
    id: number,
    fuel: number,
    place: number,
    args: readonly unknown[],
  ): unknown {
    const { caller } = this;
    const { crossing } = caller;
    crossing.clear();
    this.push(params, args);
    let left: number;
    try {
      left = this.out(id, fuel, place);
    } catch (error) {
      throw caller.noted(error);
    }
    if (left !== fuel) caller.current!.native.tellOfFuel();
    return results.length === 0 ? undefined : crossing.takeNumber(results[0]);
  }

  private push(types: readonly ValType[], values: readonly unknown[]): void {
    const { crossing } = this.caller;
    types.forEach((type, k) => {
      crossing.pushNumber(type, values[k]);
    });
  }

  /** Whatever ends the call: what the callee has left in globals is what native code gives back, when it leaves or traps next. */
  private called(native: NativeInstance, callee: Func, from: Place, fp: number): boolean {
    try {
      return this.caller.machine.call(callee, from, 0, fp);
    } catch (error) {
      throw this.passing(error);
    } finally {
      native.takeGlobals();
    }
  }
}
