/** Interpreter: the portable machine and its executions (spec chapter "exec"). */
export { type AsyncOutcome, type AsyncRunOptions, runAsync, type Scheduler } from './async';
export { moduleOf } from './backtrace';
export type { ExecutionState } from './execution';
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
export { fold } from './fold';
export type { FrameState, PendingHostCall } from './frames';
export { FUEL_VERSION } from './fuel';
export { HostCall } from './hostcall';
export { invoke } from './invoke';
export { Store, type StoreOptions } from './machine';
export type { Outcome, PauseReason, RunOptions } from './outcome';
export { installTiers, type TierChoice } from './policy';
export {
  positionOf,
  positionText,
  type SourceFinder,
  type SourcePosition,
  useSourcePositions,
} from './positions';
export { configureStack } from './registers';
export type { Tier } from './tiers';
export { fuelLeft } from './turn';
