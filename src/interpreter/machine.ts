/** The portable machine as a store sees it, and stores that it runs. */
import {
  type Callee,
  type Door,
  type Func,
  type Machine,
  Store as RuntimeStore,
  type StoreOptions,
  type Value,
} from '../runtime';
import { prepare } from './driver';
import { invoke } from './execution';
import { factorySource } from './factories';
import { isRunning } from './registers';

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

/** A store whose code the interpreter runs. */
export class Store extends RuntimeStore {
  constructor(options: StoreOptions = {}) {
    super(MACHINE, options);
  }
}
