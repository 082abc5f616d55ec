/** The portable machine as a store sees it, and stores that it runs. */
import { printable } from '../errors';
import {
  type Callee,
  type Func,
  type Machine,
  Store as RuntimeStore,
  type StoreOptions as RuntimeStoreOptions,
} from '../runtime';
import { factorySource } from './factories';
import { invoke } from './invoke';
import { machines, prepare } from './offers';
import { policyFor, setPolicy, TIER_CHOICES, type TierChoice } from './policy';
import { isRunning } from './registers';
import { MachineOfTier } from './tier-machine';
import type { TierPolicy } from './tiers';

const MACHINE: Machine = {
  // Itself, not a function that calls it: frames of the host's stack are counted (execution.ts).
  invoke: invoke as Machine['invoke'],
  prepare: (func: Callee) => prepare(func as Func),
  // Loading the factories takes milliseconds on a cold engine, which no deadline should have to wait for.
  warm: () => {
    factorySource(false);
  },
  isRunning,
};

/** Another policy for a store in which nothing has run. */
export function usePolicy(store: RuntimeStore, policy: TierPolicy): void {
  for (const tier of policy.tiers) {
    if (!machines.has(tier)) machines.set(tier, new MachineOfTier(tier));
  }
  setPolicy(store, policy);
}

/** Limits of a store, and where its functions run. */
export interface StoreOptions extends RuntimeStoreOptions {
  /**
   * Where functions run. `auto` (the default): they begin in the native tier where the host has it, and those that are hot go on in the best one
   * that takes them; `interpret`; or the name of a tier: they begin there. What a tier refuses, or a host has not, is interpreted.
   */
  readonly tier?: TierChoice;
}

/** A store whose code the interpreter runs, and the tiers that its policy allows. */
export class Store extends RuntimeStore {
  constructor(options: StoreOptions = {}) {
    const { tier = 'auto', ...others } = Object(options) as StoreOptions;
    super(MACHINE, 'tier' in Object(options) ? others : options);
    if (!TIER_CHOICES.includes(tier)) {
      throw new TypeError(`tier: expected ${TIER_CHOICES.join(', ')}, not ${printable(String(tier))}`);
    }
    const policy = policyFor(tier);
    usePolicy(this, policy);
    this.beginsOnHost = policy.first.some(({ needsHostMemories }) => needsHostMemories);
  }
}
