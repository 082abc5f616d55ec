/**
 * SIMD instructions that do the same in every lane, so that a back end can compute a tree of them lane by lane, with nothing between them in
 * slots. Lanes of bytes and halves are computed by words. Floats are not among them: a closure that returns a double makes an object of it
 * where V8 does not inline it.
 */
import { V128 } from '../decoder';
import { type Expr, LANE_LOADS, type Vector, type VectorAccess, type VectorValueOp } from './expr';
import { vector } from './makers';

export const LANEWISE: ReadonlySet<VectorValueOp> = new Set<VectorValueOp>([
  ...(['v128.not', 'v128.and', 'v128.andnot', 'v128.or', 'v128.xor'] as const),
  ...(['i8x16.eq', 'i8x16.ne', 'i8x16.lt_s', 'i8x16.lt_u', 'i8x16.gt_s', 'i8x16.gt_u'] as const),
  ...(['i8x16.le_s', 'i8x16.le_u', 'i8x16.ge_s', 'i8x16.ge_u'] as const),
  ...(['i16x8.eq', 'i16x8.ne', 'i16x8.lt_s', 'i16x8.lt_u', 'i16x8.gt_s', 'i16x8.gt_u'] as const),
  ...(['i16x8.le_s', 'i16x8.le_u', 'i16x8.ge_s', 'i16x8.ge_u'] as const),
  ...(['i32x4.eq', 'i32x4.ne', 'i32x4.lt_s', 'i32x4.lt_u', 'i32x4.gt_s', 'i32x4.gt_u'] as const),
  ...(['i32x4.le_s', 'i32x4.le_u', 'i32x4.ge_s', 'i32x4.ge_u'] as const),
  ...(['i8x16.abs', 'i8x16.neg', 'i8x16.popcnt', 'i8x16.shl', 'i8x16.shr_s', 'i8x16.shr_u'] as const),
  ...(['i8x16.add', 'i8x16.add_sat_s', 'i8x16.add_sat_u', 'i8x16.avgr_u'] as const),
  ...(['i8x16.sub', 'i8x16.sub_sat_s', 'i8x16.sub_sat_u'] as const),
  ...(['i8x16.min_s', 'i8x16.min_u', 'i8x16.max_s', 'i8x16.max_u'] as const),
  ...(['i16x8.abs', 'i16x8.neg', 'i16x8.shl', 'i16x8.shr_s', 'i16x8.shr_u', 'i16x8.mul'] as const),
  ...(['i16x8.add', 'i16x8.add_sat_s', 'i16x8.add_sat_u', 'i16x8.avgr_u'] as const),
  ...(['i16x8.sub', 'i16x8.sub_sat_s', 'i16x8.sub_sat_u'] as const),
  ...(['i16x8.min_s', 'i16x8.min_u', 'i16x8.max_s', 'i16x8.max_u'] as const),
  ...(['i16x8.q15mulr_sat_s', 'i16x8.relaxed_q15mulr_s', 'i16x8.relaxed_dot_i8x16_i7x16_s'] as const),
  ...(['i16x8.extadd_pairwise_i8x16_s', 'i16x8.extadd_pairwise_i8x16_u'] as const),
  ...(['i32x4.extadd_pairwise_i16x8_s', 'i32x4.extadd_pairwise_i16x8_u', 'i32x4.dot_i16x8_s'] as const),
  ...(['i32x4.abs', 'i32x4.neg', 'i32x4.shl', 'i32x4.shr_s', 'i32x4.shr_u'] as const),
  ...(['i32x4.add', 'i32x4.sub', 'i32x4.mul'] as const),
  ...(['i32x4.min_s', 'i32x4.min_u', 'i32x4.max_s', 'i32x4.max_u'] as const),
  ...(['f32x4.abs', 'f32x4.neg'] as const),
]);

/** Instructions each word of whose result needs one word of each operand. */
export type WideningOp = Extract<
  VectorValueOp,
  `${string}.extend_${'low' | 'high'}_${string}` | `${string}.extmul_${string}`
