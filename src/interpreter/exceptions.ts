/**
 * Exceptions (spec "exec/instructions", `throw` and `throw_ref`). Nothing of the host's is thrown: the search goes down the call stack, from
 * frame to frame, each of which knows by its call site what handles exceptions there. What it finds is a step like any other.
 */
import { InternalError, RuntimeError, Termination, trap } from '../errors';
import type { Throw, ThrowRef } from '../lowering';
import { Exception, HOST_TAG, hostException, standsFor, type Tag, UncaughtException } from '../runtime';
import type { Handler, Handlers } from './code';
import { trapOf } from './failures';
import { charge } from './fuel';
import { registers, stack } from './registers';
import { readValues, writeValues } from './slots';
import type { Step } from './step';

/** Clauses and frames that are looked at for a unit of fuel. */
const LOOKED_PER_UNIT = 64;

/** The step that goes on with the exception, in the frame that handles it; null when none does, and nothing has changed. */
export function handlerOf(exception: Exception, fp: number, handlers: Handlers | null): Step | null {
  const { sites, frames } = stack();
  let frame = fp;
  let looked = 0;
  for (let sp = registers.sp, chain = handlers; ; sp--) {
    for (let at = chain; at !== null; at = at.outer) {
      for (const handler of at.clauses) {
        looked++;
        if (handler.tag !== null && handler.tag !== exception.tag) continue;
        registers.sp = sp;
        registers.fp = frame;
        charge(Math.floor(looked / LOOKED_PER_UNIT));
        deliver(exception, handler, frame);
        return handler.step;
      }
    }
    looked++;
    const site = sites[sp - 1];
    if (site === null || site === undefined) throw new InternalError('a stack without a bottom');
    if (site.code === null) return null;
    frame = frames[sp - 1];
    chain = site.handlers;
  }
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
  const step = handlerOf(exception, fp, handlers);
  if (step !== null) return step;
  registers.trapOffset = offset;
  // What the host has thrown goes on as that.
  throw exception.tag === HOST_TAG ? exception.values[0].ref : new UncaughtException(exception);
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

/** The exception that a guest sees when a host function throws this; undefined for what no guest can catch: traps, and ends. */
export function exceptionOf(thrown: unknown): Exception | undefined {
  const exception = standsFor(thrown);
  if (exception !== undefined) return exception;
  if (trapOf(thrown) !== undefined) return undefined;
  try {
    if (thrown instanceof RuntimeError || thrown instanceof Termination || thrown instanceof InternalError) {
      return undefined;
    }
  } catch {
    // A proxy, which is some value of the host's.
  }
  return hostException(thrown);
}
