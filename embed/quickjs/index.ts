/** tswasm for QuickJS, one ES module without dependencies, with the full set of factories. */
export * from '../../src/index';
export { decode as decodeSnapshot, describe, restore } from '../../src/snapshot/index';
export * from '../../src/wasi/index';
export * from './small';
