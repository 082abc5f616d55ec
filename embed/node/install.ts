/**
 * The drop-in namespace as the global `WebAssembly`. Its store interprets, so that the compiled tiers are not loaded: they would be a
 * fifth of what a Node without a JIT parses before its first line. A program that wants them imports `tswasm/webassembly`.
 */
import './fresh-factories';
import './native-memory';
import './source-positions';
import { createWebAssembly } from '../../src/js-api';

/** With the attributes that the global property has on other hosts. */
export function install(): void {
  Object.defineProperty(globalThis, 'WebAssembly', {
    value: createWebAssembly(),
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
