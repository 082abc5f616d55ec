/**
 * What SIMD instructions become (handlers.ts has the others): one handler a shape, which is a signature and the kind of the immediates. A
 * shape without one is a type error.
 *
 * Vectors stay in their slots, but for those between instructions that do the same in all lanes (lanes.ts) and those that are put together
 * lane by lane (build.ts). So a lane that is read is a part of a slot, with arithmetic for the narrow ones, and lanes of floats are
 * written as their bits; everything else is a `Vector` expression, a `Build` or a store.
 */
import { F32, F64, I32, I64, type Instruction, V128, type ValType, type VectorShape } from '../decoder';
import { addressOf, readAccess } from './access';
import { narrowed, shuffledInto, withLane } from './build';
import type { Builder, Handler } from './builder';
import { direct } from './direct';
import {
  type Build,
  type Expr,
  type Get,
  isDirect,
  type LaneWidth,
  READS_MEMORY,
  TRAPS,
  type Vector,
  type VectorStoreOp,
  type VectorValueOp,
} from './expr';
import { isLaneTree, isUniform, isZero, LANEWISE, turnsOf, zeroExtended } from './lanes';
import { constant, lane, load, vector } from './makers';
import { binary, bits } from './normal';
import type { Operands } from './operands';

/** The instruction without immediates, of so many operands. */
function plain(count: number, type: ValType): Handler {
  return (lowering, row) => {
    const name = row.name as VectorValueOp;
    if (isDirect(name)) direct(lowering, name);
    else lowering.operands.push(vector(name, type, popOperands(lowering, count, LANEWISE.has(name))));
  };
}

/** The operands, in their order: vectors in places, or, where lanes can be computed alike, trees of such. */
function popOperands({ operands, constants }: Builder, count: number, lanewise = false): Expr[] {
  const first = operands.height - count;
  const last = operands.at(operands.height - 1);
  const nests = lanewise && (last.kind === 'v' || last.op === 'const');
  for (let height = first; height < operands.height; height++) {
    if (operands.typeAt(height) !== V128) continue;
    if (!nests || !isLaneTree(operands.at(height))) operands.place(height);
  }
  const popped: Expr[] = [];
  for (let k = 0; k < count; k++) popped.unshift(operands.pop());
  if (!nests) return popped;
  return popped.map((operand) => {
    const known = operand.op === 'get' && operand.kind === 'v' ? constants.at(operand) : undefined;
    return known !== undefined && isUniform(known) ? known : operand;
  });
}

/** Lanes of floats are written as their bits, by the instruction on integers that `onBits` names. */
const splat =
  (onBits?: VectorValueOp): Handler =>
  ({ operands }, row) =>
    operands.push(vector(onBits ?? (row.name as VectorValueOp), V128, [bits(operands.pop())]));

const replaceLane =
  (onBits?: VectorValueOp): Handler =>
  (lowering, row) => {
    const { operands, reader } = lowering;
    const index = reader.u8();
    const width = row.width as LaneWidth | 64;
    if (width !== 64) {
      const value = narrowed(operands.at(operands.height - 1), width);
      if (pushBuilt(lowering, withLane(operands.at(operands.height - 2), width, index, value))) return;
    }
    const [into, value] = popOperands(lowering, 2);
    const instruction = onBits ?? (row.name as VectorValueOp);
    operands.push(vector(instruction, V128, [into, bits(value)], [index]));
  };

/** In place of the two operands, if it could be built. */
function pushBuilt({ operands }: Builder, built: Build | undefined): boolean {
  if (built === undefined) return false;
  operands.pop();
  operands.pop();
  operands.push(built);
  return true;
}

/** A lane of a word or two is a part of the vector's place. */
const extractLane =
  (type: ValType, words: number): Handler =>
  ({ operands, reader }) => {
    const index = reader.u8();
    const place = operands.place(operands.height - 1);
    operands.pop();
    operands.push(lane(type, place, index * words));
  };

