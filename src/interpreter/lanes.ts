/**
 * Trees of vectors as loops, for hosts that inline what closures call: each instruction is one closure `(fp, j)` that gives the word j, with
 * `fp` as many words on, so that what is inlined stands there once. (words.ts of the lowering makes four numbers of a tree.)
 */

import { InternalError } from '../errors';
import {
  type Build,
  type Expr,
  type Get,
  HALVES,
  isOperation,
  LANE_LOADS,
  LANEWISE,
  type NestedWideningOp,
  rotationOf,
  SIGNED,
  type Vector,
  wordOf,
} from '../lowering';
import { turnsAt, type WordTurn } from './turns';
import type { Parts } from './vector-parts';
import { word } from './words';

/** A vector that is no place. */
const isNested = ({ op, kind }: Expr): boolean => kind === 'v' && op !== 'get';

/** The closure of an operand that is no other instruction: the word of a lane. */
function leaf(parts: Parts, value: Expr): unknown {
  if (value.op === 'get') return parts.make('lane get')(word(value));
  if (value.op === 'build') return builtLanes(parts, value);
  if (value.op !== 'vector') throw new InternalError(`${value.op} has no lanes`);
  if (value.instruction === 'v128.const') return parts.make('lane const')(uniform(value));
  if (value.instruction === 'i8x16.shuffle') return turned(parts, value);
  return LANE_LOADS.has(value.instruction) ? loaded(parts, value) : widened(parts, value);
}

/** A number of memory for each word. */
function loaded(parts: Parts, { instruction, operands: [address], access }: Vector): unknown {
  const { memoryOffset, memidx, offset } = access!;
  const captured = [memoryOffset, parts.views(memidx), offset];
  const [form, ...where] =
    address.op === 'i32.add' && address.a.op === 'get' && address.b?.op === 'const'
      ? ['/rk', word(address.a), address.b.low]
      : ['', parts.value(address)];
  return parts.make(`lane ${instruction}${form}`)(...where, ...captured);
}

/** Lanes of half a vector that stands in a place, or of a quarter: bytes that are widened twice. */
function widened(parts: Parts, { instruction, operands: [operand] }: Vector): unknown {
  if (operand.op !== 'vector') return parts.make(`lane ${instruction}/r`)(word(operand));
  const [to16, to32] = [operand.instruction, instruction] as NestedWideningOp[];
  const from = word(operand.operands[0]) + HALVES[to16] + HALVES[to32] / 2;
  if (!SIGNED.has(to16)) return parts.make('lane byte_u')(from);
  const signed = parts.make('lane byte_s')(from);
  return SIGNED.has(to32) ? signed : parts.make('lane v128.and/ek')(signed, 65535);
}

/** Often the words differ by nothing but the slots that they read, which are as far apart from one to the next: as lanes are, or further. */
function builtLanes(parts: Parts, value: Build): unknown {
  const words = [0, 1, 2, 3].map((index) => wordOf(value, index));
  const shifts = words.map((other) => shiftOf(words[0], other));
  const [, stride] = shifts;
  if (stride === undefined || shifts.some((shift, j) => shift !== j * stride)) {
    return parts.make('lane apart')(...words.map((expr) => parts.value(expr)));
  }
  const [first] = words;
  const load = stride === 1 ? gathered(parts, 'lane ', first) : undefined;
  return load ?? parts.make('lane strided')(parts.value(first), stride - 1);
}

/**
 * A load whose address is a slot, or a multiple of one, and a constant, as one closure: compilers gather three and more vectors for one tree, and
 * four closures for each would leave the host no room to inline the tree. `kind`: before its name; undefined for anything else.
 */
export function gathered({ make, views }: Parts, kind: '' | 'lane ', value: Expr): unknown {
  if (!isOperation(value) || !('memidx' in value)) return undefined;
  const [product, constant] =
    value.a.op === 'i32.add' && value.a.b?.op === 'const' ? [value.a.a, value.a.b.low] : [value.a, 0];
  const multiple = multipleOf(product);
  if (multiple === undefined) return undefined;
  const { place, factor } = multiple;
  const { op, memoryOffset, memidx, offset } = value;
  if (value.kind !== 'i') return undefined;
  const name = `${kind}${factor === 1 ? 'gathered' : 'multiplied'} ${op}`;
  const factors = factor === 1 ? [] : [factor];
  return make(name)(word(place), ...factors, constant, memoryOffset, views(memidx), offset);
}

