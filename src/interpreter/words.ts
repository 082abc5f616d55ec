/** What closures capture of values that are there when code is made. */
import { InternalError } from '../errors';
import type { Const, Expr } from '../lowering';
import { f32FromBits, f64FromBits } from '../runtime/numerics';

/** Word offset of a value that stands in a slot. */
export function word(expr: Expr): number {
  if (expr.op !== 'get') throw new InternalError(`${expr.op} is in no slot`);
  return 2 * expr.slot + expr.half;
}

/** A constant as the number that a closure captures. */
export function constantNumber({ kind, low, high }: Const): number {
  return kind === 'f' ? f32FromBits(low) : kind === 'F' ? f64FromBits(low, high) : low;
}