/** A lane of a byte or two is some bits of a word. */
const extractNarrow: Handler = ({ operands, reader }, row) => {
  const { name, width } = row;
  const index = reader.u8();
  const place: Get = operands.place(operands.height - 1);
  operands.pop();
  const inWord = 32 / width;
  const word = lane(I32, place, Math.floor(index / inWord));
  const below = (index % inWord) * width;
  const above = 32 - width - below;
  const by = (op: 'i32.shl' | 'i32.shr_s' | 'i32.shr_u', value: Expr, count: number) =>
    count === 0 ? value : binary(op, I32, value, constant(I32, count, 0));
  const isSigned = name === 'i8x16.extract_lane_s' || name === 'i16x8.extract_lane_s';
  operands.push(
    isSigned
      ? by('i32.shr_s', by('i32.shl', word, above), 32 - width)
      : binary('i32.and', I32, by('i32.shr_u', word, below), constant(I32, 2 ** width - 1, 0)),
  );
};

const constantVector: Handler = ({ operands, reader }) => {
  const words = [reader.word(), reader.word(), reader.word(), reader.word()];
  operands.push(vector('v128.const', V128, [], words));
};

/** Of what is a place or a constant: that constant, if it is known, or the place. */
function known({ constants }: Builder, operand: Expr): Get | Vector | undefined {
  if (operand.op === 'get') return constants.at(operand) ?? operand;
  return operand.op === 'vector' && operand.instruction === 'v128.const' ? operand : undefined;
}

const shuffle: Handler = (lowering) => {
  const { reader, operands } = lowering;
  const lanes: number[] = [];
  for (let k = 0; k < 16; k++) lanes.push(reader.u8());
  const heights = [operands.height - 2, operands.height - 1];
  const [a, b] = heights.map((height) => operands.at(height));
  const [left, right] = [known(lowering, a), known(lowering, b)];
  const built = (right && shuffledInto(a, right, lanes, 0)) ?? (left && shuffledInto(b, left, lanes, 16));
  if (pushBuilt(lowering, built)) return;
  const zeros = [left, right].map((value) => (value !== undefined && isZero(value) ? value : undefined));
  const isOfZeros = zeros[0] !== undefined && zeros[1] !== undefined;
  const shuffled = isOfZeros ? zeros[0] : withZeros(operands, lanes, zeros);
  if (shuffled === undefined) {
    operands.push(vector('i8x16.shuffle', V128, popOperands(lowering, 2), lanes));
    return;
  }
  operands.pop();
  operands.pop();
  operands.push(shuffled);
};

/** In a place, of which only so many words are read: those alone are written, if what waits is a number or a load of that. */
function placeFirst(operands: Operands, height: number, words: number): Get {
  operands.replace(height, (waits) => (waits.op === 'vector' ? firstOf(waits, words) : undefined) ?? waits);
  return operands.place(height);
}

/** The first word, or the first two, if it is no more than they are. */
function firstOf({ instruction, operands: [value], access }: Vector, words: number): Expr | undefined {
  const loaded = (op: 'i32.load' | 'i64.load', type: ValType) =>
    load(op, type, value, access!.memoryOffset, access!.memidx, access!.offset);
  switch (instruction) {
    case 'i32x4.splat':
      return words <= 1 && value.op !== 'get' ? value : undefined;
    case 'v128.load32_splat':
    case 'v128.load32_zero':
      return words <= 1 ? loaded('i32.load', I32) : undefined;
    case 'v128.load64_splat':
    case 'v128.load64_zero':
      return words <= 2 ? loaded('i64.load', I64) : undefined;
  }
  return undefined;
}

/** Of one operand, which then is in its place, and of zeros, which need none. */
function withZeros(
  operands: Operands,
  lanes: readonly number[],
  [left, right]: readonly (Vector | undefined)[],
): Vector | undefined {
  if (left === undefined && right === undefined) return undefined;
  const which = left === undefined ? 0 : 1;
  const last = Math.max(-1, ...lanes.filter((lane) => lane >> 4 === which).map((lane) => lane & 15));
  const place = placeFirst(operands, operands.height - 2 + which, (last >> 2) + 1);
  const extension = zeroExtended(lanes, which, place);
  if (extension !== undefined) return extension;
  const turned = vector('i8x16.shuffle', V128, [left ?? place, right ?? place], lanes);
  return turnsOf(turned).every(({ length }) => length <= 2) ? turned : undefined;
}

