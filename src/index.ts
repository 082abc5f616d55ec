/** tswasm: modules, stores, instances and executions that can be paused. */
export { type Feature, type Features, Module } from './decoder';
export * from './decoder/types';
export {
  type BacktraceFrame,
  CompileError,
  InternalError,
  LinkError,
  RuntimeError,
  type TrapCode,
} from './errors';
export * from './interpreter';
