/**
 * What each numeric instruction looks like in JavaScript: one row an instruction, and the instruction table has its operands, its result and
 * whether it traps. `generate.ts` turns a row into closure factories, one for each kind of operand that `forms` lists.
 *
 * In `code`, A and B stand for operands of type i32, f32 or f64; AL, AH, BL, BH for the words of an i64 operand. An i64 result is
 * written `low ; high`, evaluated in that order, high last. Names in N are the functions of numerics.ts. `at` is the
 * instruction's byte offset.
 *
 * Forms: r = operand in a slot, k = constant, e = nested closure. The form of only e must always be there, and is what a row has that
 * lists none; the others save calls where no compiler inlines them.
 */
import { instructionOf, OP } from '../../decoder/instructions';
import type { ComputeOp, ShiftOp } from '../../lowering';

export type Kind = 'i' | 'I' | 'f' | 'F';

interface Row {
  readonly code: string;
  /** It is 1 or 0 by this condition. */
  readonly test?: string;
  readonly forms?: readonly string[];
  /** The result is a double that can be a NaN made by arithmetic: it becomes canonical when it becomes bits. */
  readonly arithmetic?: true;
  /** Also generated as a statement that writes its result to a slot. */
  readonly sets?: readonly string[];
  /** Also generated as a branch condition. */
  readonly ifs?: readonly string[];
}

/** A row as it is written: with a condition in place of the code of those that are 1 or 0. */
type Written = Row | (Omit<Row, 'code'> & { readonly test: string });

/** A row with what the instruction table knows of it. */
export interface Template extends Row {
  readonly operands: readonly Kind[];
  readonly result: Kind;
  /** The closure takes the byte offset, because it can trap. */
  readonly traps: boolean;
  readonly forms: readonly string[];
}

const HOT2 = ['rr', 'rk', 'er', 'ek', 're', 'ee'];
const COMMON2 = ['rr', 'rk', 'ee'];
const MOST2 = ['rr', 'rk', 'ek', 'ee'];
const SETS2 = ['rr', 'rk', 'ek', 'er', 're', 'ee'];
const HOT1 = ['r', 'e'];

