/**
 * Calls out of native code: of whatever does not run natively, and of plain functions of the embedder, which take their arguments as native code
 * has them.
 */
import { I32, type ValType } from '../../decoder';
import { trap } from '../../errors';
import type { Place, TierMachine } from '../../interpreter/tiers';
import type { Func } from '../../runtime';
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
  readonly current: Activation | undefined;
  /** Native code has so much of its fuel left. */
  count(fuel: number): void;
  /** The fuel that it goes on with. */
  lend(): number;
  readonly handling: Handling;
}

export class CallsOut {
  /** What is on its way out of them, and has marked the frames above: where the last one was made, as the host's trace tells it. */
  readonly passed = new WeakMap<Error, Error>();
  private readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  out(id: number, fuel: number, place: number): number {
    const { caller } = this;
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

  /** What emitted code calls for an import, which it knows by the number `id`. */
  readonly directImport = (callee: Func, id: number): DirectImport => {
    const plain = PlainFunction.of(callee);
    if (plain === undefined)
      return (fuel, place, _g, _h, _i, _j, ...args) => this.outWith(callee, id, fuel, place, args);
    return (fuel, place, g, h, i, j, a, b, c, d, e, f) => {
      const { caller } = this;
      const { machine } = caller;
      const activation = caller.current!;
      const sp = activation.sp + depthAt(place);
      if (sp === activation.sp || !machine.mayCallPlain)
        return this.outWith(callee, id, fuel, place, [a, b, c, d, e, f]);
      const fp = activation.fp + 2 * slotsAt(place, activation.place);
      caller.count(fuel);
      if (fp + 2 * plain.words > machine.stack.ints.length) throw trap('callStackExhausted', -1);
      const { native } = activation;
      if (native.handed === undefined) native.giveGlobals();
      else native.handed.give(g, h, i, j);
      activation.callee = callee;
      let result: unknown;
      try {
        result = machine.callPlain(plain, activation.func, activation.fp, sp - 1, fp, a, b, c, d, e, f);
      } catch (error) {
        native.takeGlobals();
        if (error instanceof Error) this.passed.set(error, new Error());
        throw caller.handling.comesOut(error);
      }
      native.takeGlobals();
      if (native.held.haveMoved) this.moved(activation, callee, result, fp, sp);
      return result;
    };
  };

  /** The callee has returned, and native code may not go on: its memory is elsewhere. */
  private moved(activation: Activation, callee: Func, result: unknown, fp: number, sp: number): never {
    const { crossing, leaving } = this.caller;
    crossing.putIntegers(callee.type.results, [result], fp);
    crossing.clear();
    activation.returned = { func: callee, fp, sp };
    throw leaving;
  }

  /** Calls out with arguments that have not been pushed, and takes the result. */
  private outWith(
    { type: { params, results } }: Func,
    id: number,
    fuel: number,
    place: number,
    args: readonly unknown[],
  ): unknown {
    const { crossing } = this.caller;
    crossing.clear();
    this.push(params, args);
    this.out(id, fuel, place);
    if (results.length === 0) return undefined;
    return results[0] === I32 ? crossing.takeI32() : crossing.takeI64();
  }

  private push(types: readonly ValType[], values: readonly unknown[]): void {
    const { crossing } = this.caller;
    types.forEach((type, k) => {
      if (type === I32) crossing.pushI32(values[k] as number);
      else crossing.pushI64(values[k] as bigint);
    });
  }

  /** Whatever ends the call: what the callee has left in globals is what native code gives back, when it leaves or traps next. */
  private called(native: NativeInstance, callee: Func, from: Place, fp: number): boolean {
    try {
      return this.caller.machine.call(callee, from, 0, fp);
    } catch (error) {
      if (error instanceof Error) this.passed.set(error, new Error());
      throw this.caller.handling.comesOut(error);
    } finally {
      native.takeGlobals();
    }
  }
}
