/**
 * Expressions: values that the lowering has not computed yet, as trees. This says what they are; makers.ts makes them, normal.ts in their
 * normal forms.
 */
import type { LoadOp, NumericOp, ValType, VectorOp } from '../decoder';
import type { TrapCode } from '../errors';

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
export type ArithmeticOp = Exclude<NumericOp, 'f32.copysign' | 'f64.copysign'>;
export type ComputeOp = ArithmeticOp | ShiftOp;

/** What all expressions have. */
export interface Head {
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
 * such a tree, of words. Some instructions read a constant or memory as they go (`DIRECT`).
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
  /** Its NaNs may have any bits: the one who reads them is arithmetic, which makes the canonical one of each. */
  readonly isRaw: boolean;
}

/** Loads of which each lane of 32 bits is a load of numbers, and how many bytes on the next one is. */
export const LANE_LOADS: ReadonlyMap<VectorValueOp, readonly [op: LoadOp, bytes: number]> = new Map([
  ['v128.load16x4_s', ['i32.load16_s', 2]],
  ['v128.load16x4_u', ['i32.load16_u', 2]],
]);

/**
 * Arithmetic whose operands may be other than places, and the forms that it has besides: of a place (r), sixteen bytes of memory (m), and a
 * number that is the same in all lanes (k). direct.ts makes them.
 */
export const DIRECT = {
  'f32x4.add': ['rk', 'rm'],
  'f32x4.sub': ['rk', 'rm'],
  'f32x4.mul': ['rk', 'rm', 'mk'],
  'f64x2.add': ['rk', 'rm'],
  'f64x2.sub': ['rk', 'rm'],
  'f64x2.mul': ['rk', 'rm', 'mk'],
} as const satisfies Partial<Readonly<Record<VectorValueOp, readonly ('rk' | 'rm' | 'mk')[]>>>;
export type DirectOp = keyof typeof DIRECT;
export const isDirect = (name: VectorValueOp): name is DirectOp => Object.hasOwn(DIRECT, name);

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

export function localBit(localidx: number): number {
  return localidx < 31 ? 1 << localidx : 1 << 31;
}
/** The bits of all of them. */
export const ALL_LOCALS = -1;
/** Whether a value is in this slot already, as what it is: a back end may keep a float and its bits in two places. */
export function isIn(expr: Expr, slot: number): boolean {
  return expr.op === 'get' && expr.slot === slot && expr.held === expr.type;
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