/** Numeric instructions by their own names. */
const NUMERIC: Readonly<Record<Exclude<ComputeOp, ShiftOp>, Written>> = {
  'i32.add': { code: 'A+B|0', forms: HOT2, sets: SETS2 },
  'i32.sub': { code: 'A-B|0', forms: HOT2, sets: SETS2 },
  'i32.mul': { code: 'Math.imul(A,B)', forms: HOT2, sets: SETS2 },
  'i32.and': { code: 'A&B', forms: HOT2, sets: SETS2, ifs: COMMON2 },
  'i32.or': { code: 'A|B', forms: HOT2, sets: SETS2 },
  'i32.xor': { code: 'A^B', forms: HOT2, sets: SETS2 },
  'i32.shl': { code: 'A<<B', forms: HOT2, sets: SETS2 },
  'i32.shr_s': { code: 'A>>B', forms: HOT2, sets: SETS2 },
  'i32.shr_u': { code: 'A>>>B|0', forms: HOT2, sets: SETS2 },
  'i32.rotl': { code: 'A<<B|A>>>32-B', forms: COMMON2 },
  'i32.rotr': { code: 'A>>>B|A<<32-B', forms: COMMON2 },
  'i32.div_s': { code: 'N.i32DivS(A,B,at)', forms: COMMON2 },
  'i32.div_u': { code: 'N.i32DivU(A,B,at)', forms: COMMON2 },
  'i32.rem_s': { code: 'N.i32RemS(A,B,at)', forms: COMMON2 },
  'i32.rem_u': { code: 'N.i32RemU(A,B,at)', forms: COMMON2 },
  'i32.eq': { test: '(A===B)', forms: MOST2, ifs: HOT2 },
  'i32.ne': { test: '(A!==B)', forms: MOST2, ifs: HOT2 },
  'i32.lt_s': { test: '(A<B)', forms: MOST2, ifs: HOT2 },
  'i32.lt_u': { test: '(A>>>0<B>>>0)', forms: MOST2, ifs: HOT2 },
  'i32.gt_s': { test: '(A>B)', forms: MOST2, ifs: HOT2 },
  'i32.gt_u': { test: '(A>>>0>B>>>0)', forms: MOST2, ifs: HOT2 },
  'i32.le_s': { test: '(A<=B)', forms: MOST2, ifs: HOT2 },
  'i32.le_u': { test: '(A>>>0<=B>>>0)', forms: MOST2, ifs: HOT2 },
  'i32.ge_s': { test: '(A>=B)', forms: MOST2, ifs: HOT2 },
  'i32.ge_u': { test: '(A>>>0>=B>>>0)', forms: MOST2, ifs: HOT2 },
  'i32.eqz': { test: '(A===0)', forms: HOT1, ifs: HOT1 },
  'i32.clz': { code: 'Math.clz32(A)' },
  'i32.ctz': { code: 'N.ctz(A)' },
  'i32.popcnt': { code: 'N.popcnt(A)' },
  'i32.extend8_s': { code: 'A<<24>>24', forms: HOT1 },
  'i32.extend16_s': { code: 'A<<16>>16', forms: HOT1 },
  'i32.wrap_i64': { code: 'AL', forms: HOT1, sets: HOT1 },
  'i64.add': { code: '(t=AL+BL|0);AH+BH+(t>>>0<AL>>>0?1:0)|0', forms: HOT2, sets: SETS2 },
  'i64.sub': { code: 'AL-BL|0;AH-BH-(AL>>>0<BL>>>0?1:0)|0', forms: HOT2, sets: SETS2 },
  'i64.and': { code: 'AL&BL;AH&BH', forms: HOT2, sets: SETS2 },
  'i64.or': { code: 'AL|BL;AH|BH', forms: HOT2, sets: SETS2 },
  'i64.xor': { code: 'AL^BL;AH^BH', forms: HOT2, sets: SETS2 },
  'i64.mul': {
    code: 'Math.imul(AL,BL);N.mulHigh(AL,BL)+Math.imul(AL,BH)+Math.imul(AH,BL)|0',
    forms: COMMON2,
    sets: ['ee'],
  },
  'i64.shl': { code: 'N.i64Shl(AL,AH,BL);W.hi' },
  'i64.shr_s': { code: 'N.i64ShrS(AL,AH,BL);W.hi' },
  'i64.shr_u': { code: 'N.i64ShrU(AL,AH,BL);W.hi' },
  'i64.rotl': { code: 'N.i64Rotl(AL,AH,BL);W.hi' },
  'i64.rotr': { code: 'N.i64Rotl(AL,AH,-BL);W.hi' },
  'i64.div_s': { code: 'N.i64DivS(AL,AH,BL,BH,at);W.hi' },
  'i64.div_u': { code: 'N.i64DivU(AL,AH,BL,BH,at);W.hi' },
  'i64.rem_s': { code: 'N.i64RemS(AL,AH,BL,BH,at);W.hi' },
  'i64.rem_u': { code: 'N.i64RemU(AL,AH,BL,BH,at);W.hi' },
  'i64.eq': { test: '(AL===BL&&AH===BH)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.ne': { test: '(AL!==BL||AH!==BH)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.lt_s': { test: '(AH<BH||AH===BH&&AL>>>0<BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.lt_u': { test: '(AH>>>0<BH>>>0||AH===BH&&AL>>>0<BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.gt_s': { test: '(AH>BH||AH===BH&&AL>>>0>BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.gt_u': { test: '(AH>>>0>BH>>>0||AH===BH&&AL>>>0>BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.le_s': { test: '(AH<BH||AH===BH&&AL>>>0<=BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.le_u': { test: '(AH>>>0<BH>>>0||AH===BH&&AL>>>0<=BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.ge_s': { test: '(AH>BH||AH===BH&&AL>>>0>=BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.ge_u': { test: '(AH>>>0>BH>>>0||AH===BH&&AL>>>0>=BL>>>0)', forms: ['ek', 'ee'], ifs: MOST2 },
  'i64.eqz': { test: '((AL|AH)===0)', forms: HOT1, ifs: HOT1 },
  'i64.clz': { code: 'AH===0?32+Math.clz32(AL):Math.clz32(AH);0' },
  'i64.ctz': { code: 'AL===0?32+N.ctz(AH):N.ctz(AL);0' },
  'i64.popcnt': { code: 'N.popcnt(AL)+N.popcnt(AH);0' },
  'i64.extend8_s': { code: '(t=AL<<24>>24);t>>31' },
  'i64.extend16_s': { code: '(t=AL<<16>>16);t>>31' },
  'i64.extend32_s': { code: 'AL;AL>>31' },
  'i64.extend_i32_s': { code: '(t=A);t>>31', forms: HOT1, sets: HOT1 },
  'i64.extend_i32_u': { code: 'A;0', forms: HOT1, sets: HOT1 },
  'f32.add': { code: 'Math.fround(A+B)', arithmetic: true, forms: ['rr', 'ee'], sets: ['ee'] },
  'f32.sub': { code: 'Math.fround(A-B)', arithmetic: true, forms: ['rr', 'ee'], sets: ['ee'] },
  'f32.mul': { code: 'Math.fround(A*B)', arithmetic: true, forms: ['rr', 'ee'], sets: ['ee'] },
  'f32.div': { code: 'Math.fround(A/B)', arithmetic: true, forms: ['rr', 'ee'], sets: ['ee'] },
  'f32.min': { code: 'Math.min(A,B)', arithmetic: true },
  'f32.max': { code: 'Math.max(A,B)', arithmetic: true },
  'f32.sqrt': { code: 'Math.fround(Math.sqrt(A))', arithmetic: true },
  'f32.ceil': { code: 'Math.ceil(A)', arithmetic: true },
  'f32.floor': { code: 'Math.floor(A)', arithmetic: true },
  'f32.trunc': { code: 'Math.trunc(A)', arithmetic: true },
  'f32.nearest': { code: 'N.nearest(A)', arithmetic: true },
  'f32.neg': { code: '-A', arithmetic: true },
  'f32.abs': { code: 'Math.abs(A)', arithmetic: true },
  'f32.eq': { test: '(A===B)', ifs: ['rr', 'ee'] },
  'f32.ne': { test: '(A!==B)', ifs: ['rr', 'ee'] },
  'f32.lt': { test: '(A<B)', ifs: ['rr', 'ee'] },
  'f32.gt': { test: '(A>B)', ifs: ['rr', 'ee'] },
  'f32.le': { test: '(A<=B)', ifs: ['rr', 'ee'] },
  'f32.ge': { test: '(A>=B)', ifs: ['rr', 'ee'] },
  'i32.trunc_f32_s': { code: 'N.i32TruncS(A,at)' },
  'i32.trunc_f32_u': { code: 'N.i32TruncU(A,at)' },
  'i64.trunc_f32_s': { code: 'N.i64TruncS(A,at);W.hi' },
  'i64.trunc_f32_u': { code: 'N.i64TruncU(A,at);W.hi' },
  'i32.trunc_sat_f32_s': { code: 'N.i32SatS(A)' },
  'i32.trunc_sat_f32_u': { code: 'N.i32SatU(A)' },
  'i64.trunc_sat_f32_s': { code: 'N.i64SatS(A);W.hi' },
  'i64.trunc_sat_f32_u': { code: 'N.i64SatU(A);W.hi' },
  'f32.convert_i32_s': { code: 'Math.fround(A)', forms: HOT1 },
  'f32.convert_i32_u': { code: 'Math.fround((A>>>0))', forms: HOT1 },
  'f64.add': {
    code: 'A+B',
    arithmetic: true,
    forms: ['rr', 'er', 're', 'ee'],
    sets: ['rr', 're', 'er', 'ee'],
  },
  'f64.sub': {
    code: 'A-B',
    arithmetic: true,
    forms: ['rr', 'er', 're', 'ee'],
    sets: ['rr', 're', 'er', 'ee'],
  },
  'f64.mul': {
    code: 'A*B',
    arithmetic: true,
    forms: ['rr', 'er', 're', 'ee'],
    sets: ['rr', 're', 'er', 'ee'],
  },
  'f64.div': {
    code: 'A/B',
    arithmetic: true,
    forms: ['rr', 'er', 're', 'ee'],
    sets: ['rr', 're', 'er', 'ee'],
  },
  'f64.min': { code: 'Math.min(A,B)', arithmetic: true },
  'f64.max': { code: 'Math.max(A,B)', arithmetic: true },
  'f64.sqrt': { code: 'Math.sqrt(A)', arithmetic: true },
  'f64.ceil': { code: 'Math.ceil(A)', arithmetic: true },
  'f64.floor': { code: 'Math.floor(A)', arithmetic: true },
  'f64.trunc': { code: 'Math.trunc(A)', arithmetic: true },
  'f64.nearest': { code: 'N.nearest(A)', arithmetic: true },
  'f64.neg': { code: '-A', arithmetic: true },
  'f64.abs': { code: 'Math.abs(A)', arithmetic: true },
  'f64.eq': { test: '(A===B)', ifs: ['rr', 'ee'] },
  'f64.ne': { test: '(A!==B)', ifs: ['rr', 'ee'] },
  'f64.lt': { test: '(A<B)', ifs: ['rr', 'ee'] },
  'f64.gt': { test: '(A>B)', ifs: ['rr', 'ee'] },
  'f64.le': { test: '(A<=B)', ifs: ['rr', 'ee'] },
  'f64.ge': { test: '(A>=B)', ifs: ['rr', 'ee'] },
  'i32.trunc_f64_s': { code: 'N.i32TruncS(A,at)' },
  'i32.trunc_f64_u': { code: 'N.i32TruncU(A,at)' },
  'i64.trunc_f64_s': { code: 'N.i64TruncS(A,at);W.hi' },
  'i64.trunc_f64_u': { code: 'N.i64TruncU(A,at);W.hi' },
  'i32.trunc_sat_f64_s': { code: 'N.i32SatS(A)' },
  'i32.trunc_sat_f64_u': { code: 'N.i32SatU(A)' },
  'i64.trunc_sat_f64_s': { code: 'N.i64SatS(A);W.hi' },
  'i64.trunc_sat_f64_u': { code: 'N.i64SatU(A);W.hi' },
  'f64.convert_i32_s': { code: 'A', forms: HOT1 },
  'f64.convert_i32_u': { code: '(A>>>0)', forms: HOT1 },
  'f32.convert_i64_s': { code: 'N.f32FromI64(AL,AH)' },
  'f32.convert_i64_u': { code: 'N.f32FromI64(AL,AH>>>0)' },
  'f64.convert_i64_s': { code: 'AH*4294967296+(AL>>>0)' },
  'f64.convert_i64_u': { code: '(AH>>>0)*4294967296+(AL>>>0)' },
  'f32.demote_f64': { code: 'Math.fround(A)', arithmetic: true },
  'f64.promote_f32': { code: 'A', arithmetic: true },
  'i32.reinterpret_f32': { code: 'N.f32Bits(A)' },
  'i64.reinterpret_f64': { code: 'N.f64Bits(A);W.hi' },
  'f32.reinterpret_i32': { code: 'N.f32FromBits(A)' },
  'f64.reinterpret_i64': { code: 'N.f64FromBits(AL,AH)' },
};

/** Shifts of an i64 by a constant. The constant operand k is 1..31 (<32), or the shift less 32, 0..31 (>=32). */
const SHIFTS: Readonly<Record<ShiftOp, Written>> = {
  'i64.shl<32': { code: 'AL<<B;AH<<B|AL>>>32-B', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.shl>=32': { code: '0;AL<<B', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.shr_s<32': { code: 'AL>>>B|AH<<32-B;AH>>B', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.shr_s>=32': { code: 'AH>>B;AH>>31', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.shr_u<32': { code: 'AL>>>B|AH<<32-B;AH>>>B|0', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.shr_u>=32': { code: 'AH>>>B|0;0', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.rotl<32': { code: 'AL<<B|AH>>>32-B;AH<<B|AL>>>32-B', forms: ['rk', 'ek'], sets: ['rk', 'ek'] },
  'i64.rotl>=32': {
    code: 'B===0?AH:AH<<B|AL>>>32-B;B===0?AL:AL<<B|AH>>>32-B',
    forms: ['rk', 'ek'],
    sets: ['rk', 'ek'],
  },
};

function template(row: Written, signature: string, traps: boolean): Template {
  const [operands, result] = signature.split(':');
  const kinds = [...operands] as Kind[];
  const forms = ['e'.repeat(kinds.length)];
  const code = 'code' in row ? row.code : `${row.test}?1:0`;
  return { forms, ...row, code, operands: kinds, result: result as Kind, traps };
}

export const TEMPLATES: ReadonlyMap<string, Template> = new Map([
  ...Object.entries(NUMERIC).map(([name, row]) => {
    const { sig, traps } = instructionOf[OP[name as keyof typeof NUMERIC]]!;
    return [name, template(row, sig, traps)] as const;
  }),
  ...Object.entries(SHIFTS).map(([name, row]) => [name, template(row, 'Ii:I', false)] as const),
]);
