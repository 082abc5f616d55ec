/** tswasm for QuickJS, one ES module without dependencies. Its bundles take the full set of factories, or are small (scripts/small-parts.mjs). */
import { configureStack } from '../../src/index';

/**
 * 4 MB of slots, which QuickJS takes from the system at once: enough for 100,000 frames of an ordinary function. No wasm call stands on
 * QuickJS's own stack: that is no faster here (README). For other sizes call configureStack before anything is instantiated.
 */
configureStack({ slots: 2 ** 19, nest: 0 });

export * from '../../src/index';
export {
  type BindExternRef,
  type CaptureOptions,
  decode as decodeSnapshot,
  describe,
  moduleHash,
  type NameExternRef,
  postmortem,
  type RestoreOptions,
  restore,
  snapshot,
} from '../../src/snapshot/index';
export * from '../../src/wasi/index';
export { quickjsDirectory } from './files';
export { inheritedStreams, type QuickjsHostOptions, quickjsHost } from './host';
export { findMachine, type Machine } from './machine';
