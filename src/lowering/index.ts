/** Lowering: a function body as statements that no machine and no instance are part of. */

export { wordOfBuild } from './build';
export { keepBody, keptBody, keptOf } from './cache';
export type {
  Build,
  Compute,
  ComputeOp,
  Const,
  Expr,
  Get,
  GlobalGet,
  Kind,
  Load,
  Select,
  ShiftOp,
  Vector,
  VectorStoreOp,
  VectorValueOp,
} from './expr';
export { DIRECT, type DirectOp, isDirect, isOperation, LANE_LOADS, TRAPS } from './expr';
export { Locals, slotsOfAll } from './frame';
export { LANEWISE, type NestedWideningOp, SIGNED, turnsOf, WIDENING, type WideningOp } from './lanes';
export { Lowering, lower } from './lowering';
export { constant, getOperand } from './makers';
export { bits, isArithmetic } from './normal';
export { MAX_TREE, MAX_WAITING } from './operands';
export { printLowered } from './print';
export type * from './statements';
export { callPointOf, isExceptional, listsIn, safepointOf, sizeOf } from './statements';
export { AS_NUMBERS, HALVES, loadedWord, rotationOf, wordOf } from './words';
