/** Makes expressions: what is known of a tree (effects, locals, the highest slot, size) is computed from its operands once, here. */
import { F32, F64, I32, I64, isRef, type LoadOp, slotsOf, V128, type ValType } from '../decoder';
import { InternalError, type TrapCode } from '../errors';
import {
  type Address,
  type Build,
  type BuiltLane,
  type Compute,
  type ComputeOp,
  type Const,
  type Expr,
  type Get,
  type GlobalGet,
  type Head,
  type IsNull,
  isDirect,
  type Kind,
  type LaneWidth,
  type Load,
  localBit,
  type Narrow,
  READS_GLOBAL,
  READS_MEMORY,
  type Select,
  TRAPS,
  type Vector,
  type VectorAccess,
  type VectorValueOp,
} from './expr';

export function kindOf(type: ValType): Kind {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return 'f';
  if (type === F64) return 'F';
  if (isRef(type)) return 'r';
  if (type === V128) return 'v';
  throw new InternalError(`lowering has no kind for the type ${type}`);
}

export function get(
  type: ValType,
  slot: number,
  locals: number,
  reads: number,
  half: 0 | 1 = 0,
  held: ValType = type,
  isMade = false,
): Get {
  return { type, kind: kindOf(type), flags: 0, locals, reads, size: 0, op: 'get', slot, half, held, isMade };
}

/** Reads of the first slots, by type and slot: half of all leaves are one of these, and code refers to them as often as it likes. */
const SHARED_SLOTS = 128;
const [LOCALS, OPERANDS] = [0, 1].map(() => [I32, I64, F32, F64].map((): (Get | undefined)[] => []));
/** Small constants, likewise. */
const SMALL = 128;
const CONSTANTS: (Const | undefined)[] = [];

function isShared(type: ValType, slot: number): boolean {
  return slot < SHARED_SLOTS && type <= I32 && type >= F64;
}

export function getLocal(type: ValType, slot: number, localidx: number): Get {
  const bit = localBit(localidx);
  if (!isShared(type, slot)) return get(type, slot, bit, -1);
  const known = LOCALS[I32 - type][slot];
  // Behind vectors, a local's slot is not its index.
  if (known !== undefined && known.locals === bit) return known;
  const made = get(type, slot, bit, -1);
  LOCALS[I32 - type][slot] = made;
  return made;
}
/** An operand in its canonical slot. */
export function getOperand(type: ValType, slot: number, isMade = false): Get {
  if (isMade || !isShared(type, slot)) return get(type, slot, 0, slot + slotsOf(type) - 1, 0, type, isMade);
  const known = OPERANDS[I32 - type][slot];
  if (known !== undefined) return known;
  const made = get(type, slot, 0, slot);
  OPERANDS[I32 - type][slot] = made;
  return made;
}
/** The lane in word `index` of a vector's place, and the next one if the type has two words. */
export function lane(type: ValType, { slot, locals, reads }: Get, index: number): Get {
  return get(type, slot + (index >> 1), locals, reads, (index & 1) as 0 | 1, V128);
}
export function constant(type: ValType, low: number, high: number): Const {
  return { type, kind: kindOf(type), flags: 0, locals: 0, reads: -1, size: 0, op: 'const', low, high };
}
export function constantI32(value: number): Const {
  if (value < 0 || value >= SMALL) return constant(I32, value, 0);
  const known = CONSTANTS[value];
  if (known !== undefined) return known;
  const made = constant(I32, value, 0);
  CONSTANTS[value] = made;
  return made;
}
export function globalGet(type: ValType, globalidx: number): GlobalGet {
  const kind = kindOf(type);
  return { type, kind, flags: READS_GLOBAL, locals: 0, reads: -1, size: 1, op: 'global.get', globalidx };
}
export function select(a: Expr, b: Expr, condition: Expr): Select {
  return {
    type: a.type,
    kind: a.kind,
    flags: a.flags | b.flags | condition.flags,
    locals: a.locals | b.locals | condition.locals,
    reads: Math.max(a.reads, b.reads, condition.reads),
    size: 1 + a.size + b.size + condition.size,
    op: 'select',
    a,
    b,
    condition,
  };
}
export function load(
  op: LoadOp,
  type: ValType,
  a: Expr,
  memoryOffset: number,
  memidx: number,
  offset: number,
): Load {
  return {
    type,
    kind: kindOf(type),
    flags: a.flags | READS_MEMORY | TRAPS,
    locals: a.locals,
    reads: a.reads,
    size: 1 + a.size,
    op,
    a,
    b: undefined,
    memoryOffset,
    memidx,
    offset,
  };
}
export function narrow(a: Expr, trap: TrapCode, offset: number): Narrow {
  const { flags, locals, reads, size } = a;
  return {
    type: I32,
    kind: 'i',
    flags: flags | TRAPS,
    locals,
    reads,
    size: 1 + size,
    op: 'narrow',
    a,
    trap,
    offset,
  };
}
export function address(
  a: Expr,
  memoryOffset: number,
  bytes: number,
  memidx: number,
  offset: number,
): Address {
  return {
    type: I32,
    kind: 'i',
    flags: a.flags | TRAPS | READS_MEMORY,
    locals: a.locals,
    reads: a.reads,
    size: 1 + a.size,
    op: 'address',
    a,
    memoryOffset,
    bytes,
    memidx,
    offset,
  };
}

