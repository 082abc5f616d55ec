/**
 * Trees of vectors as numbers: each of the four words of a tree (lanes.ts) is an i32 expression of its own, made of the instructions on
 * numbers where there are such, and of single words of SIMD instructions elsewhere. So a back end runs them like other expressions.
 */
import { I32 } from '../decoder';
import { InternalError } from '../errors';
import { wordOfBuild } from './build';
import { type Expr, type Get, LANE_LOADS, type Vector, type VectorValueOp } from './expr';
import { LANEWISE, type NestedWideningOp, turnsOf } from './lanes';
import { constant, getOperand, lane, load, vector } from './makers';
import { binary } from './normal';

/** Instructions whose lanes are words, or bits, and what they are for numbers. */
export const AS_NUMBERS = new Map([
  ['v128.and', 'i32.and'],
  ['v128.or', 'i32.or'],
  ['v128.xor', 'i32.xor'],
  ['i32x4.add', 'i32.add'],
  ['i32x4.sub', 'i32.sub'],
  ['i32x4.mul', 'i32.mul'],
  ['i32x4.shl', 'i32.shl'],
  ['i32x4.shr_s', 'i32.shr_s'],
  ['i32x4.shr_u', 'i32.shr_u'],
] as const satisfies readonly (readonly [VectorValueOp, `i32.${string}`])[]) as ReadonlyMap<
  VectorValueOp,
  'i32.and' | 'i32.or' | 'i32.xor' | 'i32.add' | 'i32.sub' | 'i32.mul' | 'i32.shl' | 'i32.shr_s' | 'i32.shr_u'
>;

/** The word `index` of a tree of vectors. */
export function wordOf(value: Expr, index: number): Expr {
  if (value.op === 'get') return lane(I32, value, index);
  if (value.op === 'build') {
    // One that stands on something else than a place needs none of it.
    const { base } = value;
    return wordOfBuild(value, base.op === 'get' ? base : getOperand(base.type, 0), index);
  }
  if (value.op !== 'vector') throw new InternalError(`${value.op} has no words`);
  const { instruction: name, immediates } = value;
  if (name === 'v128.const') return number(immediates[index]);
  if (LANE_LOADS.has(name)) return loadedWord(value, index);
  if (name === 'i8x16.shuffle') return turnedWord(value, index);
  return LANEWISE.has(name) ? computedWord(value, index) : widenedWord(value, index);
}

const number = (value: number): Expr => constant(I32, value, 0);

function computedWord(value: Vector, index: number): Expr {
  const { instruction: name, operands } = value;
  const rotation = rotationOf(value);
  if (rotation !== undefined) {
    return binary('i32.rotl', I32, lane(I32, rotation.place, index), number(rotation.left));
  }
  const words = operands.map((operand) => (operand.kind === 'v' ? wordOf(operand, index) : operand));
  const op = AS_NUMBERS.get(name);
  return op === undefined ? vector(name, I32, words) : binary(op, I32, words[0], words[1]);
}

/** Vectors have no instruction that rotates: programs shift words to both sides. */
export function rotationOf({ instruction, operands }: Vector): { place: Get; left: number } | undefined {
  if (instruction !== 'v128.or' && instruction !== 'v128.xor') return undefined;
  const [a, b] = operands;
  if (a.op !== 'vector' || b.op !== 'vector') return undefined;
  const [left, right] = a.instruction === 'i32x4.shl' ? [a, b] : [b, a];
  if (left.instruction !== 'i32x4.shl' || right.instruction !== 'i32x4.shr_u') return undefined;
  const [[place, up], [same, down]] = [left.operands, right.operands];
  if (place.op !== 'get' || same.op !== 'get' || place.slot !== same.slot) return undefined;
  if (up.op !== 'const' || down.op !== 'const') return undefined;
  const by = up.low & 31;
  return by > 0 && by + (down.low & 31) === 32 ? { place, left: by } : undefined;
}

/** A word of a load is a load of a number. */
export function loadedWord({ instruction: name, operands: [address], access }: Vector, index: number): Expr {
  const [op, bytes] = LANE_LOADS.get(name)!;
  const { memoryOffset, memidx, offset } = access!;
  return load(op, I32, address, memoryOffset + index * bytes, memidx, offset);
}

/** Bytes of one word, turned to their places. */
function turnedWord(value: Vector, index: number): Expr {
  const [turn] = turnsOf(value)[index];
  if (turn === undefined) return number(0);
  const { operand, word, left, mask } = turn;
  const whole = wordOf(value.operands[operand], word);
  const turned = left === 0 ? whole : binary('i32.rotl', I32, whole, number(left));
  return mask === -1 ? turned : binary('i32.and', I32, turned, number(mask));
}

/** Half a word of the operand, widened. */
function widenedWord({ instruction, operands: [operand] }: Vector, index: number): Expr {
  const name = instruction as NestedWideningOp;
  const first = HALVES[name];
  const word = wordOf(operand, first + (index >> 1));
  const from = 16 * (index & 1);
  switch (name) {
    case 'i32x4.extend_low_i16x8_u':
    case 'i32x4.extend_high_i16x8_u':
      return bitsOf(word, from, 16);
    case 'i32x4.extend_low_i16x8_s':
    case 'i32x4.extend_high_i16x8_s':
      return from === 16 ? binary('i32.shr_s', I32, word, number(16)) : extended(word);
    case 'i16x8.extend_low_i8x16_s':
    case 'i16x8.extend_high_i8x16_s':
      return vector('i16x8.extend_low_i8x16_s', I32, [shifted(word, from)]);
    case 'i16x8.extend_low_i8x16_u':
    case 'i16x8.extend_high_i8x16_u':
      return vector('i16x8.extend_low_i8x16_u', I32, [shifted(word, from)]);
  }
}
/** In which word of the operand they begin. */
export const HALVES: Readonly<Record<NestedWideningOp, 0 | 2>> = {
  'i16x8.extend_low_i8x16_s': 0,
  'i16x8.extend_low_i8x16_u': 0,
  'i16x8.extend_high_i8x16_s': 2,
  'i16x8.extend_high_i8x16_u': 2,
  'i32x4.extend_low_i16x8_s': 0,
  'i32x4.extend_low_i16x8_u': 0,
  'i32x4.extend_high_i16x8_s': 2,
  'i32x4.extend_high_i16x8_u': 2,
};

const shifted = (word: Expr, by: number): Expr =>
  by === 0 ? word : binary('i32.shr_u', I32, word, number(by));
const extended = (word: Expr): Expr =>
  binary('i32.shr_s', I32, binary('i32.shl', I32, word, number(16)), number(16));

/** Some bits of a word as an unsigned number; of bytes that were widened, of the word that they stood in. */
function bitsOf(word: Expr, from: number, width: number): Expr {
  if (word.op === 'vector' && word.instruction === 'i16x8.extend_low_i8x16_u' && width === 16) {
    if (from % 16 === 0) return bitsOf(word.operands[0], from / 2, 8);
  }
  if (word.op === 'i32.shr_u' && word.b?.op === 'const') {
    const first = from + (word.b.low & 31);
    return first < 32 ? bitsOf(word.a, first, Math.min(width, 32 - first)) : number(0);
  }
  const low = shifted(word, from);
  return from + width === 32 ? low : binary('i32.and', I32, low, number(2 ** width - 1));
}
