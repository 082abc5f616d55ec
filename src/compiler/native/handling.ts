/**
 * Exceptions on their way through native frames: those that bodies throw, those that come out of calls, and those that no native frame handles.
 * What emitted code does is in handlers.ts, what they are there in exceptions.ts.
 */
import { trap } from '../../errors';
import type { Search, TierMachine } from '../../interpreter/tiers';
import { Exception, wordsOfAll } from '../../runtime';
import type { Activation } from './activation';
import type { Crossing } from './crossing';
import { GuestExceptions } from './exceptions';
import type { HostWebAssembly } from './host';
import { type Listed, listedAt, listedIn, traceHere } from './traps';

/** Whose frames they go through: the innermost activation, and its fuel. */
interface Activations {
  readonly machine: TierMachine;
  readonly crossing: Crossing;
  readonly current: Activation | undefined;
  /** Units that native code has used in all. */
  readonly used: number;
  /** What runs natively has the machine from now on. */
  takeMachine(): void;
  /** What native frames throw on, or (undefined) do not any more. */
  noted<Thrown>(thrown: Thrown): Thrown;
  /** Native code has so much of it left. */
  count(fuel: number): void;
  /** Whether the instance had better run elsewhere, and can when this activation has ended. */
  mustEnd(activation: Activation): boolean;
  /** Marks the frames of an activation for a backtrace. */
  marked(activation: Activation, listed: Listed, isPassed: boolean): number;
}

/** Where an exception is from: the host's trace, if one has been taken, and the module offset, or -1 of what has come out of a call. */
interface ThrownAt {
  readonly trace: Error | undefined;
  readonly offset: number;
}
const NOWHERE: ThrownAt = { trace: undefined, offset: -1 };
/** Exceptions of which a trace is taken, for some microseconds each. A program that throws more handles them. */
const TRACED = 64;

export class Handling {
  private readonly activations: Activations;
  private readonly exceptions: GuestExceptions;
  /** What they become when nobody handles them, of those that calls out have thrown. */
  private readonly uncaught = new WeakMap<Exception, () => unknown>();
  private readonly thrownAt = new WeakMap<Exception, ThrownAt>();
  private traced = 0;
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
    if (!(ref instanceof Exception)) throw activations.noted(trap('nullExceptionReference', offset));
    const { current } = activations;
    current!.native.throwRate.note(activations.used);
    const sp = current!.spOf(base);
    this.search = { from: sp, looked: sp };
    // Whoever had thrown it before, it is the guest's now.
    this.uncaught.delete(ref);
    this.noteAt(ref, offset);
    return activations.noted(ref);
  };

  readonly caught = (exception: Exception, tagidx: number, base: number): number => {
    const { crossing, machine, current } = this.activations;
    const { native, frames, fp } = current!;
    // Frames that an exception passes cannot tell it from what makes them leave.
    frames.length = 0;
    crossing.clear();
    if (tagidx >= 0 && exception.tag !== native.instance.tags[tagidx]) return 0;
    machine.looked(current!.spOf(base), this.search);
    this.activations.noted(undefined);
    if (this.activations.mustEnd(current!)) machine.withhold();
    if (tagidx < 0) return 1;
    const { params } = exception.tag.type;
    if (fp + wordsOfAll(params) > machine.stack.ints.length)
      throw this.activations.noted(trap('callStackExhausted', -1));
    crossing.pushValues(exception.values);
    crossing.toStack(params, fp);
    crossing.clear();
    crossing.offer(fp);
    return 1;
  };

  private noteAt(exception: Exception, offset: number): void {
    this.thrownAt.set(exception, { trace: this.traced++ < TRACED ? traceHere() : undefined, offset });
  }

  // What the runtime calls.

  /** One that native frames throw on, as it goes through them. */
  wrapped(exception: Exception): object {
    return this.exceptions.wrapped(exception);
  }

  /** What a call out throws, as native frames can handle it. */
  comesOut(thrown: unknown): unknown {
    const raised = this.activations.machine.exceptionIn(thrown);
    if (raised === undefined) return thrown;
    const { exception, uncaught, search } = raised;
    if (uncaught !== undefined) this.uncaught.set(exception, uncaught);
    this.noteAt(exception, -1);
    const { current, used } = this.activations;
    current!.native.throwRate.note(used);
    this.search = search;
    return this.exceptions.wrapped(exception);
  }

  /** What goes on below the native frames of an activation that have thrown this; undefined: it is none of these. */
  goesOn(thrown: unknown, activation: Activation): unknown {
    const exception = this.exceptions.unwrapped(thrown);
    if (exception === undefined) return undefined;
    const { search, uncaught, thrownAt } = this;
    const { machine } = this.activations;
    // Made by a host function that holds the tag, it may be from anywhere.
    const { trace, offset } = thrownAt.get(exception) ?? NOWHERE;
    const { module } = activation.native.instance;
    const listed = trace === undefined && offset >= 0 ? listedAt(module, offset) : listedIn(trace?.stack);
    const sp = this.activations.marked(activation, listed, offset < 0);
    if (offset >= 0) {
      machine.registers.sp = sp;
      machine.registers.trapOffset = offset;
    }
    return machine.raised({ exception, search, uncaught: uncaught.get(exception) }, activation);
  }
}