/** Of one lane: a lane of a local, or that and a constant, computed from where the local's vector comes from. */
function laneAddress({ constants }: Builder, value: Expr): Expr {
  if (value.op !== 'i32.add' || value.b?.op !== 'const') return constants.source(value);
  const source = constants.source(value.a);
  return source === value.a ? value : binary('i32.add', I32, source, value.b);
}

const LOADS = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load' } as const;

const loadVector: Handler = (lowering, row) => {
  const { operands, offset } = lowering;
  const access = readAccess(lowering, row);
  const { a, memoryOffset } = addressOf(laneAddress(lowering, operands.pop()), access, offset);
  const at = { memoryOffset, memidx: access.memidx, offset };
  operands.push(vector(row.name as VectorValueOp, V128, [a], [], at));
};

const loadLane: Handler = (lowering, row) => {
  const { operands, offset, reader } = lowering;
  const access = readAccess(lowering, row);
  const index = reader.u8();
  const below = operands.at(operands.height - 2);
  const waits = operands.at(operands.height - 1);
  // The address is computed before the vector: what traps in it would trap later.
  if ((below.flags & waits.flags & TRAPS) === 0 && row.width !== 64) {
    const width = row.width as LaneWidth;
    const loaded = addressOf(laneAddress(lowering, below), access, offset);
    const value = load(LOADS[width], I32, loaded.a, loaded.memoryOffset, access.memidx, offset);
    if (pushBuilt(lowering, withLane(waits, width, index, value))) return;
  }
  const [address, into] = popOperands(lowering, 2);
  const { a, memoryOffset } = addressOf(address, access, offset);
  const at = { memoryOffset, memidx: access.memidx, offset };
  operands.push(vector(row.name as VectorValueOp, V128, [a, into], [index], at));
};

function store(lowering: Builder, row: Instruction, readLane: boolean): void {
  const { operands, offset, reader } = lowering;
  const access = readAccess(lowering, row);
  const index = readLane ? reader.u8() : 0;
  const value = operands.place(operands.height - 1);
  operands.pop();
  const { a, memoryOffset } = addressOf(operands.pop(), access, offset);
  operands.computeFlags(READS_MEMORY | TRAPS);
  const op = row.name as VectorStoreOp;
  const { memidx } = access;
  lowering.emit({ kind: 'vector.store', op, address: a, value, lane: index, memoryOffset, memidx, offset });
}

export const VECTOR: Readonly<Record<VectorShape, Handler>> = {
  ':v v128': constantVector,
  'v:v none': plain(1, V128),
  'vv:v none': plain(2, V128),
  'vvv:v none': plain(3, V128),
  'vi:v none': plain(2, V128),
  'v:i none': plain(1, I32),
  'vv:v shuffle': shuffle,
  'i:v none': splat(),
  'I:v none': splat(),
  'f:v none': splat('i32x4.splat'),
  'F:v none': splat('i64x2.splat'),
  'v:i lane': (lowering, row) => (row.width === 32 ? extractLane(I32, 1) : extractNarrow)(lowering, row),
  'v:I lane': extractLane(I64, 2),
  'v:f lane': extractLane(F32, 1),
  'v:F lane': extractLane(F64, 2),
  'vi:v lane': replaceLane(),
  'vI:v lane': replaceLane(),
  'vf:v lane': replaceLane('i32x4.replace_lane'),
  'vF:v lane': replaceLane('i64x2.replace_lane'),
  'a:v memarg': loadVector,
  'av:v memargLane': loadLane,
  'av: memarg': (lowering, row) => store(lowering, row, false),
  'av: memargLane': (lowering, row) => store(lowering, row, true),
};
