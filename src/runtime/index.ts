/** Runtime structures: stores, instances, values (spec chapter "exec/runtime"). */
export { type BackingMaker, type MemoryBacking, useMemoryBacking } from './backing';
export { readWords, wordOf, wordsOf, wordsOfAll, writeWords } from './cells';
export { Global, Tag } from './global';
export { argumentsOf, type Extern, Func, type HostCall, type HostCallback, Instance } from './instance';
export { allocateInstance, instantiate, instantiatePaused, linkInstance } from './instantiate';
export { Memory, type Views } from './memory';
export {
  type Callee,
  DEFAULT_STORE_LIMITS,
  LIMIT_CHECKS,
  type Machine,
  Store,
  type StoreLimits,
  type StoreOptions,
} from './store';
export { Table } from './table';
export {
  defaultValue,
  f32,
  f64,
  fromJs,
  i32,
  i64,
  reference,
  toJs,
  type Value,
  v128,
  valueFor,
} from './values';
export { hasVectors } from './vector-values';
