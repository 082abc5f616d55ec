/**
 * Canonical frames: what a stopped execution holds, off the machine's stack, and its translation to and from the specification's terms
 * (DESIGN.md, law 1; src/snapshot writes and reads them).
 */
import { type TypeList, typesOf } from '../decoder/typelist';
import { type Func, type Instance, type Value, wordsOf } from '../runtime';
import type { Code } from './code';
import { type Copied, savedValues } from './saved';

/** One wasm frame of a stopped execution, as the snapshot format sees it. */
export interface FrameState {
  /** Whose function the frame is of. */
  readonly instance: Instance;
  /** Index of the function, imports first. */
  readonly funcidx: number;
  /** The kind of safepoint at which the frame stands. */
  readonly kind: 'loop' | 'call' | 'entry';
  /** Offset of the instruction in the function's code entry. */
  readonly offset: number;
  /** Offset of the `loop` that a back edge goes to, or -1. */
  readonly targetLoop: number;
  /** Locals, then the operand stack, bottom first. */
  readonly values: readonly Value[];
}

/** A call of the host that an execution waits for. */
export interface PendingHostCall {
  /** The host function that is waited for. */
  readonly func: Func;
  /** What it was called with. */
  readonly args: readonly Value[];
}

export function frameState(
  stack: Copied,
  code: Code,
  kind: StackFrame['kind'],
  offset: number,
  targetLoop: number,
  operands: TypeList | undefined,
  fp: number,
): StackFrame {
  const values = savedValues(stack, [...code.locals.types(), ...typesOf(operands)], fp);
  return { instance: code.func.instance!, funcidx: code.func.funcidx, kind, offset, targetLoop, values };
}

/** A frame as it is, or stopped inside a bulk operation. */
export type StackFrame = Omit<FrameState, 'kind'> & { readonly kind: FrameState['kind'] | 'bulk' };

/** Words of the stack that the frames take at least, each with the operands that it has now. */
export function wordsOfFrames(frames: readonly FrameState[]): number {
  let words = 0;
  for (const { values } of frames) for (const { type } of values) words += wordsOf(type);
  return words;
}
