/**
 * Operands that need no place: arithmetic on floats reads memory, or a number that is the same in all lanes, as it goes. So a vector that is
 * loaded or made for one instruction alone is never written to a slot. An instruction has the forms place and constant, place and memory, memory
 * and constant.
 */
import { V128 } from '../decoder';
import type { Builder } from './builder';
import { type DirectOp, type Expr, isDirect, type Vector } from './expr';
import { raw, vector } from './makers';

/** Of one that is NaN they are the canonical NaN, so their operands may change places. */
const COMMUTES: ReadonlySet<DirectOp> = new Set<DirectOp>([
  'f32x4.add',
  'f32x4.mul',
  'f64x2.add',
  'f64x2.mul',
]);
const PRODUCTS: ReadonlySet<DirectOp> = new Set<DirectOp>(['f32x4.mul', 'f64x2.mul']);

const isConstant = (value: Expr | undefined): boolean =>
  value?.op === 'vector' && value.instruction === 'v128.const';
const isLoad = (value: Expr | undefined): boolean =>
  value?.op === 'vector' && value.instruction === 'v128.load';

/** The operand as a constant that is the same in all lanes, or a load; else undefined. */
function withoutPlace({ constants }: Builder, name: DirectOp, value: Expr): Vector | undefined {
  const known = value.op === 'get' && value.kind === 'v' ? constants.at(value) : value;
  if (known?.op !== 'vector' || !(isLoad(known) || isConstant(known))) return undefined;
  if (isLoad(known)) return known;
  const [w, x, y, z] = known.immediates;
  const isSame = w === y && x === z && (w === x || name.startsWith('f64x2'));
  return isSame ? known : undefined;
}

/** A half of what is NaN as a double may be a number as a float: only the same lanes are looked at. */
const isSameLanes = (a: DirectOp, b: DirectOp): boolean => a.startsWith('f64x2') === b.startsWith('f64x2');

/** In a place that nobody but this instruction reads. What is a local's has the canonical NaN. */
function placeRaw({ operands }: Builder, height: number, name: DirectOp): void {
  operands.replace(height, (waits) => {
    const isArithmetic = waits.op === 'vector' && isDirect(waits.instruction);
    return isArithmetic && isSameLanes(waits.instruction, name) ? raw(waits) : waits;
  });
  operands.place(height);
}

/** What the instruction becomes, of the two topmost operands. */
export function direct(lowering: Builder, name: DirectOp): void {
  const { operands } = lowering;
  const first = operands.height - 2;
  const [a, b] = [first, first + 1].map((height) => withoutPlace(lowering, name, operands.at(height)));
  const [commutes, isProduct] = [COMMUTES.has(name), PRODUCTS.has(name)];
  const isKept = isLoad(a)
    ? (isProduct && isConstant(b)) || (commutes && b === undefined)
    : commutes && !isConstant(b);
  const left = a !== undefined && isKept ? a : undefined;
  // Only products have a form without any place.
  const right = left === undefined || isProduct ? b : undefined;
  if (left === undefined) placeRaw(lowering, first, name);
  if (right === undefined) placeRaw(lowering, first + 1, name);
  const [y, x] = [right, left].map((value) => {
    const popped = operands.pop();
    // A load that was to be kept stands in a place when what is above it traps.
    return value !== undefined && isConstant(value) ? value : popped;
  });
  const swaps = x.op !== 'get' && (y.op === 'get' || (isConstant(x) && isLoad(y)));
  operands.push(vector(name, V128, swaps ? [y, x] : [x, y]));
}