function multipleOf(value: Expr): { place: Get; factor: number } | undefined {
  if (value.op === 'get') return { place: value, factor: 1 };
  if (value.op !== 'i32.mul' && value.op !== 'i32.shl') return undefined;
  const { a: place, b: by } = value;
  if (place.op !== 'get' || by?.op !== 'const') return undefined;
  return { place, factor: value.op === 'i32.mul' ? by.low : 1 << by.low };
}

/** Whether the words of a tree are all the same of slots that are as many words on: then no closure asks which one it gives. */
export function isStrided(value: Vector): boolean {
  if (isTurned(value)) return false;
  const [first, ...others] = [0, 1, 2, 3].map((index) => wordOf(value, index));
  return others.every((other, k) => shiftOf(first, other) === k + 1);
}
const isTurned = (value: Expr): boolean =>
  value.op === 'vector' && (value.instruction === 'i8x16.shuffle' || value.operands.some(isTurned));

/** How many words further all slots are that `b` reads, if it is what `a` is but for that. */
function shiftOf(a: Expr, b: Expr): number | undefined {
  const shifts = new Set<number>();
  return isShifted(a, b, shifts) && shifts.size === 1 ? [...shifts][0] : undefined;
}
function isShifted(a: Expr, b: Expr, shifts: Set<number>): boolean {
  switch (a.op) {
    case 'get':
      if (b.op !== 'get' || a.kind !== b.kind) return false;
      shifts.add(word(b) - word(a));
      return true;
    case 'const':
      return b.op === 'const' && a.low === b.low && a.high === b.high;
  }
  if (a.op === 'vector') {
    if (b.op !== 'vector' || a.instruction !== b.instruction) return false;
    return a.operands.every((operand, k) => isShifted(operand, b.operands[k], shifts));
  }
  if (!isOperation(a) || a.op !== b.op) return false;
  if ('memidx' in a) {
    if (!('memidx' in b) || a.memidx !== b.memidx || a.memoryOffset !== b.memoryOffset) return false;
  }
  if (!isShifted(a.a, b.a, shifts)) return false;
  return a.b === undefined || isShifted(a.b, b.b!, shifts);
}

/** The closure of a tree: its word j. */
export function laneOf(parts: Parts, value: Vector): unknown {
  const { instruction: name, operands } = value;
  if (!LANEWISE.has(name)) return leaf(parts, value);
  const rotation = rotationOf(value);
  if (rotation !== undefined) return parts.make('lane rotl')(word(rotation.place), rotation.left);
  let form = '';
  // There are no forms of a slot beside a closure, nor of a constant that comes first.
  const nests = operands.some((operand, k) => isNested(operand) && (k === 0 || !isConstant(operand)));
  const captured = operands.map((operand, k) => {
    if (operand.op === 'get' && !nests) {
      form += 'r';
      return word(operand);
    }
    if (k > 0 && (operand.op === 'const' || isConstant(operand))) {
      form += 'k';
      return uniform(operand);
    }
    form += 'e';
    return operand.op === 'vector' ? laneOf(parts, operand) : leaf(parts, operand);
  });
  return parts.make(`lane ${name}/${form}`)(...captured);
}

export const isConstant = (value: Expr): boolean =>
  value.op === 'vector' && value.instruction === 'v128.const';

/** The word that all words of a constant are, or the amount of a shift. */
export function uniform(value: Expr): number {
  if (value.op === 'const') return value.low;
  if (value.op !== 'vector') throw new InternalError(`${value.op} is no constant`);
  return value.immediates[0];
}

/** A shuffle each word of whose result has bytes of one word. */
function turned(parts: Parts, value: Vector): unknown {
  const captured = turnsAt(value).map(([turn]) => turn);
  const list = (of: (turn: WordTurn) => number): number[] => captured.map(of);
  return parts.make('lane turned')(
    captured.map(({ at }, j) => at - j),
    list(({ left }) => left),
    list(({ mask }) => mask),
  );
}
