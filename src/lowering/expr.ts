/**
 * Expressions: values that the lowering has not computed yet, as trees. The makers normalise: constants go to the right, shifts by
 * constants are split at 32, and moves of floats become moves of integers, so that NaN payloads survive on every engine (DESIGN.md,
 * law 6).
 */
import {
  F32,
  F64,
  I32,
  I64,
  instructionOf,
  isRef,
  type LoadOp,
  type NumericOp,
  OP,
  slotsOf,
  V128,
  type ValType,
  type VectorOp,
} from '../decoder';
import { InternalError, type TrapCode } from '../errors';

/** How a back end holds a value: i32, i64 (two words), f32, f64, reference, vector (two slots, and nowhere else). */
export type Kind = 'i' | 'I' | 'f' | 'F' | 'r' | 'v';

/** What an expression must not be moved across. */
export const READS_MEMORY = 1;
export const TRAPS = 2;
export const READS_GLOBAL = 4;

/** i64 shifts by a constant: by 1 to 31 bits, or by 32 bits and the constant. */
export type ShiftOp =
  | 'i64.shl<32'
  | 'i64.shl>=32'
  | 'i64.shr_s<32'
  | 'i64.shr_s>=32'
  | 'i64.shr_u<32'
  | 'i64.shr_u>=32'
  | 'i64.rotl<32'
  | 'i64.rotl>=32';

/** Numeric instructions as expressions have them: `copysign` works on bits. */
type ArithmeticOp = Exclude<NumericOp, 'f32.copysign' | 'f64.copysign'>;
export type ComputeOp = ArithmeticOp | ShiftOp;

/** What all expressions have. */
interface Head {
  /** The full type, also of a reference. */
  readonly type: ValType;
  readonly kind: Kind;
  /** Effects, as bits, of the whole tree. */
  readonly flags: number;
  /** Locals that are read, one bit each, the 31st for all from there on. */
  readonly locals: number;
  /** The highest operand slot that is read, or -1. */
  readonly reads: number;
  /** Instructions in the tree; places and constants count nothing. */
  readonly size: number;
}

/** The value in a slot of the frame: a local, an operand in its canonical place, or a lane of a vector there. */
export interface Get extends Head {
  readonly op: 'get';
  readonly slot: number;
  /** 1 for a lane of 32 bits in the upper half of the slot. */
  readonly half: 0 | 1;
  /** The type of the value that stands there: another one where the bits of a float, or a lane of a vector, are read. */
  readonly held: ValType;
  /** Whether it stands for a float that arithmetic has made, computed into an operand's slot: its NaN is the canonical one. */
  readonly isMade: boolean;
}
/** i32 and f32: the bits are `low`. i64 and f64: both words. */
export interface Const extends Head {
  readonly op: 'const';
  readonly low: number;
  readonly high: number;
}
export interface GlobalGet extends Head {
  readonly op: 'global.get';
  readonly globalidx: number;
}
export interface Select extends Head {
  readonly op: 'select';
  readonly a: Expr;
  readonly b: Expr;
  readonly condition: Expr;
}
/** `a` is the address as an i32, unsigned; `memoryOffset` is added to it, below 2^31. */
export interface Load extends Head {
  readonly op: LoadOp;
  readonly a: Expr;
  readonly b: undefined;
  readonly memoryOffset: number;
  readonly memidx: number;
  readonly offset: number;
}
/** An i64 address or index as an i32; what does not fit is out of bounds. */
export interface Narrow extends Head {
  readonly op: 'narrow';
  readonly a: Expr;
  readonly trap: TrapCode;
  readonly offset: number;
}
/** The i32 address `a` with the static offset added, checked for an access of `bytes`: for offsets from 2^31 on. */
export interface Address extends Head {
  readonly op: 'address';
  readonly a: Expr;
  /** Unsigned 32 bits, as an int32. */
  readonly memoryOffset: number;
  readonly bytes: number;
  readonly memidx: number;
  readonly offset: number;
}
/** 1 for the null reference, else 0. */
export interface IsNull extends Head {
  readonly op: 'is_null';
  readonly a: Get;
}
/** A numeric instruction. `offset` is -1 when it cannot trap. */
export interface Compute extends Head {
  readonly op: ComputeOp;
  readonly a: Expr;
  readonly b: Expr | undefined;
  readonly offset: number;
}

/** SIMD instructions that lowered code does without: lanes are read as parts of slots, and lanes of floats are written as their bits. */
type LaneOp =
  | `${'i8x16' | 'i16x8'}.extract_lane_${'s' | 'u'}`
  | `${'i32x4' | 'i64x2' | 'f32x4' | 'f64x2'}.extract_lane`
  | `${'f32x4' | 'f64x2'}.${'splat' | 'replace_lane'}`;