/** A reference stands in a slot always. */
export function isNull(a: Get): IsNull {
  const { flags, locals, reads } = a;
  return { type: I32, kind: 'i', flags, locals, reads, size: 1, op: 'is_null', a };
}

export function vector(
  instruction: VectorValueOp,
  type: ValType,
  operands: readonly Expr[],
  immediates: readonly number[] = [],
  access?: VectorAccess,
): Vector {
  let flags = access === undefined ? 0 : READS_MEMORY | TRAPS;
  let locals = 0;
  let reads = -1;
  // Constants are those without operands, and count as little as numbers.
  let size = operands.length && 1;
  for (const operand of operands) {
    flags |= operand.flags;
    locals |= operand.locals;
    reads = Math.max(reads, operand.reads);
    size += operand.size;
  }
  const isTree =
    !isDirect(instruction) && operands.some((operand) => operand.kind === 'v' && operand.op !== 'get');
  const kind = kindOf(type);
  const head: Head = { type, kind, flags, locals, reads, size };
  return { ...head, op: 'vector', instruction, operands, immediates, access, isTree, isRaw: false };
}

/** The same for somebody who makes canonical NaNs of it. */
export function raw(value: Vector): Vector {
  return { ...value, isRaw: true };
}

export function build(width: LaneWidth, base: Get | Vector, lanes: readonly BuiltLane[]): Build {
  let { flags, locals, reads } = base;
  let sum = 0;
  for (const { value } of lanes) {
    flags |= value.flags;
    locals |= value.locals;
    reads = Math.max(reads, value.reads);
    sum += value.size;
  }
  // What is in one of the four words, as it is in the lanes of other vectors; a word that is a lane takes nothing more.
  const size = base.size + Math.ceil(sum / 4) + (lanes.length > 4 ? 1 : 0);
  return { type: V128, kind: 'v', flags, locals, reads, size, op: 'build', width, base, lanes };
}

export function compute(
  op: ComputeOp,
  type: ValType,
  a: Expr,
  b: Expr | undefined = undefined,
  offset = -1,
): Compute {
  return {
    type,
    kind: kindOf(type),
    flags: a.flags | (b === undefined ? 0 : b.flags) | (offset >= 0 ? TRAPS : 0),
    locals: a.locals | (b === undefined ? 0 : b.locals),
    reads: b === undefined ? a.reads : Math.max(a.reads, b.reads),
    size: 1 + a.size + (b === undefined ? 0 : b.size),
    op,
    a,
    b,
    offset,
  };
}

/** `offset` only of what can trap. */
export function unary(op: ComputeOp, type: ValType, a: Expr, offset = -1): Compute {
  return compute(op, type, a, undefined, offset);
}
