/** tswasm: modules, stores, instances and executions that can be paused; and where a host adds factories, tiers, memories and positions. */
export * from './core';
export {
  type Factory,
  type FactoryEnvironment,
  type FactoryMaker,
  type FactorySource,
  type FreshFactoriesMaker,
  installTiers,
  type SourceFinder,
  type SourcePosition,
  setFreshFactories,
  sourceOf,
  type Tier,
  useFactories,
  useSourcePositions,
} from './interpreter';
export {
  type BackingKind,
  type BackingMaker,
  type MemoryBacking,
  useMemoryBacking,
} from './runtime';
