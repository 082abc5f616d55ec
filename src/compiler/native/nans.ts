/**
 * The bits of NaNs, where a store wants the same in every tier (`canonicalNans`): what arithmetic makes is the canonical one, as soon as
 * something may see its bits. What follows says so of each instruction, and keeps the interpreter's rule (`isArithmetic` in
 * src/lowering/normal.ts): a sign operation on what arithmetic has made is arithmetic itself, on any other float it is done on the bits.
 *
 * Made canonical is a float as `select(x, NaN, x == x)`: three instructions more. They are left out where nothing sees the bits before other
 * arithmetic takes the value, which is true of most values within an expression.
 */
import { type NumericOp, OP, Reader, type VectorOp } from '../../decoder';
import { readInstruction } from '../../decoder/body';
import { skipImmediates } from '../../decoder/immediates';
import { INSTRUCTIONS, type Instruction } from '../../decoder/instructions';
import type { ModuleData } from '../../decoder/module';
import { type TypeList, withoutTop } from '../../decoder/typelist';
import type { Walk } from '../../decoder/walk';
import type { Emitter } from './emitter';

/** What has NaNs: a float, or the lanes of a vector. */
export type Lanes = 'f32' | 'f64' | 'f32x4' | 'f64x2';

/**
 * What an instruction with floats does with their NaNs. `makes`: one of its own, whatever bits its operands' have. `number`: its result is a
 * float and never one. `sign`: it changes the sign bit. `ignores`: its result does not depend on their bits. `moves`: it does.
 */
type Role = 'makes' | 'number' | 'sign' | 'ignores' | 'moves';

type FloatOp = Extract<
  NumericOp,
  `${'f32' | 'f64'}.${string}` | `${'i32' | 'i64'}.${'trunc' | 'reinterpret'}_${string}`
>;
const ROLES: Readonly<Record<FloatOp, Role>> = {
  'f32.eq': 'ignores',
  'f32.ne': 'ignores',
  'f32.lt': 'ignores',
  'f32.gt': 'ignores',
  'f32.le': 'ignores',
  'f32.ge': 'ignores',
  'f64.eq': 'ignores',
  'f64.ne': 'ignores',
  'f64.lt': 'ignores',
  'f64.gt': 'ignores',
  'f64.le': 'ignores',
  'f64.ge': 'ignores',
  'f32.abs': 'sign',
  'f32.neg': 'sign',
  'f32.ceil': 'makes',
  'f32.floor': 'makes',
  'f32.trunc': 'makes',
  'f32.nearest': 'makes',
  'f32.sqrt': 'makes',
  'f32.add': 'makes',
  'f32.sub': 'makes',
  'f32.mul': 'makes',
  'f32.div': 'makes',
  'f32.min': 'makes',
  'f32.max': 'makes',
  'f32.copysign': 'moves',
  'f64.abs': 'sign',
  'f64.neg': 'sign',
  'f64.ceil': 'makes',
  'f64.floor': 'makes',
  'f64.trunc': 'makes',
  'f64.nearest': 'makes',
  'f64.sqrt': 'makes',
  'f64.add': 'makes',
  'f64.sub': 'makes',
  'f64.mul': 'makes',
  'f64.div': 'makes',
  'f64.min': 'makes',
  'f64.max': 'makes',
  'f64.copysign': 'moves',
  'i32.trunc_f32_s': 'ignores',
  'i32.trunc_f32_u': 'ignores',
  'i32.trunc_f64_s': 'ignores',
  'i32.trunc_f64_u': 'ignores',
  'i64.trunc_f32_s': 'ignores',
  'i64.trunc_f32_u': 'ignores',
  'i64.trunc_f64_s': 'ignores',
  'i64.trunc_f64_u': 'ignores',
  'i32.trunc_sat_f32_s': 'ignores',
  'i32.trunc_sat_f32_u': 'ignores',
  'i32.trunc_sat_f64_s': 'ignores',
  'i32.trunc_sat_f64_u': 'ignores',
  'i64.trunc_sat_f32_s': 'ignores',
  'i64.trunc_sat_f32_u': 'ignores',
  'i64.trunc_sat_f64_s': 'ignores',
  'i64.trunc_sat_f64_u': 'ignores',
  'f32.convert_i32_s': 'number',
  'f32.convert_i32_u': 'number',
  'f32.convert_i64_s': 'number',
  'f32.convert_i64_u': 'number',
  'f32.demote_f64': 'makes',
  'f64.convert_i32_s': 'number',
  'f64.convert_i32_u': 'number',
  'f64.convert_i64_s': 'number',
  'f64.convert_i64_u': 'number',
  'f64.promote_f32': 'makes',
  'i32.reinterpret_f32': 'moves',
  'i64.reinterpret_f64': 'moves',
  'f32.reinterpret_i32': 'moves',
  'f64.reinterpret_i64': 'moves',
};

