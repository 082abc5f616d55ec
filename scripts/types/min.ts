/** One file with both entries: names that both have are the core's. */
import { type Instance, instantiate, Module, Store, WebAssembly } from 'tswasm/min';

declare const bytes: Uint8Array;
export const instance: Instance = instantiate(new Store(), Module.decode(bytes));
export const module: object = new WebAssembly.Module(bytes);
