/** Which tier runs a function: one policy a store (DESIGN.md, section 4), out of the tiers that the entry has installed. */
import type { ModuleData } from '../decoder/module';
import type { Func, Store } from '../runtime';
import type { Tier, TierPolicy } from './tiers';

/** The tiers that a host may have beside the interpreter, best first. */
export const TIER_NAMES = ['native', 'javascript'] as const;

/**
 * What a store is asked for. `auto`: functions begin in a tier that is prompt, or else in the interpreter, and hot ones go on in the best tier
 * that there is. The name of a tier: functions begin there. Whatever a tier refuses runs in the interpreter.
 */
export type TierChoice = 'auto' | 'interpret' | (typeof TIER_NAMES)[number];

export const TIER_CHOICES: readonly TierChoice[] = ['auto', 'interpret', ...TIER_NAMES];

const NONE: readonly Tier[] = [];

class StandardPolicy implements TierPolicy {
  readonly tiers: readonly Tier[];
  readonly every = Number.POSITIVE_INFINITY;
  /** Those that functions begin in. */
  readonly first: readonly Tier[];

  constructor(tiers: readonly Tier[], first: readonly Tier[]) {
    this.tiers = tiers;
    this.first = first;
  }
  atFirstCall(): readonly Tier[] {
    return this.first;
  }
  atSafepoint(_: Func, now: Tier | undefined, isHot: boolean): readonly Tier[] {
    if (now !== undefined) return [now];
    return isHot ? this.tiers : this.first;
  }
}

let installed: readonly Tier[] = NONE;
const INTERPRET = new StandardPolicy(NONE, NONE);

/** An entry says which tiers its host has, best first. They are for stores that are made from then on. */
export function installTiers(tiers: readonly Tier[]): void {
  installed = tiers;
}

/** The policy that a choice stands for. */
export function policyFor(choice: TierChoice): StandardPolicy {
  if (choice === 'interpret') return INTERPRET;
  const isAuto = choice === 'auto';
  const first = installed.filter(({ isPrompt, name }) => (isAuto ? isPrompt : name === choice));
  return new StandardPolicy(isAuto ? installed : first, first);
}

export function setPolicy(store: Store, policy: TierPolicy): void {
  store.policy = policy;
}

/** Stores that nobody has given a policy interpret everything. */
export function policyOf(store: Store): TierPolicy {
  return (store.policy as TierPolicy | undefined) ?? INTERPRET;
}

/** Where a policy lets a function run, as far as its module tells, and why not in a better tier. */
export interface TierReport {
  readonly funcidx: number;
  readonly tier: string;
  readonly refusals: readonly { readonly tier: string; readonly why: string }[];
}

export const INTERPRETER = 'interpreter';

/** For a defined function of a module. */
export function reportTier(module: ModuleData, funcidx: number, { tiers }: TierPolicy): TierReport {
  const refusals: TierReport['refusals'][number][] = [];
  for (const tier of tiers) {
    const verdict = tier.judge(module, funcidx);
    if (verdict.kind === 'runs') return { funcidx, tier: tier.name, refusals };
    refusals.push({ tier: tier.name, why: verdict.why });
  }
  return { funcidx, tier: INTERPRETER, refusals };
}