/** Vector instructions whose lanes are floats: the lanes in which they make NaNs, or that they only move bits. */
type FloatVectorOp = Extract<VectorOp, `${'f32x4' | 'f64x2'}.${string}`>;
const VECTOR_ROLES: Readonly<Record<FloatVectorOp, 'f32x4' | 'f64x2' | 'moves'>> = {
  'f32x4.splat': 'moves',
  'f64x2.splat': 'moves',
  'f32x4.extract_lane': 'moves',
  'f32x4.replace_lane': 'moves',
  'f64x2.extract_lane': 'moves',
  'f64x2.replace_lane': 'moves',
  'f32x4.eq': 'moves',
  'f32x4.ne': 'moves',
  'f32x4.lt': 'moves',
  'f32x4.gt': 'moves',
  'f32x4.le': 'moves',
  'f32x4.ge': 'moves',
  'f64x2.eq': 'moves',
  'f64x2.ne': 'moves',
  'f64x2.lt': 'moves',
  'f64x2.gt': 'moves',
  'f64x2.le': 'moves',
  'f64x2.ge': 'moves',
  'f32x4.demote_f64x2_zero': 'f32x4',
  'f64x2.promote_low_f32x4': 'f64x2',
  'f32x4.ceil': 'f32x4',
  'f32x4.floor': 'f32x4',
  'f32x4.trunc': 'f32x4',
  'f32x4.nearest': 'f32x4',
  'f64x2.ceil': 'f64x2',
  'f64x2.floor': 'f64x2',
  'f64x2.trunc': 'f64x2',
  'f64x2.nearest': 'f64x2',
  'f32x4.abs': 'moves',
  'f32x4.neg': 'moves',
  'f32x4.sqrt': 'f32x4',
  'f32x4.add': 'f32x4',
  'f32x4.sub': 'f32x4',
  'f32x4.mul': 'f32x4',
  'f32x4.div': 'f32x4',
  'f32x4.min': 'f32x4',
  'f32x4.max': 'f32x4',
  'f32x4.pmin': 'moves',
  'f32x4.pmax': 'moves',
  'f64x2.abs': 'moves',
  'f64x2.neg': 'moves',
  'f64x2.sqrt': 'f64x2',
  'f64x2.add': 'f64x2',
  'f64x2.sub': 'f64x2',
  'f64x2.mul': 'f64x2',
  'f64x2.div': 'f64x2',
  'f64x2.min': 'f64x2',
  'f64x2.max': 'f64x2',
  'f64x2.pmin': 'moves',
  'f64x2.pmax': 'moves',
  'f32x4.convert_i32x4_s': 'moves',
  'f32x4.convert_i32x4_u': 'moves',
  'f64x2.convert_low_i32x4_s': 'moves',
  'f64x2.convert_low_i32x4_u': 'moves',
  'f32x4.relaxed_madd': 'f32x4',
  'f32x4.relaxed_nmadd': 'f32x4',
  'f64x2.relaxed_madd': 'f64x2',
  'f64x2.relaxed_nmadd': 'f64x2',
  'f32x4.relaxed_min': 'f32x4',
  'f32x4.relaxed_max': 'f32x4',
  'f64x2.relaxed_min': 'f64x2',
  'f64x2.relaxed_max': 'f64x2',
};

/** By dense id: of instructions on floats their role, and of those that make NaNs the lanes; operands and results where both are known. */
const roleOf: (Role | undefined)[] = [];
export const lanesOf: (Lanes | undefined)[] = [];
const arities: ({ readonly takes: number; readonly gives: number } | undefined)[] = [];
for (const { op, name, sig } of INSTRUCTIONS) {
  const [takes, gives = ''] = sig.split(':');
  if (sig !== '') arities[op] = { takes: takes.length, gives: gives.length };
  if (name in ROLES) {
    roleOf[op] = ROLES[name as FloatOp];
    if (roleOf[op] === 'makes' || roleOf[op] === 'sign') lanesOf[op] = gives === 'f' ? 'f32' : 'f64';
  }
  const lanes = name in VECTOR_ROLES ? VECTOR_ROLES[name as FloatVectorOp] : 'moves';
  if (lanes !== 'moves') lanesOf[op] = lanes;
}
arities[OP['local.get']] = arities[OP['global.get']] = { takes: 0, gives: 1 };
arities[OP['local.set']] = arities[OP['global.set']] = arities[OP.drop] = { takes: 1, gives: 0 };
arities[OP['local.tee']] = { takes: 1, gives: 1 };
arities[OP.select] = arities[OP['select t']] = { takes: 3, gives: 1 };

