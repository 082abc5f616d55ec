/** The portable machine as a store sees it, and stores that it runs. */
import type { Door } from '../errors';
import {
  type Callee,
  type Func,
  type Machine,
  Store as RuntimeStore,
  type StoreOptions,
  type Value,
} from '../runtime';
import { invoke } from './execution';
import { factorySource } from './factories';
import { machines, prepare } from './offers';
import { setPolicy } from './policy';
import { isRunning } from './registers';
import { MachineOfTier } from './tier-machine';
import type { TierPolicy } from './tiers';

const MACHINE: Machine = {
  // Itself, not a function that calls it: frames of the host's stack are counted (execution.ts).
  invoke: invoke as (func: Callee, args: readonly Value[], door?: Door) => Value[],
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

/** A store whose code the interpreter runs, and the tiers that its policy allows. */
export class Store extends RuntimeStore {
  constructor(options: StoreOptions = {}) {
    super(MACHINE, options);
  }
}
