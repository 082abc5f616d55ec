/**
 * What each numeric and memory instruction looks like in JavaScript: one row an instruction. `generate.ts` turns a row into closure
 * factories, one for each kind of operand that `forms` lists.
 *
 * In `code`, A and B stand for operands of type i32, f32 or f64; AL, AH, BL, BH for the words of an i64 operand. An i64 result is
 * written `low ; high`, evaluated in that order, high last. Names in N are the functions of numerics.ts. `at` is the
 * instruction's byte offset.
 *
 * Forms: r = operand in a slot, k = constant, e = nested closure. The form of only e must always be there; the others save calls
 * where no compiler inlines them.
 */
import type { OpName } from '../../decoder/instructions';

export type Kind = 'i' | 'I' | 'f' | 'F';

export interface Template {
  readonly operands: readonly Kind[];
  readonly result: Kind;
  readonly code: string;
  readonly forms: readonly string[];
  /** The closure takes the byte offset, because it can trap. */
  readonly traps?: true;
  /** The result is a double that can be a NaN made by arithmetic: it becomes canonical when it becomes bits. */
  readonly arithmetic?: true;
  /** Also generated as a statement that writes its result to a slot. */
  readonly sets?: readonly string[];
  /** Also generated as a branch condition. */
  readonly ifs?: readonly string[];
}

const HOT2 = ['rr', 'rk', 'er', 'ek', 're', 'ee'];
const COMMON2 = ['rr', 'rk', 'ee'];
const MOST2 = ['rr', 'rk', 'ek', 'ee'];
const PLAIN2 = ['ee'];
const SETS2 = ['rr', 'rk', 'ek', 'er', 're', 'ee'];
const HOT1 = ['r', 'e'];
const PLAIN1 = ['e'];

type Rows = Partial<Record<string, Template>>;
const rows: Rows = {};

function row(name: OpName | InternalOp, signature: string, code: string, more: Partial<Template> = {}): void {
  const [operands, result] = signature.split(':');
  const kinds = [...operands] as Kind[];
  const forms =
    more.forms ?? (kinds.length === 1 ? PLAIN1 : kinds.length === 2 ? PLAIN2 : ['e'.repeat(kinds.length)]);
  rows[name] = { operands: kinds, result: result as Kind, code, ...more, forms };
}

/** Forms that lowering makes out of instructions (expr.ts): shifts by a constant, moves of bits. */
export type InternalOp =
  | 'i64.shl<32'
  | 'i64.shl>=32'
  | 'i64.shr_s<32'
  | 'i64.shr_s>=32'
  | 'i64.shr_u<32'
  | 'i64.shr_u>=32'
  | 'i64.rotl<32'
  | 'i64.rotl>=32';

// i32
const i32Arithmetic: [OpName, string][] = [
  ['i32.add', 'A+B|0'],
  ['i32.sub', 'A-B|0'],
  ['i32.mul', 'Math.imul(A,B)'],
  ['i32.and', 'A&B'],
  ['i32.or', 'A|B'],
  ['i32.xor', 'A^B'],
  ['i32.shl', 'A<<B'],
  ['i32.shr_s', 'A>>B'],
  ['i32.shr_u', 'A>>>B|0'],
];
for (const [name, code] of i32Arithmetic) {
  const more = name === 'i32.and' ? { ifs: COMMON2 } : {};
  row(name, 'ii:i', code, { forms: HOT2, sets: SETS2, ...more });
}
row('i32.rotl', 'ii:i', 'A<<B|A>>>32-B', { forms: COMMON2 });
row('i32.rotr', 'ii:i', 'A>>>B|A<<32-B', { forms: COMMON2 });
for (const [name, call] of [
  ['i32.div_s', 'i32DivS'],
  ['i32.div_u', 'i32DivU'],
  ['i32.rem_s', 'i32RemS'],
  ['i32.rem_u', 'i32RemU'],
] as const) {
  row(name, 'ii:i', `N.${call}(A,B,at)`, { traps: true, forms: COMMON2 });
}
const compares: [string, string, string][] = [
  ['eq', 'A===B', ''],
  ['ne', 'A!==B', ''],
  ['lt_s', 'A<B', ''],
  ['lt_u', 'A>>>0<B>>>0', ''],
  ['gt_s', 'A>B', ''],
  ['gt_u', 'A>>>0>B>>>0', ''],
  ['le_s', 'A<=B', ''],
  ['le_u', 'A>>>0<=B>>>0', ''],
  ['ge_s', 'A>=B', ''],
  ['ge_u', 'A>>>0>=B>>>0', ''],
];
for (const [name, code] of compares) {
  row(`i32.${name}` as OpName, 'ii:i', `(${code})?1:0`, { forms: MOST2, ifs: HOT2 });
}
row('i32.eqz', 'i:i', '(A===0)?1:0', { forms: HOT1, ifs: HOT1 });
row('i32.clz', 'i:i', 'Math.clz32(A)');
row('i32.ctz', 'i:i', 'N.ctz(A)');
row('i32.popcnt', 'i:i', 'N.popcnt(A)');
row('i32.extend8_s', 'i:i', 'A<<24>>24', { forms: HOT1 });
row('i32.extend16_s', 'i:i', 'A<<16>>16', { forms: HOT1 });
row('i32.wrap_i64', 'I:i', 'AL', { forms: HOT1, sets: HOT1 });