/** SIMD instructions that write to memory and have no result. */
export type VectorStoreOp = Extract<VectorOp, `v128.store${string}`>;
export type VectorValueOp = Exclude<VectorOp, LaneOp | VectorStoreOp>;
/** Where a SIMD instruction finds its bytes: as in `Load`, whose `a` is the first operand here. */
export interface VectorAccess {
  readonly memoryOffset: number;
  readonly memidx: number;
  readonly offset: number;
}
/**
 * A SIMD instruction. What is of kind v is only computed into a slot, and its operands of type v128 are places (`get`): so it is one
 * statement with three addresses. Where all lanes are computed alike (lanes.ts), an operand can also be another such instruction, or a
 * constant: the whole tree is computed word by word (words.ts). Of type i32, it is what an instruction says of a vector, or one word of
 * such a tree, of words.
 */
export interface Vector extends Head {
  readonly op: 'vector';
  readonly instruction: VectorValueOp;
  /** In their order. */
  readonly operands: readonly Expr[];
  /** A lane, the sixteen of a shuffle, or the four words of a constant. */
  readonly immediates: readonly number[];
  readonly access: VectorAccess | undefined;
  /** An operand is a vector in no place: the tree is computed word by word, by code of each word's own. */
  readonly isTree: boolean;
}

/** Loads of which each lane of 32 bits is a load of numbers, and how many bytes on the next one is. */
export const LANE_LOADS: ReadonlyMap<VectorValueOp, readonly [op: LoadOp, bytes: number]> = new Map([
  ['v128.load16x4_s', ['i32.load16_s', 2]],
  ['v128.load16x4_u', ['i32.load16_u', 2]],
]);

/** A lane of a vector, as an i32 without other bits. */
export interface BuiltLane {
  readonly lane: number;
  readonly value: Expr;
}
/** A vector of which some lanes of `width` bits are put into another one, which stands in a place or is computed before them. */
export interface Build extends Head {
  readonly op: 'build';
  readonly width: LaneWidth;
  readonly base: Get | Vector;
  /** Lowest first, which is how they are computed. */
  readonly lanes: readonly BuiltLane[];
}
export type LaneWidth = 8 | 16 | 32;

/** `offset` is the byte offset in the module of an instruction that can trap. */
export type Expr =
  | Get
  | Const
  | GlobalGet
  | Select
  | Load
  | Narrow
  | Address
  | IsNull
  | Compute
  | Vector
  | Build;

export function kindOf(type: ValType): Kind {
  if (type === I32) return 'i';
  if (type === I64) return 'I';
  if (type === F32) return 'f';
  if (type === F64) return 'F';
  if (isRef(type)) return 'r';
  if (type === V128) return 'v';
  throw new InternalError(`lowering has no kind for the type ${type}`);
}

export function localBit(localidx: number): number {
  return localidx < 31 ? 1 << localidx : 1 << 31;
}

