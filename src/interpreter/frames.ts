/**
 * Canonical frames: what a stopped execution holds, off the machine's stack, and its translation to and from the specification's terms
 * (DESIGN.md, law 1; src/snapshot writes and reads them).
 */
import { isRef } from '../decoder';
import { onTop, type TypeList, typesOf } from '../decoder/typelist';
import { InternalError } from '../errors';
import { type Func, type Instance, type Value, wordsOf, writeWords } from '../runtime';
import { CallSite, type Code, codeOf, type Safepoint } from './code';
import { makeCode } from './driver';
import { type Saved, savedValues } from './saved';

/** One wasm frame of a stopped execution, as the snapshot format sees it. */
export interface FrameState {
  readonly instance: Instance;
  readonly funcidx: number;
  readonly kind: 'loop' | 'call' | 'entry';
  /** Offset of the instruction in the function's code entry. */
  readonly offset: number;
  /** Offset of the `loop` that a back edge goes to, or -1. */
  readonly targetLoop: number;
  /** Locals, then the operand stack, bottom first. */
  readonly values: readonly Value[];
}

/** A call of the host that an execution waits for; in `rebuild` also one of a function that is not lowered yet. */
export interface PendingHostCall {
  readonly func: Func;
  readonly args: readonly Value[];
}

export function frameState(
  saved: Saved,
  code: Code,
  kind: StackFrame['kind'],
  offset: number,
  targetLoop: number,
  operands: TypeList | undefined,
  fp: number,
): StackFrame {
  const values = savedValues(saved, [...code.locals.types(), ...typesOf(operands)], fp);
  return { instance: code.func.instance!, funcidx: code.func.funcidx, kind, offset, targetLoop, values };
}

/** A frame as it is, or stopped inside a bulk operation. */
export type StackFrame = Omit<FrameState, 'kind'> & { readonly kind: FrameState['kind'] | 'bulk' };

/** The stack that frames stand for. */
export function rebuild(
  func: Func,
  frames: readonly StackFrame[],
  pending: PendingHostCall | undefined,
): { saved: Saved; safepoint: Safepoint | null } {
  const sites: (CallSite | null)[] = [new CallSite(null, -1, func, undefined, 0)];
  const pointers: number[] = [0];
  const callees: unknown[] = [undefined];
  const words: number[] = [];
  const refs: unknown[] = [];
  let safepoint: Safepoint | null = null;
  let fp = 0;
  frames.forEach((frame, k) => {
    const target = frame.instance.funcAt(frame.funcidx);
    const code = makeCode(codeOf(target));
    const outer = sites[k]!;
    if (outer.callee === null) callees[k] = target;
    else if (outer.callee !== target) sites[k] = outer.replaced(target);
    place(frame.values, fp, words, refs);
    while (words.length < fp + code.size) words.push(0);
    while (refs.length < (fp + code.size) >> 1) refs.push(null);
    if (frame.kind !== 'call') {
      safepoint = innermost(code, frame);
      return;
    }
    const site = code.calls.get(frame.offset);
    if (site === undefined) throw new InternalError(`no call at offset ${frame.offset}`);
    sites.push(site);
    pointers.push(fp);
    callees.push(undefined);
    fp += site.base;
  });
  if (pending !== undefined) {
    const { callee } = sites[sites.length - 1]!;
    if (callee === null) callees[callees.length - 1] = pending.func;
    place(pending.args, fp, words, refs);
  }
  const saved: Saved = { ints: Int32Array.from(words), refs, sites, frames: pointers, callees, fp };
  return { saved, safepoint };
}

function innermost(code: Code, frame: StackFrame): Safepoint {
  const { kind, offset, targetLoop, values } = frame;
  if (kind === 'entry') return code.entrySite;
  const bulk = kind === 'bulk' ? code.bulks.get(offset) : undefined;
  if (bulk !== undefined) return bulk;
  const resume = code.loops.get(targetLoop);
  if (resume === undefined) throw new InternalError(`no loop at offset ${targetLoop}`);
  const types = values.slice(code.locals.count).map((value) => value.type);
  const operands = onTop(undefined, types);
  return { code, kind: 'loop', offset, targetLoop, operands, resume };
}

function place(values: readonly Value[], at: number, words: number[], refs: unknown[]): void {
  let word = at;
  for (const value of values) {
    const next = word + wordsOf(value.type);
    while (words.length < next) words.push(0);
    while (refs.length < next >> 1) refs.push(null);
    if (isRef(value.type)) refs[word >> 1] = value.ref;
    else writeWords(value, words, word);
    word = next;
  }
}
