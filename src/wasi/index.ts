/** WASI preview 1 for any host: the entry `tswasm/wasi`. */
import * as rights from './rights';

export * from './core';
export { overlay } from './files/overlay';
export { loadTar, TarError } from './files/tar';
export { saveTar } from './files/tar-writer';

/** Rights are 64 bits wide on the wire; all that exist fit in the low word. */
export const RIGHTS: typeof rights = rights;
