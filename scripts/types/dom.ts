/** Where the DOM is: one `WebAssembly` can stand for the other. */
import { WebAssembly as DropIn } from 'tswasm/webassembly';
import { WebAssembly as WithSnapshots } from 'tswasm/webassembly-snapshot';

globalThis.WebAssembly = DropIn;
globalThis.WebAssembly = WithSnapshots;
const native: typeof WebAssembly = DropIn;
export const response: Promise<WebAssembly.Module> = native.compileStreaming(new Response());
export const streamed: unknown = DropIn.compileStreaming(fetch('module.wasm'));
