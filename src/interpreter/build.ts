/** Frames in the terms of the specification become a stack again: code is made for them, then the stack that they stand for. */
import { isRef } from '../decoder';
import { onTop } from '../decoder/typelist';
import { InternalError } from '../errors';
import { type Func, type Value, wordsOf, writeWords } from '../runtime';
import { CallSite, type Code, codeOf, drops, type Safepoint } from './code';
import { makeSome } from './driver';
import type { PendingHostCall, StackFrame } from './frames';
import { registers } from './registers';
import type { Saved } from './saved';
import type { Paused, Unbuilt, Waiting } from './stopped';

/** In parts, each of as much lowering as the machine does at once. */
export function* buildInParts(
  func: Func,
  { frames, pending, wait }: Unbuilt,
): Generator<undefined, Paused | Waiting, undefined> {
  for (const { instance, funcidx } of frames) {
    const state = codeOf(instance.funcAt(funcidx));
    while (state.code === undefined) {
      makeSome(state, false, registers.lowering);
      yield;
    }
  }
  const { saved, safepoint } = rebuild(func, frames, pending);
  if (wait !== undefined) return { kind: 'waiting', saved, wait };
  if (safepoint !== null) return { kind: 'paused', saved, stand: { kind: 'safepoint', safepoint } };
  if (pending === undefined) throw new InternalError('frames that stand nowhere');
  return { kind: 'paused', saved, stand: { kind: 'hostCall', pending } };
}

/** The stack that frames stand for. Their functions have code. */
function rebuild(
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
    const code = codeOf(target).code!;
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
    const site = code.callAt(frame.offset);
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
  const copied = { ints: Int32Array.from(words), refs, sites, frames: pointers, callees };
  const saved = { fp, words: words.length, callers: sites.length, drops: drops.count, copied };
  return { saved, safepoint };
}

function innermost(code: Code, frame: StackFrame): Safepoint {
  const { kind, offset, targetLoop, values } = frame;
  if (kind === 'entry') return code.entrySite;
  const bulk = kind === 'bulk' ? code.bulkAt(offset) : undefined;
  if (bulk !== undefined) return bulk;
  const resume = code.loopAt(targetLoop);
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