>;
/** Those that can be operands of instructions on lanes: compilers make few others. */
export const WIDENING = [
  ...(['i16x8.extend_low_i8x16_s', 'i16x8.extend_low_i8x16_u'] as const),
  ...(['i16x8.extend_high_i8x16_s', 'i16x8.extend_high_i8x16_u'] as const),
  ...(['i32x4.extend_low_i16x8_s', 'i32x4.extend_low_i16x8_u'] as const),
  ...(['i32x4.extend_high_i16x8_s', 'i32x4.extend_high_i16x8_u'] as const),
] as const satisfies readonly WideningOp[];
export type NestedWideningOp = (typeof WIDENING)[number];
/** Those whose lanes are signed. */
export const SIGNED: ReadonlySet<NestedWideningOp> = new Set<NestedWideningOp>([
  ...(['i16x8.extend_low_i8x16_s', 'i16x8.extend_high_i8x16_s'] as const),
  ...(['i32x4.extend_low_i16x8_s', 'i32x4.extend_high_i16x8_s'] as const),
]);
const isWidening = (name: VectorValueOp): boolean => (WIDENING as readonly VectorValueOp[]).includes(name);

/** Whether a vector that is not in a place can be an operand of an instruction on lanes. */
export function isLaneTree(value: Expr): boolean {
  if (value.op === 'build') {
    return value.base.op === 'get' || value.base.instruction === 'v128.const';
  }
  if (value.op !== 'vector') return false;
  if (value.instruction === 'v128.const') return isUniform(value);
  if (LANE_LOADS.has(value.instruction)) return isNear(value.operands[0], value.access!);
  // Their operands are in places, or widened themselves.
  if (isWidening(value.instruction)) return true;
  if (value.instruction === 'i8x16.shuffle') return turnsOf(value).every((turns) => turns.length <= 1);
  if (!LANEWISE.has(value.instruction)) return false;
  // The amount of a shift may be anything; what is read at each lane must be the same.
  return value.operands.every((operand) => operand.kind === 'v' || operand.op === 'const');
}

/**
 * The address is computed again for each lane, of which the last must have an offset as loads have them. The first lane may be written
 * already, where operands stand.
 */
function isNear({ size, flags, reads }: Expr, { memoryOffset }: VectorAccess): boolean {
  return size <= 2 && flags === 0 && reads < 0 && memoryOffset < 2 ** 31 - 16;
}

/** A constant with the same in all lanes. */
export function isUniform({ immediates: [w, x, y, z] }: Vector): boolean {
  return w === x && w === y && w === z;
}
export const isZero = (value: Expr): value is Vector =>
  value.op === 'vector' &&
  value.instruction === 'v128.const' &&
  isUniform(value) &&
  value.immediates[0] === 0;

/** Bytes of a word of an operand that keep their order, turned left by so many bits to their places. */
export interface Turn {
  readonly operand: number;
  readonly word: number;
  readonly left: number;
  mask: number;
}

/** Most shuffles put each word together from one or two others, turned: to widen, narrow, interleave, reverse. Zeros take none. */
export function turnsOf({ operands, immediates }: Vector): readonly Turn[][] {
  const zeros = operands.map(isZero);
  return [0, 4, 8, 12].map((first) => {
    const turns: Turn[] = [];
    immediates.slice(first, first + 4).forEach((lane, k) => {
      const operand = lane >> 4;
      if (zeros[operand]) return;
      const word = (lane & 15) >> 2;
      const left = (8 * (k - (lane & 3))) & 31;
      const known = turns.find(
        (turn) => turn.operand === operand && turn.word === word && turn.left === left,
      );
      if (known === undefined) turns.push({ operand, word, left, mask: 255 << (8 * k) });
      else known.mask |= 255 << (8 * k);
    });
    return turns;
  });
}

/** A shuffle of a vector, which is the operand 0 or 1, with zeros: where it extends lanes, the instruction that says so, or two of them. */
export function zeroExtended(bytes: readonly number[], operand: 0 | 1, value: Expr): Vector | undefined {
  const first = bytes[0] - 16 * operand;
  const isExtension = (from: number, to: number) =>
    bytes.every((byte, k) => {
      const inLane = k % to;
      return inLane >= from ? byte >> 4 !== operand : byte === bytes[0] + ((k - inLane) / to) * from + inLane;
    });
  const to16 = (half: number) => vector(WIDENING[half === 0 ? 1 : 3], V128, [value]);
  const to32 = (half: number, of: Expr) => vector(WIDENING[half === 0 ? 5 : 7], V128, [of]);
  if (isExtension(1, 2) && first % 8 === 0) return to16(first);
  if (isExtension(2, 4) && first % 8 === 0) return to32(first, value);
  if (isExtension(1, 4) && first % 4 === 0) return to32(first & 4, to16(first & 8));
  return undefined;
}
