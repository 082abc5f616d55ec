/** Runtime structures: stores, instances, values (spec chapter "exec/runtime"). */
export { type BackingKind, type BackingMaker, type MemoryBacking, useMemoryBacking } from './backing';
export { readWords, wordOf, wordsOf, wordsOfAll, writeWords } from './cells';
export { Exception, HOST_TAG, hostException, standFor, standsFor, Tag, UncaughtException } from './exception';
export type { JsFunction, UntypedExports, UntypedFunction } from './exports';
export { Global } from './global';
export { externOf } from './imports';
export {
  argumentsOf,
  type Extern,
  Func,
  type HostCall,
  type HostCallback,
  Instance,
  isAdapter,
  jsFunctionOf,
} from './instance';
export { allocateInstance, instantiate, instantiatePaused, linkInstance } from './instantiate';
export {
  findImports,
  type ImportLookup,
  type ImportSource,
  type Imports,
  type ImportsByName,
  type ImportValue,
  imports,
} from './lookup';
export { Memory, type Views } from './memory';
export { type IntegerCall, neverWaits, type PromptCallback, promptOf } from './prompts';
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
export { hostThreads, type Threads, useThreads } from './threads';
export {
  defaultValue,
  f32,
  f64,
  fromJs,
  i32,
  i64,
  integerFromJs,
  type JsNumber,
  reference,
  toJs,
  type Value,
  v128,
  valueFor,
} from './values';
export { hasVectors } from './vector-values';
