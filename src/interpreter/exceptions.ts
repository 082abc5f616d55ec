/**
 * Exceptions (spec "exec/instructions", `throw` and `throw_ref`). Nothing of the host's is thrown: the search goes down the call stack, from
 * frame to frame, each of which knows by its call site what handles exceptions there. What it finds is a step like any other. Only frames
 * of another tier, which handle nothing, need the host's own way (`Propagating`).
 */
import { InternalError, RuntimeError, Termination, trap } from '../errors';
import type { Throw, ThrowRef } from '../lowering';
import { Exception, HOST_TAG, hostException, standsFor, type Tag, UncaughtException } from '../runtime';
import type { CallSite, Handler, Handlers } from './code';
import { trapOf } from './failures';
import { charge } from './fuel';
import { registers, stack } from './registers';
import { readValues, writeValues } from './slots';
import type { Step } from './step';
import type { Search } from './tiers';

/** Clauses of a frame, or frames, that are looked at for a unit of fuel. */
const LOOKED_PER_UNIT = 64;

/**
 * Thrown through frames of another tier, which stand on the host's stack and handle nothing. Whoever runs the steps below them goes on with
 * the search, at the call site with this number.
 */
export class Propagating {
  readonly exception: Exception;
  readonly sp: number;
  /** What is thrown when nobody handles it. */
  readonly uncaught: () => unknown;
  readonly search: Search;
  constructor(exception: Exception, sp: number, uncaught: () => unknown, search: Search) {
    this.exception = exception;
    this.sp = sp;
    this.uncaught = uncaught;
    this.search = search;
    propagating.add(this);
  }

  /** The same, below this call site. */
  below(sp: number): Propagating {
    return new Propagating(this.exception, sp, this.uncaught, this.search);
  }
}
const propagating = new WeakSet<object>();

/** What frames of a tier throw on that have made an exception, or let it pass: whoever runs the steps below goes on at this call site. */
export function propagated(
  exception: Exception,
  sp: number,
  search: Search,
  uncaught = uncaughtOf(exception),
): Propagating {
  return new Propagating(exception, sp, uncaught, search);
}
/** The search has come down to the frame at `sp`. */
export function chargeDownTo(sp: number, { from, looked }: Search): void {
  const units = (at: number): number => Math.floor((from - at) / LOOKED_PER_UNIT);
  charge(units(sp) - units(looked));
}

/** Asks nothing of what was thrown, which may be a proxy of the host's. */
export function isPropagating(thrown: unknown): thrown is Propagating {
  return typeof thrown === 'object' && thrown !== null && propagating.has(thrown);
}

/** The step that goes on with the exception, in the frame that handles it. Throws when none does, and nothing has changed. */
function handle(exception: Exception, fp: number, handlers: Handlers | null, uncaught: () => unknown): Step {
  const { sp } = registers;
  return inFrame(exception, sp, fp, handlers) ?? below(exception, sp, -1, uncaught, sp);
}

/** The same, when it has come through frames of another tier down to those that stand above the call site `floor`. */
export function goOn({ exception, sp, uncaught, search }: Propagating, floor: number): Step {
  const { sites } = stack();
  let top = sp;
  while (top - 1 > floor && isTier(sites[top - 1])) top--;
  chargeDownTo(top, search);
  return below(exception, top, floor, uncaught, search.from);
}

/** In the frames whose call sites are below `at`, and above `floor`. The frame at `from` has thrown. */
function below(exception: Exception, at: number, floor: number, uncaught: () => unknown, from: number): Step {
  const { sites, frames } = stack();
  for (let sp = at - 1; sp > floor; sp--) {
    const site = sites[sp]!;
    if (site.code === null) {
      if (!isTier(site)) throw uncaught();
      throw new Propagating(exception, sp, uncaught, { from, looked: sp + 1 });
    }
    if ((from - sp) % LOOKED_PER_UNIT === 0) charge(1);
    const step = inFrame(exception, sp, frames[sp], site.handlers);
    if (step !== null) return step;
  }
  throw new Propagating(exception, floor, uncaught, { from, looked: floor + 1 });
}

function isTier(site: CallSite | null): boolean {
  return site !== null && site.code === null && site.next !== null;
}

function inFrame(exception: Exception, sp: number, fp: number, handlers: Handlers | null): Step | null {
  let looked = 0;
  for (let at = handlers; at !== null; at = at.outer) {
    for (const handler of at.clauses) {
      if (++looked % LOOKED_PER_UNIT === 0) charge(1);
      if (handler.tag !== null && handler.tag !== exception.tag) continue;
      registers.sp = sp;
      registers.fp = fp;
      deliver(exception, handler, fp);
      return handler.step;
    }
  }
  return null;
}

function deliver(exception: Exception, { values, ref }: Handler, fp: number): void {
  writeValues(exception.values, fp + values);
  if (ref < 0) return;
  const { refs } = stack();
  const slot = (fp + ref) >> 1;
  while (refs.length <= slot) refs.push(null);
  refs[slot] = exception;
}

function raise(exception: Exception, fp: number, handlers: Handlers | null, offset: number): Step {
  registers.trapOffset = offset;
  return handle(exception, fp, handlers, uncaughtOf(exception));
}
/** What the host has thrown goes on as that. */
function uncaughtOf(exception: Exception): () => unknown {
  return () => (exception.tag === HOST_TAG ? exception.values[0].ref : new UncaughtException(exception));
}

export function throwStep(tag: Tag, { slot, offset }: Throw, handlers: Handlers | null): Step {
  const { params } = tag.type;
  const base = 2 * slot;
  return (fp) => raise(new Exception(tag, readValues(params, fp + base)), fp, handlers, offset);
}

export function throwRefStep({ slot, offset }: ThrowRef, handlers: Handlers | null): Step {
  const { refs } = stack();
  return (fp) => {
    const exception = refs[(fp >> 1) + slot];
    if (!(exception instanceof Exception)) throw trap('nullExceptionReference', offset);
    return raise(exception, fp, handlers, offset);
  };
}

/**
 * What a host function threw goes to the handler in the guest that takes it; else through the guest unchanged. `fp` is that of the function's
 * frame.
 */
export function hostThrew(thrown: unknown, fp: number): Step {
  return caughtOr(thrown, fp, () => thrown);
}

/** The same of a promise that was rejected. `trap` is what that is when nobody in the guest takes it. */
export function hostRejected(reason: unknown, fp: number, trap: () => RuntimeError): Step {
  return caughtOr(reason, fp, trap);
}

function caughtOr(thrown: unknown, fp: number, uncaught: () => unknown): Step {
  const exception = exceptionOf(thrown);
  if (exception === undefined) throw uncaught();
  return handle(exception, fp, null, uncaught);
}

/** Bound once: test runners look imports up at each use, and where the host's stack ends there is no room for that. */
const standIn = standsFor;
const trapIn = trapOf;
const made = hostException;

/** The exception that a guest sees when a host function throws this; undefined for what no guest can catch: traps, and ends. */
function exceptionOf(thrown: unknown): Exception | undefined {
  const exception = standIn(thrown);
  if (exception !== undefined) return exception;
  if (trapIn(thrown) !== undefined) return undefined;
  try {
    if (thrown instanceof RuntimeError || thrown instanceof Termination || thrown instanceof InternalError) {
      return undefined;
    }
  } catch {
    // A proxy, which is some value of the host's.
  }
  return made(thrown);
}