/** Whether it takes a value of such lanes and its own result does not depend on the bits of their NaNs, which it makes itself. */
function forgets({ op }: Instruction, lanes: Lanes): boolean {
  if (op === OP.drop) return true;
  if (lanes === 'f32' || lanes === 'f64') return roleOf[op] !== undefined && roleOf[op] !== 'moves';
  return lanesOf[op] === lanes && op !== CONVERSIONS[lanes];
}
/** Its operand has lanes of the other kind. */
const CONVERSIONS = { f32x4: OP['f32x4.demote_f64x2_zero'], f64x2: OP['f64x2.promote_low_f32x4'] } as const;

/** Instructions that are looked at before a value is taken: compilers leave few between. */
const MOST_AHEAD = 32;

/** Whether arithmetic takes the value that is on top before the instruction at this module offset, with nothing between that sees frames. */
export function isForgotten(module: ModuleData, offset: number, lanes: Lanes): boolean {
  const reader = new Reader(module.bytes, offset);
  let above = 0;
  for (let k = 0; k < MOST_AHEAD; k++) {
    const row = readInstruction(reader);
    const arity = arities[row.op];
    if (arity === undefined) return false;
    if (arity.takes > above) return forgets(row, lanes);
    above += arity.gives - arity.takes;
    skipImmediates(reader, row, module);
  }
  return false;
}

const isSelect = ({ op }: Instruction): boolean => op === OP.select || op === OP['select t'];

/** Which operands arithmetic has made. They are known by their place in the list of types, which they have for themselves. */
export class MadeFloats {
  private readonly made = new WeakSet<TypeList>();
  private isNext = false;
  /** Whether the result takes the place of an operand of its type, which may have been one. */
  private isChosen = false;

  /** The walk is at an instruction: whether its result is one. */
  see(walk: Walk): boolean {
    const { stack, row, reachable } = walk;
    if (stack !== undefined) {
      if (this.isNext) this.made.add(stack);
      else if (this.isChosen) this.made.delete(stack);
    }
    this.isChosen = isSelect(row);
    this.isNext = reachable && this.makes(walk);
    return this.isNext;
  }

  private makes(walk: Walk): boolean {
    if (isSelect(walk.row)) return this.isMade(walk, 1) && this.isMade(walk, 2);
    const role = roleOf[walk.row.op];
    return role === 'makes' || role === 'number' || (role === 'sign' && this.isMade(walk, 0));
  }

  private isMade({ stack }: Walk, depth: number): boolean {
    const list = withoutTop(stack, depth);
    return list !== undefined && this.made.has(list);
  }
}

/** Code that puts the canonical NaN in place of any NaN on top. `scratch`: a local of its type. */
export function emitCanonical(out: Emitter, lanes: Lanes, scratch: number): void {
  const { equal, select } = CANONICAL[lanes];
  out.indexed('local.tee', scratch);
  emitNan(out, lanes);
  out.indexed('local.get', scratch);
  out.indexed('local.get', scratch);
  out.op(equal);
  out.op(select);
}
const CANONICAL = {
  f32: { equal: 'f32.eq', select: 'select' },
  f64: { equal: 'f64.eq', select: 'select' },
  f32x4: { equal: 'f32x4.eq', select: 'v128.bitselect' },
  f64x2: { equal: 'f64x2.eq', select: 'v128.bitselect' },
} as const;

const NAN_32 = [0, 0, 0xc0, 0x7f];
const NAN_64 = [0, 0, 0, 0, 0, 0, 0xf8, 0x7f];
const NANS: Readonly<Record<Lanes, Uint8Array>> = {
  f32: Uint8Array.from(NAN_32),
  f64: Uint8Array.from(NAN_64),
  f32x4: Uint8Array.from([...NAN_32, ...NAN_32, ...NAN_32, ...NAN_32]),
  f64x2: Uint8Array.from([...NAN_64, ...NAN_64]),
};
function emitNan(out: Emitter, lanes: Lanes): void {
  out.op(lanes === 'f32' ? 'f32.const' : lanes === 'f64' ? 'f64.const' : 'v128.const');
  const bytes = NANS[lanes];
  out.copy(bytes, 0, bytes.length);
}
