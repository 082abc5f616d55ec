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

export * from '../../src/core';
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
export * from '../../src/wasi/core';
export { quickjsDirectory } from './files';
export { inheritedStreams, type QuickjsHostOptions, quickjsHost } from './host';
export { findMachine, type Machine } from './machine';
