/** What other tiers have of a function, and where a function begins that is called for the first time. */
import { InternalError } from '../errors';
import type { Func } from '../runtime';
import { codeOf, FuncCode, type Tiered } from './code';
import { begun, makeAndEnter } from './driver';
import { hostEntry } from './hostcall';
import { policyOf } from './policy';
import type { Step } from './step';
import type { DirectCode, Occasion, Tier, TierMachine } from './tiers';

/** The machine as each tier sees it. Stores see to it that their tiers have one (machine.ts). */
export const machines = new WeakMap<Tier, TierMachine>();

/** What the machine keeps with a new function. */
export function prepare(func: Func): FuncCode {
  return new FuncCode(func, func.callback === undefined ? firstCall : () => hostEntry(func));
}

/** A step: what calls run until it is decided where the function begins. */
function firstCall(state: FuncCode): Step {
  return (fp) => {
    decide(state);
    return state.entry(fp);
  };
}

/** Where calls of a wasm function begin, unless that is known. */
export function decide(state: FuncCode): void {
  if (state.entry !== state.undecided) return;
  const policy = policyOf(state.func.store);
  const tiered =
    policy.tiers.length === 0 ? undefined : tieredIn(policy.atFirstCall(state.func), state, 'call');
  state.entry = tiered?.code.entry ?? makeAndEnter(state);
  state.undecided = undefined;
}

/** Where calls of the function begin in a tier that takes these arguments, which lie in no slots. */
export function directCode(func: Func, args: readonly unknown[]): DirectCode | undefined {
  const { tiered, entry } = codeOf(func);
  if (tiered === undefined || entry !== tiered.code.entry) return undefined;
  const { direct } = tiered.code;
  return direct?.takes(args) ? direct : undefined;
}

/** The code of the first of these tiers that has any, or makes it. */
export function tieredIn(tiers: readonly Tier[], state: FuncCode, occasion: Occasion): Tiered | undefined {
  for (const tier of tiers) {
    if (state.tiered?.tier === tier) return state.tiered;
    const tiered = offered(tier, state, occasion);
    if (tiered === undefined) continue;
    state.tiered?.code.drop();
    state.tiered = tiered;
    return tiered;
  }
  return undefined;
}

function offered(tier: Tier, state: FuncCode, occasion: Occasion): Tiered | undefined {
  if (state.refusals?.has(tier)) return undefined;
  const machine = machines.get(tier);
  if (machine === undefined) throw new InternalError(`no machine for the tier ${tier.name}`);
  begun(state.func.instance!);
  const offer = tier.offer(state.func, occasion, machine);
  switch (offer.kind) {
    case 'code':
      return { tier, code: offer.code };
    case 'later':
      return undefined;
    case 'refused':
      state.refusals ??= new Map();
      state.refusals.set(tier, offer.why);
      return undefined;
  }
}
