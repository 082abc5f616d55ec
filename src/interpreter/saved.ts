/** The stack of a stopped execution: frames copied off the machine's stack, so that others can run, and put back where its top is then. */
import { isRef, type ValType } from '../decoder';
import { readWords, reference, type Value, wordsOf } from '../runtime';
import type { CallSite } from './code';
import { registers, stack } from './registers';

/** Frame pointers are relative to the execution's base. */
export interface Saved {
  readonly ints: Int32Array;
  readonly refs: unknown[];
  readonly sites: (CallSite | null)[];
  readonly frames: number[];
  readonly callees: unknown[];
  readonly fp: number;
}

/** Copies the frames out: the words from `base` to `end`, and the callers from `sp` on. */
export function takeFrames(base: number, sp: number, end: number): Saved {
  const { ints, refs, sites, frames, callees } = stack();
  const callers = frames.slice(sp, registers.sp);
  return {
    ints: ints.slice(base, end),
    refs: refs.slice(base >> 1, end >> 1),
    sites: sites.slice(sp, registers.sp),
    frames: base === 0 ? callers : callers.map((fp) => fp - base),
    callees: callees.slice(sp, registers.sp),
    fp: registers.fp - base,
  };
}

/** Puts them back. The registers have room for them. */
export function putFrames(saved: Saved, base: number, sp: number): void {
  const frames = stack();
  frames.ints.set(saved.ints, base);
  for (let k = saved.refs.length; k > 0 && frames.refs.length < base >> 1; k--) frames.refs.push(null);
  while (frames.refs.length < (base >> 1) + saved.refs.length) frames.refs.push(null);
  // A stack may be a hundred thousand frames deep: no closures here.
  const { sites, callees } = saved;
  for (let k = 0; k < saved.refs.length; k++) frames.refs[(base >> 1) + k] = saved.refs[k];
  for (let k = 0; k < sites.length; k++) {
    frames.sites[sp + k] = sites[k];
    frames.frames[sp + k] = saved.frames[k] + base;
    frames.callees[sp + k] = callees[k];
  }
  frames.frames[sp] = registers.fp;
  registers.sp = sp + sites.length;
  registers.fp = saved.fp + base;
}

/** Values of these types from a word index on. */
export function savedValues(
  { ints, refs }: Pick<Saved, 'ints' | 'refs'>,
  types: readonly ValType[],
  fp: number,
): Value[] {
  let word = fp;
  return types.map((type) => {
    const at = word;
    word += wordsOf(type);
    return isRef(type) ? reference(type, refs[at >> 1]) : readWords(type, ints, at);
  });
}
