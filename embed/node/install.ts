/** The drop-in namespace as the global `WebAssembly`. */
import { WebAssembly } from './webassembly';

/** With the attributes that the global property has on other hosts. */
export function install(): void {
  Object.defineProperty(globalThis, 'WebAssembly', {
    value: WebAssembly,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
