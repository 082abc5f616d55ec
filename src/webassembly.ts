/**
 * Entry `tswasm/webassembly`: a drop-in for the `WebAssembly` namespace.
 *
 *     import { WebAssembly } from 'tswasm/webassembly';
 *     globalThis.WebAssembly = WebAssembly;
 */
import { createWebAssembly } from './js-api';

export * from './js-api';

/** A namespace with a store of its own and the default limits. */
export const WebAssembly = createWebAssembly();
export default WebAssembly;
