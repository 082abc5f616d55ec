/**
 * tswasm for QuickJS where flash is short: what runs programs and moves them. Snapshots are listed, and archives made, where there is room; and
 * a host that has neither a compiler nor much memory adds no tiers and no factories.
 */
import { type ByteSource, configureStack, type Execution, type Instance } from '../../src/core';
import { type RestoreOptions, restore as restoreAny } from '../../src/snapshot/index';

/**
 * 4 MB of slots, which QuickJS takes from the system at once: enough for 100,000 frames of an ordinary function. No wasm call stands on
 * QuickJS's own stack: that is no faster here (README). For other sizes call configureStack before anything is instantiated.
 */
configureStack({ slots: 2 ** 19, nest: 0 });

/** What programs are run with. Types of values are these; all others, and what modules with exceptions and SIMD are for, are in the whole module. */
export {
  type AsyncOutcome,
  type AsyncRunOptions,
  type BacktraceFrame,
  type ByteSource,
  CompileError,
  configureStack,
  type DecodeOptions,
  type DecodeProgress,
  EXTERNREF,
  Execution,
  type ExecutionState,
  type Extern,
  F32,
  F64,
  type FrameState,
  FUNCREF,
  Func,
  type FuncType,
  f32,
  f64,
  fromJs,
  Global,
  type HostCall,
  type HostCallback,
  I32,
  I64,
  type ImportLookup,
  type ImportSource,
  type Imports,
  type ImportsByName,
  type ImportValue,
  Instance,
  InternalError,
  i32,
  i64,
  imports,
  instantiate,
  instantiatePaused,
  type JsFunction,
  LinkError,
  Memory,
  Module,
  type Outcome,
  type PendingHostCall,
  type RunOptions,
  RuntimeError,
  reference,
  runAsync,
  type Scheduler,
  Store,
  type StoreLimits,
  type StoreOptions,
  Table,
  Termination,
  type TrapCode,
  toJs,
  type ValType,
  type Value,
} from '../../src/core';
export {
  type BindExternRef,
  type CaptureOptions,
  moduleHash,
  type NameExternRef,
  postmortem,
  type RestoreOptions,
  snapshot,
} from '../../src/snapshot/index';
/** Bytes alone: nothing here makes a document of them. */
export const restore: (source: ByteSource, instance: Instance, options?: RestoreOptions) => Execution =
  restoreAny;
export {
  type DirectoryHandle,
  ERRNO,
  exitCodeOf,
  FILETYPE,
  type FileHandle,
  inputStream,
  MemoryFileSystem,
  type MemoryLimits,
  nullStream,
  outputStream,
  type Preopen,
  type RestorePolicy,
  readOnly,
  type SaveOptions,
  StateError,
  type StreamHandle,
  Wasi,
  WasiExit,
  type WasiHost,
  type WasiLimits,
  type WasiOptions,
} from '../../src/wasi/core';
export { quickjsDirectory } from './files';
export { inheritedStreams, type QuickjsHostOptions, quickjsHost } from './host';
export { findMachine, type Machine } from './machine';
