/** Interpreter: stores, instances, executions (spec chapter "exec"). */
export { type AsyncOutcome, type AsyncRunOptions, runAsync, type Scheduler } from './async';
export type { ExecutionState, Outcome, RunOptions } from './execution';
export { Execution } from './execution';
export {
  type Factory,
  type FactoryEnvironment,
  type FactoryMaker,
  type FactorySource,
  type FreshFactoriesMaker,
  setFreshFactories,
  sourceOf,
  useFactories,
} from './factories';
export type { FrameState, PendingHostCall } from './frames';
export { Func } from './func';
export { Global, Tag } from './global';
export { HostCall, type HostCallback } from './hostcall';
export { type Extern, Instance, instantiate, instantiatePaused } from './instance';
export { Memory } from './memory';
export { configureStack } from './registers';
export { DEFAULT_STORE_LIMITS, Store, type StoreLimits } from './store';
export { Table } from './table';
export { defaultValue, f32, f64, fromJs, i32, i64, reference, toJs, type Value } from './values';
