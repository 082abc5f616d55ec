/** Lowering: a function body as statements that no machine and no instance are part of. */
export { keepBody, keptBody, keptOf } from './cache';
export type {
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
export { bits, isArithmetic } from './expr';
export { Locals, slotsOfAll } from './frame';
export { Lowering, lower } from './lowering';
export { MAX_TREE, MAX_WAITING } from './operands';
export { printLowered } from './print';
export type * from './statements';
export { isExceptional, listsIn } from './statements';