// i64
const i64Forms = { forms: HOT2, sets: SETS2 };
row('i64.add', 'II:I', '(t=AL+BL|0);AH+BH+(t>>>0<AL>>>0?1:0)|0', i64Forms);
row('i64.sub', 'II:I', 'AL-BL|0;AH-BH-(AL>>>0<BL>>>0?1:0)|0', i64Forms);
row('i64.and', 'II:I', 'AL&BL;AH&BH', i64Forms);
row('i64.or', 'II:I', 'AL|BL;AH|BH', i64Forms);
row('i64.xor', 'II:I', 'AL^BL;AH^BH', i64Forms);
row('i64.mul', 'II:I', 'Math.imul(AL,BL);N.mulHigh(AL,BL)+Math.imul(AL,BH)+Math.imul(AH,BL)|0', {
  forms: COMMON2,
  sets: ['ee'],
});
row('i64.shl', 'II:I', 'N.i64Shl(AL,AH,BL);W.hi');
row('i64.shr_s', 'II:I', 'N.i64ShrS(AL,AH,BL);W.hi');
row('i64.shr_u', 'II:I', 'N.i64ShrU(AL,AH,BL);W.hi');
row('i64.rotl', 'II:I', 'N.i64Rotl(AL,AH,BL);W.hi');
row('i64.rotr', 'II:I', 'N.i64Rotl(AL,AH,-BL);W.hi');
// Constant shifts. The constant operand k is 1..31 (<32), or the shift less 32, 0..31 (>=32).
const shiftForms = { forms: ['rk', 'ek'], sets: ['rk', 'ek'] };
row('i64.shl<32', 'Ii:I', 'AL<<B;AH<<B|AL>>>32-B', shiftForms);
row('i64.shl>=32', 'Ii:I', '0;AL<<B', shiftForms);
row('i64.shr_s<32', 'Ii:I', 'AL>>>B|AH<<32-B;AH>>B', shiftForms);
row('i64.shr_s>=32', 'Ii:I', 'AH>>B;AH>>31', shiftForms);
row('i64.shr_u<32', 'Ii:I', 'AL>>>B|AH<<32-B;AH>>>B|0', shiftForms);
row('i64.shr_u>=32', 'Ii:I', 'AH>>>B|0;0', shiftForms);
row('i64.rotl<32', 'Ii:I', 'AL<<B|AH>>>32-B;AH<<B|AL>>>32-B', shiftForms);
row('i64.rotl>=32', 'Ii:I', 'B===0?AH:AH<<B|AL>>>32-B;B===0?AL:AL<<B|AH>>>32-B', shiftForms);
for (const [name, call] of [
  ['i64.div_s', 'i64DivS'],
  ['i64.div_u', 'i64DivU'],
  ['i64.rem_s', 'i64RemS'],
  ['i64.rem_u', 'i64RemU'],
] as const) {
  row(name, 'II:I', `N.${call}(AL,AH,BL,BH,at);W.hi`, { traps: true });
}
const i64Compares: [string, string][] = [
  ['eq', 'AL===BL&&AH===BH'],
  ['ne', 'AL!==BL||AH!==BH'],
  ['lt_s', 'AH<BH||AH===BH&&AL>>>0<BL>>>0'],
  ['lt_u', 'AH>>>0<BH>>>0||AH===BH&&AL>>>0<BL>>>0'],
  ['gt_s', 'AH>BH||AH===BH&&AL>>>0>BL>>>0'],
  ['gt_u', 'AH>>>0>BH>>>0||AH===BH&&AL>>>0>BL>>>0'],
  ['le_s', 'AH<BH||AH===BH&&AL>>>0<=BL>>>0'],
  ['le_u', 'AH>>>0<BH>>>0||AH===BH&&AL>>>0<=BL>>>0'],
  ['ge_s', 'AH>BH||AH===BH&&AL>>>0>=BL>>>0'],
  ['ge_u', 'AH>>>0>BH>>>0||AH===BH&&AL>>>0>=BL>>>0'],
];
for (const [name, code] of i64Compares) {
  row(`i64.${name}` as OpName, 'II:i', `(${code})?1:0`, { forms: ['ek', 'ee'], ifs: MOST2 });
}
row('i64.eqz', 'I:i', '((AL|AH)===0)?1:0', { forms: HOT1, ifs: HOT1 });
row('i64.clz', 'I:I', 'AH===0?32+Math.clz32(AL):Math.clz32(AH);0');
row('i64.ctz', 'I:I', 'AL===0?32+N.ctz(AH):N.ctz(AL);0');
row('i64.popcnt', 'I:I', 'N.popcnt(AL)+N.popcnt(AH);0');
row('i64.extend8_s', 'I:I', '(t=AL<<24>>24);t>>31');
row('i64.extend16_s', 'I:I', '(t=AL<<16>>16);t>>31');
row('i64.extend32_s', 'I:I', 'AL;AL>>31');
row('i64.extend_i32_s', 'i:I', '(t=A);t>>31', { forms: HOT1, sets: HOT1 });
row('i64.extend_i32_u', 'i:I', 'A;0', { forms: HOT1, sets: HOT1 });

