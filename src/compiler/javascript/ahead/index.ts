/** Ahead of time: modules as JavaScript files. */
export type { Target } from './dialects';
export { TARGETS } from './dialects';
export type { CompiledFile, FileOptions } from './file';
export { compileFile } from './file';
