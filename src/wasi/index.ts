/** WASI preview 1 for any host: the entry `tswasm/wasi`. */
export * from './core';
export { loadTar, TarError } from './files/tar';
export { saveTar } from './files/tar-writer';
export * as RIGHTS from './rights';
