/**
 * Exceptions on their way through native frames: those that bodies throw, those that come out of calls, and those that no native frame handles.
 * What emitted code does is in handlers.ts, what they are there in exceptions.ts.
 */
import { trap } from '../../errors';
import type { Place, Search, TierMachine } from '../../interpreter/tiers';
import { Exception, wordsOfAll } from '../../runtime';
import type { Activation } from './activation';
import type { Crossing } from './crossing';
import { GuestExceptions } from './exceptions';
import type { HostWebAssembly } from './host';

/** Whose frames they go through: the innermost activation, and its fuel. */
interface Activations {
  readonly machine: TierMachine;
  readonly crossing: Crossing;
  readonly current: Activation | undefined;
  /** Units that native code has used in all. */
  readonly used: number;
  /** What runs natively has the machine from now on. */
  takeMachine(): void;
  /** Native code has so much of it left. */
  count(fuel: number): void;
  /** Whether the instance had better run elsewhere, and can when this activation has ended. */
  mustEnd(activation: Activation): boolean;
}

export class Handling {
  private readonly activations: Activations;
  private readonly exceptions: GuestExceptions;
  /** What they become when nobody handles them, of those that calls out have thrown. */
  private readonly uncaught = new WeakMap<Exception, () => unknown>();
  /** For a handler of what has been thrown last. */
  private search: Search = { from: 0, looked: 0 };

  constructor(activations: Activations, host: HostWebAssembly) {
    this.activations = activations;
    this.exceptions = GuestExceptions.of(host);
  }

  // What emitted code calls.

  readonly throwing = (tagidx: number, offset: number, fuel: number, base: number): Exception => {
    const { crossing, current } = this.activations;
    const tag = current!.native.instance.tags[tagidx];
    const exception = new Exception(tag, crossing.values(tag.type.params));
    crossing.clear();
    return this.raising(exception, offset, fuel, base);
  };

  readonly raising = (ref: unknown, offset: number, fuel: number, base: number): Exception => {
    const { activations } = this;
    activations.takeMachine();
    activations.count(fuel);
    if (!(ref instanceof Exception)) throw trap('nullExceptionReference', offset);
    const { current } = activations;
    current!.native.throwRate.note(activations.used);
    const sp = current!.spOf(base);
    this.search = { from: sp, looked: sp };
    // Whoever had thrown it before, it is the guest's now.
    this.uncaught.delete(ref);
    return ref;
  };

  readonly caught = (exception: Exception, tagidx: number, base: number): number => {
    const { crossing, machine, current } = this.activations;
    const { native, frames, fp } = current!;
    // Frames that an exception passes cannot tell it from what makes them leave.
    frames.length = 0;
    crossing.clear();
    if (tagidx >= 0 && exception.tag !== native.instance.tags[tagidx]) return 0;
    machine.looked(current!.spOf(base), this.search);
    if (this.activations.mustEnd(current!)) machine.withhold();
    if (tagidx < 0) return 1;
    const { params } = exception.tag.type;
    if (fp + wordsOfAll(params) > machine.stack.ints.length) throw trap('callStackExhausted', -1);
    crossing.pushValues(exception.values);
    crossing.toStack(params, fp);
    crossing.clear();
    crossing.offer(fp);
    return 1;
  };

  // What the runtime calls.

  /** What a call out throws, as native frames can handle it. */
  comesOut(thrown: unknown): unknown {
    const raised = this.activations.machine.exceptionIn(thrown);
    if (raised === undefined) return thrown;
    const { exception, uncaught, search } = raised;
    if (uncaught !== undefined) this.uncaught.set(exception, uncaught);
    const { current, used } = this.activations;
    current!.native.throwRate.note(used);
    this.search = search;
    return this.exceptions.wrapped(exception);
  }

  /** What goes on below the native frames, the first of which is at `first`, that have thrown this; undefined: it is none of these. */
  goesOn(thrown: unknown, first: Place): unknown {
    const exception = this.exceptions.unwrapped(thrown);
    if (exception === undefined) return undefined;
    const { search, uncaught, activations } = this;
    return activations.machine.raised({ exception, search, uncaught: uncaught.get(exception) }, first);
  }
}
