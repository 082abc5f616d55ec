/**
 * A function leaves when its slice of fuel ends (functions.ts), which in a program of many functions happens to each of them once in a
 * million turns. Engines that compile what is hot take what has never been done for impossible: code that leaves for the first time is
 * thrown away, and made anew after the function has run in slow code for a while. So every function leaves a few times when it is made,
 * in each of its ways, with zeros for its values, and on words of the stack that get their values back.
 */
import type { TierMachine } from '../../interpreter/tiers';
import type { CompiledCall } from './cells';
import type { Leaving } from './frame-texts';

/** Whom functions ask at their entries and when they leave. While it has a `rehearsed` site they leave there, and nobody is told. */
export interface Rehearsing {
  rehearsed: number | undefined;
  /** The fuel, and what is set aside for entries. */
  readonly counter: Int32Array;
  /** See activations.ts. */
  p: number;
}

/** V8 begins to write down what a function does when eight times as much has run as all of it; how long texts are says how much that is. */
const TIMES_UNSEEN = 12;
/** Of functions with more ways, the others are left to chance. */
const MOST_WAYS = 40;

export interface Rehearsal {
  readonly call: CompiledCall;
  readonly leaving: Leaving;
  /** Of a frame on the stack. */
  readonly words: number;
}

/** At which sites a function leaves, in order: first unseen. */
export function sitesFor({ ways, part }: Leaving): number[] {
  return [...new Array<number>(Math.ceil(TIMES_UNSEEN / part)).fill(0), ...ways.slice(0, MOST_WAYS)];
}

export function rehearse(rehearsal: Rehearsal, { stack }: TierMachine, asked: Rehearsing): void {
  const { call, leaving, words } = rehearsal;
  const sites = sitesFor(leaving);
  const { counter } = asked;
  const [fuel, aside] = counter;
  const ints = stack.ints.slice(0, words);
  const refs = stack.refs.slice(0, words >> 1);
  const zeros = new Array(call.length).fill(0);
  for (const site of sites) {
    counter[0] = counter[1] = 0;
    asked.rehearsed = site;
    Reflect.apply(call, undefined, zeros);
  }
  asked.rehearsed = undefined;
  asked.p = -1;
  counter[0] = fuel;
  counter[1] = aside;
  stack.ints.set(ints);
  for (const [k, reference] of refs.entries()) stack.refs[k] = reference;
  stack.refs.fill(null, refs.length, words >> 1);
}
