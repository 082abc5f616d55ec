/** Ahead of time: modules as JavaScript files. */
export type { BoardName } from './boards';
export { BOARD_NAMES, BOARDS, fits, needsOf, tableOf } from './boards';
export type { Target } from './dialects';
export { TARGETS } from './dialects';
export type { CompiledFile, FileOptions } from './file';
export { compileFile } from './file';
export { speedOf } from './speed';
