/** The stack of a stopped execution: its frames are copied off the machine's stack when others run, and put back where its top is then. */
import { isRef, type ValType } from '../decoder';
import { readWords, reference, type Value, wordsOf } from '../runtime';
import { type CallSite, drops } from './code';
import { registers, stack } from './registers';

/** Frames off the machine's stack. Frame pointers are relative to the execution's base. */
export interface Copied {
  readonly ints: Int32Array;
  readonly refs: unknown[];
  readonly sites: (CallSite | null)[];
  readonly frames: number[];
  readonly callees: unknown[];
}

/**
 * The frames of a stopped execution. Those of an outermost one stay where they are until somebody else needs the stack: to stop and to go on
 * takes as long a hundred thousand frames deep as at the first one.
 */
export interface Saved {
  readonly fp: number;
  /** Words that it takes, and callers. */
  readonly words: number;
  readonly callers: number;
  /** How often code had been dropped when it stopped: later, its frames may stand in dropped code. */
  readonly drops: number;
  /** Undefined as long as nobody has needed it: `savedStack`. */
  copied: Copied | undefined;
}

/** What it holds, for whoever reads it. */
export function savedStack(saved: Saved): Copied {
  saved.copied ??= copyFrames(0, 0, saved.words, saved.callers);
  return saved.copied;
}

function copyFrames(base: number, sp: number, words: number, callers: number): Copied {
  const { ints, refs, sites, frames, callees } = stack();
  const end = base + words;
  const top = sp + callers;
  return {
    ints: ints.slice(base, end),
    refs: refs.slice(base >> 1, end >> 1),
    sites: sites.slice(sp, top),
    frames: frames.slice(sp, top).map((fp) => fp - base),
    callees: callees.slice(sp, top),
  };
}

/** Whose frames lie at the bottom of the machine's stack, while nothing runs there. */
let resident: Saved | undefined;

/** Whoever begins to use the machine's stack calls it first. */
export function clearStack(): void {
  if (resident !== undefined) savedStack(resident);
  resident = undefined;
}

/** Of the frames from `base` to `end`, and the callers from `sp` on. */
export function takeFrames(base: number, sp: number, end: number): Saved {
  const words = end - base;
  const callers = registers.sp - sp;
  const saved: Saved = { fp: registers.fp - base, words, callers, drops: drops.count, copied: undefined };
  if (sp === 0) resident = saved;
  else saved.copied = copyFrames(base, sp, words, callers);
  return saved;
}

/** Puts them back. The registers have room for them. */
export function putFrames(saved: Saved, base: number, sp: number): void {
  if (saved !== resident) {
    clearStack();
    pasteFrames(savedStack(saved), base, sp);
  }
  resident = undefined;
  registers.sp = sp + saved.callers;
  registers.fp = saved.fp + base;
}

function pasteFrames({ ints, refs, sites, frames, callees }: Copied, base: number, sp: number): void {
  const to = stack();
  to.ints.set(ints, base);
  while (to.refs.length < base >> 1) to.refs.push(null);
  // A stack may be a hundred thousand frames deep: no closures here.
  for (let k = 0; k < refs.length; k++) to.refs[(base >> 1) + k] = refs[k];
  for (let k = 0; k < sites.length; k++) {
    to.sites[sp + k] = sites[k];
    to.frames[sp + k] = frames[k] + base;
    to.callees[sp + k] = callees[k];
  }
  to.frames[sp] = registers.fp;
}

/** Values of these types from a word index on. */
export function savedValues(
  { ints, refs }: Pick<Copied, 'ints' | 'refs'>,
  types: readonly ValType[],
  fp: number,
): Value[] {
  const values: Value[] = [];
  let word = fp;
  for (const type of types) {
    values.push(isRef(type) ? reference(type, refs[word >> 1]) : readWords(type, ints, word));
    word += wordsOf(type);
  }
  return values;
}