// Floats
for (const [kind, type, wrap] of [
  ['f', 'f32', (code: string) => `Math.fround(${code})`],
  ['F', 'f64', (code: string) => code],
] as const) {
  const hot = kind === 'F';
  for (const [name, operator] of [
    ['add', '+'],
    ['sub', '-'],
    ['mul', '*'],
    ['div', '/'],
  ]) {
    row(`${type}.${name}` as OpName, `${kind}${kind}:${kind}`, wrap(`A${operator}B`), {
      arithmetic: true,
      forms: hot ? ['rr', 'er', 're', 'ee'] : COMMON2.filter((form) => form !== 'rk'),
      sets: hot ? ['rr', 're', 'er', 'ee'] : ['ee'],
    });
  }
  row(`${type}.min` as OpName, `${kind}${kind}:${kind}`, 'Math.min(A,B)', { arithmetic: true });
  row(`${type}.max` as OpName, `${kind}${kind}:${kind}`, 'Math.max(A,B)', { arithmetic: true });
  row(`${type}.sqrt` as OpName, `${kind}:${kind}`, wrap('Math.sqrt(A)'), { arithmetic: true });
  row(`${type}.ceil` as OpName, `${kind}:${kind}`, 'Math.ceil(A)', { arithmetic: true });
  row(`${type}.floor` as OpName, `${kind}:${kind}`, 'Math.floor(A)', { arithmetic: true });
  row(`${type}.trunc` as OpName, `${kind}:${kind}`, 'Math.trunc(A)', { arithmetic: true });
  row(`${type}.nearest` as OpName, `${kind}:${kind}`, 'N.nearest(A)', { arithmetic: true });
  row(`${type}.neg` as OpName, `${kind}:${kind}`, '-A', { arithmetic: true });
  row(`${type}.abs` as OpName, `${kind}:${kind}`, 'Math.abs(A)', { arithmetic: true });
  for (const [name, operator] of [
    ['eq', '==='],
    ['ne', '!=='],
    ['lt', '<'],
    ['gt', '>'],
    ['le', '<='],
    ['ge', '>='],
  ]) {
    row(`${type}.${name}` as OpName, `${kind}${kind}:i`, `(A${operator}B)?1:0`, { ifs: ['rr', 'ee'] });
  }
  row(`i32.trunc_${type}_s` as OpName, `${kind}:i`, 'N.i32TruncS(A,at)', { traps: true });
  row(`i32.trunc_${type}_u` as OpName, `${kind}:i`, 'N.i32TruncU(A,at)', { traps: true });
  row(`i64.trunc_${type}_s` as OpName, `${kind}:I`, 'N.i64TruncS(A,at);W.hi', { traps: true });
  row(`i64.trunc_${type}_u` as OpName, `${kind}:I`, 'N.i64TruncU(A,at);W.hi', { traps: true });
  row(`i32.trunc_sat_${type}_s` as OpName, `${kind}:i`, 'N.i32SatS(A)');
  row(`i32.trunc_sat_${type}_u` as OpName, `${kind}:i`, 'N.i32SatU(A)');
  row(`i64.trunc_sat_${type}_s` as OpName, `${kind}:I`, 'N.i64SatS(A);W.hi');
  row(`i64.trunc_sat_${type}_u` as OpName, `${kind}:I`, 'N.i64SatU(A);W.hi');
  row(`${type}.convert_i32_s` as OpName, `i:${kind}`, wrap('A'), { forms: HOT1 });
  row(`${type}.convert_i32_u` as OpName, `i:${kind}`, wrap('(A>>>0)'), { forms: HOT1 });
}
row('f32.convert_i64_s', 'I:f', 'N.f32FromI64(AL,AH)');
row('f32.convert_i64_u', 'I:f', 'N.f32FromI64(AL,AH>>>0)');
row('f64.convert_i64_s', 'I:F', 'AH*4294967296+(AL>>>0)');
row('f64.convert_i64_u', 'I:F', '(AH>>>0)*4294967296+(AL>>>0)');
row('f32.demote_f64', 'F:f', 'Math.fround(A)', { arithmetic: true });
row('f64.promote_f32', 'f:F', 'A', { arithmetic: true });
row('i32.reinterpret_f32', 'f:i', 'N.f32Bits(A)');
row('i64.reinterpret_f64', 'F:I', 'N.f64Bits(A);W.hi');
row('f32.reinterpret_i32', 'i:f', 'N.f32FromBits(A)');
row('f64.reinterpret_i64', 'I:F', 'N.f64FromBits(AL,AH)');

