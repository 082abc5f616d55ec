/**
 * Entry `tswasm/webassembly`: a drop-in for the `WebAssembly` namespace.
 *
 *     import { WebAssembly } from 'tswasm/webassembly';
 *     globalThis.WebAssembly = WebAssembly;
 */
import { createWebAssembly } from './js-api/namespace';

export {
  type CallLimits,
  CallStoppedError,
  type CallStopReason,
  type MeteringOptions,
} from './js-api/metering';
export { coreOf, createWebAssembly, type NamespaceOptions } from './js-api/namespace';
export type * from './js-api/types';

/** A namespace with a store of its own and the default limits. */
export const WebAssembly = createWebAssembly();
export default WebAssembly;