function get(
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
/** Whether a value is in this slot already, as what it is: a back end may keep a float and its bits in two places. */
export function isIn(expr: Expr, slot: number): boolean {
  return expr.op === 'get' && expr.slot === slot && expr.held === expr.type;
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
  let size = 1;
  for (const operand of operands) {
    flags |= operand.flags;
    locals |= operand.locals;
    reads = Math.max(reads, operand.reads);
    size += operand.size;
  }
  const isTree = operands.some((operand) => operand.kind === 'v' && operand.op !== 'get');
  const kind = kindOf(type);
  const head: Head = { type, kind, flags, locals, reads, size };
  return { ...head, op: 'vector', instruction, operands, immediates, access, isTree };
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
  // What is in one of the four words, as it is in the lanes of other vectors.
  const size = 1 + base.size + Math.ceil(sum / 4);
  return { type: V128, kind: 'v', flags, locals, reads, size, op: 'build', width, base, lanes };
}

function compute(
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

/** `offset` only of what can trap. */
export function binary(op: ArithmeticOp, type: ValType, a: Expr, b: Expr, offset = -1): Expr {
  if (a.op === 'const' && b.op !== 'const') {
    const mirrored = instructionOf[OP[op]]!.mirror;
    if (mirrored !== undefined) return binary(mirrored, type, b, a);
  }
  if (b.op === 'const') {
    switch (op) {
      case 'i32.sub':
        return compute('i32.add', type, a, constantI32(-b.low | 0));
      case 'i32.eq':
        if (b.low === 0) return compute('i32.eqz', type, a);
        break;
      case 'i64.eq':
        if ((b.low | b.high) === 0) return compute('i64.eqz', type, a);
        break;
      case 'i64.shl':
      case 'i64.shr_s':
      case 'i64.shr_u':
      case 'i64.rotl':
        return shiftByConstant(op, a, b.low);
      case 'i64.rotr':
        return shiftByConstant('i64.rotl', a, -b.low);
    }
  }
  return compute(op, type, a, b, offset);
}

type Shift = 'i64.shl' | 'i64.shr_s' | 'i64.shr_u' | 'i64.rotl';
/** By less than 32, and by 32 and more. A table, since V8 may wait for ever for two constants that it concatenates (src/interpreter/forms.ts). */
const SHIFTS: Readonly<Record<Shift, readonly [ShiftOp, ShiftOp]>> = {
  'i64.shl': ['i64.shl<32', 'i64.shl>=32'],
  'i64.shr_s': ['i64.shr_s<32', 'i64.shr_s>=32'],
  'i64.shr_u': ['i64.shr_u<32', 'i64.shr_u>=32'],
  'i64.rotl': ['i64.rotl<32', 'i64.rotl>=32'],
};

function shiftByConstant(op: Shift, a: Expr, bits: number): Expr {
  const by = bits & 63;
  if (by === 0) return a;
  const [short, long] = SHIFTS[op];
  return by < 32 ? compute(short, I64, a, constantI32(by)) : compute(long, I64, a, constantI32(by - 32));
}

/** An expression for the bits of a float: an i32 for an f32, an i64 for an f64. Others stay themselves. */
export function bits(expr: Expr): Expr {
  if (expr.kind !== 'f' && expr.kind !== 'F') return expr;
  const wide = expr.kind === 'F';
  const type = wide ? I64 : I32;
  switch (expr.op) {
    case 'get':
      return get(type, expr.slot, expr.locals, expr.reads, expr.half, expr.held);
    case 'global.get':
      return globalGet(type, expr.globalidx);
    case 'const':
      return constant(type, expr.low, expr.high);
    case 'f32.load':
      return load('i32.load', type, expr.a, expr.memoryOffset, expr.memidx, expr.offset);
    case 'f64.load':
      return load('i64.load', type, expr.a, expr.memoryOffset, expr.memidx, expr.offset);
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return expr.a;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      if (isArithmetic(expr)) break;
      return signOperation(expr.op, bits(expr.a));
    case 'select':
      if (isArithmetic(expr)) break;
      return select(bits(expr.a), bits(expr.b), expr.condition);
  }
  return compute(wide ? 'i64.reinterpret_f64' : 'i32.reinterpret_f32', type, expr);
}

function signOperation(op: 'f32.neg' | 'f64.neg' | 'f32.abs' | 'f64.abs', a: Expr): Expr {
  switch (op) {
    case 'f32.neg':
      return binary('i32.xor', I32, a, constant(I32, -2147483648, 0));
    case 'f32.abs':
      return binary('i32.and', I32, a, constant(I32, 2147483647, 0));
    case 'f64.neg':
      return binary('i64.xor', I64, a, constant(I64, 0, -2147483648));
    case 'f64.abs':
      return binary('i64.and', I64, a, constant(I64, -1, 2147483647));
  }
}

/** True when a float comes from arithmetic, whose NaN is canonical; false when it is moved and must keep its bits. */
export function isArithmetic(expr: Expr): boolean {
  if (expr.kind !== 'f' && expr.kind !== 'F') return false;
  switch (expr.op) {
    case 'get':
    case 'global.get':
    case 'const':
    case 'f32.load':
    case 'f64.load':
    case 'f32.reinterpret_i32':
    case 'f64.reinterpret_i64':
      return false;
    case 'f32.neg':
    case 'f64.neg':
    case 'f32.abs':
    case 'f64.abs':
      return isMade(expr.a);
    case 'select':
      return isMade(expr.a) && isMade(expr.b);
    default:
      return true;
  }
}
/**
 * The same of an operand, wherever it was computed: the sign of a NaN that is negated must not depend on which operands had to wait. The
 * native tier keeps the same rule (src/compiler/native/nans.ts).
 */
function isMade(expr: Expr): boolean {
  return expr.op === 'get' ? expr.isMade : isArithmetic(expr);
}

/** Whether it is computed from operands by an instruction: a load or a computation. */
export function isOperation(expr: Expr): expr is Load | Compute {
  switch (expr.op) {
    case 'get':
    case 'const':
    case 'global.get':
    case 'select':
    case 'narrow':
    case 'address':
    case 'is_null':
    case 'vector':
    case 'build':
      return false;
    default:
      return true;
  }
}

/** copysign works on bits; the result is a float again. */
export function copysign(a: Expr, b: Expr): Expr {
  if (a.kind === 'f') {
    const magnitude = binary('i32.and', I32, bits(a), constant(I32, 2147483647, 0));
    const sign = binary('i32.and', I32, bits(b), constant(I32, -2147483648, 0));
    return compute('f32.reinterpret_i32', F32, binary('i32.or', I32, magnitude, sign));
  }
  const magnitude = binary('i64.and', I64, bits(a), constant(I64, -1, 2147483647));
  const sign = binary('i64.and', I64, bits(b), constant(I64, 0, -2147483648));
  return compute('f64.reinterpret_i64', F64, binary('i64.or', I64, magnitude, sign));
}