export const TEMPLATES = rows as Readonly<Record<string, Template>>;

/** A load: `v` is the checked byte index, `m` the memory's views. */
export interface LoadTemplate {
  readonly result: Kind;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly code: string;
}
export const LOADS: Readonly<Record<string, LoadTemplate>> = {
  'i32.load': { result: 'i', bytes: 4, code: 'v&3?m.load32(v):m.i32[v>>>2]' },
  'i32.load8_s': { result: 'i', bytes: 1, code: 'm.u8[v>>>0]<<24>>24' },
  'i32.load8_u': { result: 'i', bytes: 1, code: 'm.u8[v>>>0]' },
  'i32.load16_s': { result: 'i', bytes: 2, code: '(v&1?m.load16(v):m.u16[v>>>1])<<16>>16' },
  'i32.load16_u': { result: 'i', bytes: 2, code: 'v&1?m.load16(v):m.u16[v>>>1]' },
  'i64.load': {
    result: 'I',
    bytes: 8,
    code: 'v&3?m.load32(v):m.i32[v>>>2];v&3?m.load32(v+4):m.i32[(v>>>2)+1]',
  },
  'i64.load8_s': { result: 'I', bytes: 1, code: '(t=m.u8[v>>>0]<<24>>24);t>>31' },
  'i64.load8_u': { result: 'I', bytes: 1, code: 'm.u8[v>>>0];0' },
  'i64.load16_s': { result: 'I', bytes: 2, code: '(t=m.load16(v)<<16>>16);t>>31' },
  'i64.load16_u': { result: 'I', bytes: 2, code: 'm.load16(v);0' },
  'i64.load32_s': { result: 'I', bytes: 4, code: '(t=v&3?m.load32(v):m.i32[v>>>2]);t>>31' },
  'i64.load32_u': { result: 'I', bytes: 4, code: 'v&3?m.load32(v):m.i32[v>>>2];0' },
  'f32.load': { result: 'f', bytes: 4, code: 'v&3?m.loadF32(v):m.f32[v>>>2]' },
  'f64.load': { result: 'F', bytes: 8, code: 'v&7?m.loadF64(v):m.f64[v>>>3]' },
};

/** A store: `v` is the checked byte index; X (or XL and XH) the value. */
export interface StoreTemplate {
  readonly operand: Kind;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly code: string;
  readonly forms: readonly string[];
}
const STORE_FORMS = ['rr', 're', 'er', 'ee', 'rk', 'ek'];
export const STORES: Readonly<Record<string, StoreTemplate>> = {
  'i32.store': {
    operand: 'i',
    bytes: 4,
    code: 'if(v&3)m.store32(v,X);else m.i32[v>>>2]=X',
    forms: STORE_FORMS,
  },
  'i32.store8': { operand: 'i', bytes: 1, code: 'm.u8[v>>>0]=X', forms: STORE_FORMS },
  'i32.store16': {
    operand: 'i',
    bytes: 2,
    code: 'if(v&1)m.store16(v,X);else m.u16[v>>>1]=X',
    forms: STORE_FORMS,
  },
  'i64.store': {
    operand: 'I',
    bytes: 8,
    code: 'if(v&3){m.store32(v,XL);m.store32(v+4,XH)}else{m.i32[v>>>2]=XL;m.i32[(v>>>2)+1]=XH}',
    forms: ['rr', 're', 'er', 'ee'],
  },
  'f32.store': {
    operand: 'f',
    bytes: 4,
    code: 'if(v&3)m.storeF32(v,X);else m.f32[v>>>2]=X',
    forms: ['re', 'ee'],
  },
  'f64.store': {
    operand: 'F',
    bytes: 8,
    code: 'if(v&7)m.storeF64(v,X);else m.f64[v>>>3]=X',
    forms: ['re', 'ee'],
  },
};
