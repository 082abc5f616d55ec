/**
 * What each SIMD instruction of lowered code looks like in JavaScript: one row an instruction. `generate-vectors.ts` makes closure factories
 * of them, each a statement with the word offsets of its vectors.
 *
 * Relaxed SIMD: where the specification leaves a choice, every engine makes the same here. Lanes out of range are as in `swizzle`,
 * `trunc_sat` and `q15mulr_sat`, a product is rounded before it is added, masks select bit by bit, NaN and zeros are as in `min` and
 * `max`, bytes are signed in both operands of `dot` and its sums of 16 bits wrap.
 */
import type { VectorStoreOp, VectorValueOp, WideningOp } from '../../lowering';
import { TEMPLATES } from './table';

/** Lanes as they are read and written: words, pairs of words, f32, f64. */
export type Lane = 'i' | 'I' | 'f' | 'F';

/**
 * An expression for each lane, with the lanes of the operands as A, B, C (of pairs AL, AH and so on, which also stand for the bits of an f64,
 * as AI does for those of an f32). A pair is written `low;high`. K is the amount of a shift. A result `mask` is a condition.
 */
export interface Lanes {
  readonly shape: 'lanes';
  readonly from: Lane;
  readonly to: Lane | 'mask';
  readonly code: string;
  /** The result can be a NaN made by arithmetic, which becomes canonical. */
  readonly arithmetic: boolean;
  /** The bits of K that count. */
  readonly amount?: number;
}
/** All words of the result, of any words of the operands: P0 to P3, Q0 to Q3, or the doubles D0 and D1. */
export interface Gather {
  readonly shape: 'words';
  readonly words: readonly [string, string, string, string];
}
/**
 * Statements that write from word r on, and read from p and q on, or what is no vector as w (and h, its high word). Immediates are k, k2 and
 * so on.
 */
export interface Statements {
  readonly shape: 'statements';
  readonly code: string;
}
/** An i32, of the words P0 to P3. */
export interface Test {
  readonly shape: 'test';
  readonly code: string;
}
/** The words of an access at byte index v of memory m; those of the vector operand are P0 to P3, and k is the lane. */
export interface Access {
  readonly shape: 'load' | 'store';
  readonly bytes: 1 | 2 | 4 | 8 | 16;
  readonly code: string;
}
export type VectorTemplate = Lanes | Gather | Statements | Test | Access;

const lanes = (from: Lane, to: Lane | 'mask', code: string): Lanes => ({
  shape: 'lanes',
  from,
  to,
  code,
  arithmetic: false,
});
const i = (code: string): Lanes => lanes('i', 'i', code);
const I = (code: string): Lanes => lanes('I', 'I', code);
const f = (code: string): Lanes => ({ ...lanes('f', 'f', code), arithmetic: true });
const F = (code: string): Lanes => ({ ...lanes('F', 'F', code), arithmetic: true });

const shift = (amount: number, code: string): Lanes => ({ ...i(code), amount });

/** As the instruction on numbers does it. */
function each(name: string): Lanes {
  const { operands, result, code, arithmetic } = TEMPLATES.get(name)!;
  return { ...lanes(operands[0], result, code), arithmetic: arithmetic === true };
}
/** A comparison of numbers, lane by lane. */
function mask(name: string): Lanes {
  const { operands, code } = TEMPLATES.get(name)!;
  const [, condition] = /^\((.*)\)\?1:0$/.exec(code)!;
  return lanes(operands[0], 'mask', condition);
}
const words = (...list: [string, string, string, string]): Gather => ({ shape: 'words', words: list });
/**
 * Each word of the result, of two neighbours; those of the first operand come first. Most programs narrow what fits: then no lane has one of
 * the bits `wide`, and `joined` is enough.
 */
function narrow(by: string, wide: number, joined: (low: string, high: string) => string): Statements {
  const pairs = ['wx', 'yz', 'ef', 'gh'];
  const write = (code: (low: string, high: string) => string) =>
    put(...pairs.map(([low, high]) => code(low, high)));
  const all = [...pairs.join('')];
  const read = all.map((name, k) => `${name}=${k < 4 ? `P${k}` : `Q${k - 4}`}`).join(',');
  const saturated = write((low, high) => `V.${by}(${low},${high})`);
  return statements(`const ${read};if(((${all.join('|')})&${wide})===0){${write(joined)}}else{${saturated}}`);
}
const joined16 = (low: string, high: string) => `(${low}|${low}>>>8)&65535|(${high}|${high}>>>8)<<16`;
const joined32 = (low: string, high: string) => `${low}|${high}<<16`;
const WIDEN8S = ['V.widen8S(P)', 'V.widen8S(P>>>16)'] as const;
const WIDEN8U = ['V.widen8U(P)', 'V.widen8U(P>>>16)'] as const;
const WIDEN16S = ['P<<16>>16', 'P>>16'] as const;
const WIDEN16U = ['P&65535', 'P>>>16'] as const;
const WIDEN32S = ['P', 'P>>31'] as const;
const WIDEN32U = ['P', '0'] as const;
const MUL8S = ['V.mul16(V.widen8S(P),V.widen8S(Q))', 'V.mul16(V.widen8S(P>>>16),V.widen8S(Q>>>16))'] as const;
const MUL8U = ['V.mul16(V.widen8U(P),V.widen8U(Q))', 'V.mul16(V.widen8U(P>>>16),V.widen8U(Q>>>16))'] as const;
const MUL16S = ['Math.imul(P<<16>>16,Q<<16>>16)', 'Math.imul(P>>16,Q>>16)'] as const;
const MUL16U = ['Math.imul(P&65535,Q&65535)', 'Math.imul(P>>>16,Q>>>16)'] as const;
const MUL32S = ['Math.imul(P,Q)', 'N.mulHigh(P,Q)+Math.imul(P,Q>>31)+Math.imul(P>>31,Q)|0'] as const;
const MUL32U = ['Math.imul(P,Q)', 'N.mulHigh(P,Q)|0'] as const;

const statements = (code: string): Statements => ({ shape: 'statements', code });
const test = (code: string): Test => ({ shape: 'test', code });
const allTrue = (none: string): Test =>
  test(`(${['P0', 'P1', 'P2', 'P3'].map((word) => none.replace('P', word)).join('&&')})?1:0`);

const load = (bytes: Access['bytes'], code: string): Access => ({ shape: 'load', bytes, code });
const store = (bytes: Access['bytes'], code: string): Access => ({ shape: 'store', bytes, code });
const WORD = 'v&3?m.load32(v):m.i32[v>>>2]';
const LOW_AND_HIGH = 'let y,z;if(v&3){y=m.load32(v);z=m.load32(v+4)}else{y=m.i32[v>>>2];z=m.i32[(v>>>2)+1]}';
const put = (...list: string[]): string =>
  list.map((word, k) => `I[r${k > 0 ? `+${k}` : ''}]=${word};`).join('');
const COPY = put('P0', 'P1', 'P2', 'P3');
/** Four words of sixteen bytes. */
const gathered = (byte: (k: number) => string): Gather => {
  const word = (k: number) => [0, 1, 2, 3].map((j) => `${byte(k + j)}${j > 0 ? `<<${8 * j}` : ''}`).join('|');
  return words(word(0), word(4), word(8), word(12));
};
/** The immediates are the bytes' places from the frame's start. */
const shuffled = gathered((k) => `B[(fp<<2)+b${k}]`);
const swizzled = gathered((k) => `(B[q*4+${k}]<16?B[p*4+B[q*4+${k}]]:0)`);
/** A lane of bits below a word. */
const putNarrow = (value: string, log2: number, most: number): string =>
  `${COPY}const j=r+(k>>${log2}),s=(k&${2 ** log2 - 1})*${32 >> log2};I[j]=I[j]&~(${most}<<s)|(${value})<<s;`;
/** The words y and z, each widened to two. */
const widened = ([low, high]: readonly [string, string]): string =>
  put(
    low.replaceAll('P', 'y'),
    high.replaceAll('P', 'y'),
    low.replaceAll('P', 'z'),
    high.replaceAll('P', 'z'),
  );

/**
 * Instructions that widen the low or the high half: each word of an operand, from word `from` on, gives two of the result, `even` before
 * `odd`.
 */
interface Widened {
  readonly from: 0 | 2;
  readonly even: string;
  readonly odd: string;
}
const low = ([even, odd]: readonly [string, string]): Widened => ({ from: 0, even, odd });
const high = ([even, odd]: readonly [string, string]): Widened => ({ from: 2, even, odd });
export const WIDENED: Readonly<Record<WideningOp, Widened>> = {
  'i16x8.extend_low_i8x16_s': low(WIDEN8S),
  'i16x8.extend_low_i8x16_u': low(WIDEN8U),
  'i16x8.extend_high_i8x16_s': high(WIDEN8S),
  'i16x8.extend_high_i8x16_u': high(WIDEN8U),
  'i16x8.extmul_low_i8x16_s': low(MUL8S),
  'i16x8.extmul_low_i8x16_u': low(MUL8U),
  'i16x8.extmul_high_i8x16_s': high(MUL8S),
  'i16x8.extmul_high_i8x16_u': high(MUL8U),
  'i32x4.extend_low_i16x8_s': low(WIDEN16S),
  'i32x4.extend_low_i16x8_u': low(WIDEN16U),
  'i32x4.extend_high_i16x8_s': high(WIDEN16S),
  'i32x4.extend_high_i16x8_u': high(WIDEN16U),
  'i32x4.extmul_low_i16x8_s': low(MUL16S),
  'i32x4.extmul_low_i16x8_u': low(MUL16U),
  'i32x4.extmul_high_i16x8_s': high(MUL16S),
  'i32x4.extmul_high_i16x8_u': high(MUL16U),
  'i64x2.extend_low_i32x4_s': low(WIDEN32S),
  'i64x2.extend_low_i32x4_u': low(WIDEN32U),
  'i64x2.extend_high_i32x4_s': high(WIDEN32S),
  'i64x2.extend_high_i32x4_u': high(WIDEN32U),
  'i64x2.extmul_low_i32x4_s': low(MUL32S),
  'i64x2.extmul_low_i32x4_u': low(MUL32U),
  'i64x2.extmul_high_i32x4_s': high(MUL32S),
  'i64x2.extmul_high_i32x4_u': high(MUL32U),
};
/** All four words of it. */
function widen({ from, even, odd }: Widened): Gather {
  const at = (code: string, k: number) => code.replaceAll('P', `P${k}`).replaceAll('Q', `Q${k}`);
  return words(at(even, from), at(odd, from), at(even, from + 1), at(odd, from + 1));
}
const WIDENINGS = Object.fromEntries(
  Object.entries(WIDENED).map(([name, widened]) => [name, widen(widened)]),
) as Record<WideningOp, Gather>;

export const VECTORS: Readonly<Record<VectorValueOp | VectorStoreOp, VectorTemplate>> = {
  ...WIDENINGS,
  'v128.const': statements(put('k', 'k2', 'k3', 'k4')),
  'v128.not': i('~A'),
  'v128.and': i('A&B'),
  'v128.andnot': i('A&~B'),
  'v128.or': i('A|B'),
  'v128.xor': i('A^B'),
  'v128.bitselect': i('A&C|B&~C'),
  'v128.any_true': test('(P0|P1|P2|P3)!==0?1:0'),
  'i8x16.shuffle': shuffled,
  'i8x16.swizzle': swizzled,
  'i8x16.relaxed_swizzle': swizzled,
  // Lanes written
  'i8x16.splat': statements(`const x=(w&255)*16843009|0;${put('x', 'x', 'x', 'x')}`),
  'i16x8.splat': statements(`const x=(w&65535)*65537|0;${put('x', 'x', 'x', 'x')}`),
  'i32x4.splat': statements(put('w', 'w', 'w', 'w')),
  'i64x2.splat': statements(put('w', 'h', 'w', 'h')),
  'i8x16.replace_lane': statements(putNarrow('w&255', 2, 255)),
  'i16x8.replace_lane': statements(putNarrow('w&65535', 1, 65535)),
  'i32x4.replace_lane': statements(`${COPY}I[r+k]=w;`),
  'i64x2.replace_lane': statements(`${COPY}I[r+2*k]=w;I[r+2*k+1]=h;`),
  // Comparisons
  'i8x16.eq': i('V.eq8(A,B)'),
  'i8x16.ne': i('~V.eq8(A,B)'),
  'i8x16.lt_s': i('V.lt8S(A,B)'),
  'i8x16.gt_s': i('V.lt8S(B,A)'),
  'i8x16.le_s': i('~V.lt8S(B,A)'),
  'i8x16.ge_s': i('~V.lt8S(A,B)'),
  'i8x16.lt_u': i('V.lt8U(A,B)'),
  'i8x16.gt_u': i('V.lt8U(B,A)'),
  'i8x16.le_u': i('~V.lt8U(B,A)'),
  'i8x16.ge_u': i('~V.lt8U(A,B)'),
  'i16x8.eq': i('V.eq16(A,B)'),
  'i16x8.ne': i('~V.eq16(A,B)'),
  'i16x8.lt_s': i('V.lt16S(A,B)'),
  'i16x8.gt_s': i('V.lt16S(B,A)'),
  'i16x8.le_s': i('~V.lt16S(B,A)'),
  'i16x8.ge_s': i('~V.lt16S(A,B)'),
  'i16x8.lt_u': i('V.lt16U(A,B)'),
  'i16x8.gt_u': i('V.lt16U(B,A)'),
  'i16x8.le_u': i('~V.lt16U(B,A)'),
  'i16x8.ge_u': i('~V.lt16U(A,B)'),
  'i32x4.eq': mask('i32.eq'),
  'i32x4.ne': mask('i32.ne'),
  'i32x4.lt_s': mask('i32.lt_s'),
  'i32x4.lt_u': mask('i32.lt_u'),
  'i32x4.gt_s': mask('i32.gt_s'),
  'i32x4.gt_u': mask('i32.gt_u'),
  'i32x4.le_s': mask('i32.le_s'),
  'i32x4.le_u': mask('i32.le_u'),
  'i32x4.ge_s': mask('i32.ge_s'),
  'i32x4.ge_u': mask('i32.ge_u'),
  'i64x2.eq': mask('i64.eq'),
  'i64x2.ne': mask('i64.ne'),
  'i64x2.lt_s': mask('i64.lt_s'),
  'i64x2.gt_s': mask('i64.gt_s'),
  'i64x2.le_s': mask('i64.le_s'),
  'i64x2.ge_s': mask('i64.ge_s'),
  'f32x4.eq': mask('f32.eq'),
  'f32x4.ne': mask('f32.ne'),
  'f32x4.lt': mask('f32.lt'),
  'f32x4.gt': mask('f32.gt'),
  'f32x4.le': mask('f32.le'),
  'f32x4.ge': mask('f32.ge'),
  'f64x2.eq': mask('f64.eq'),
  'f64x2.ne': mask('f64.ne'),
  'f64x2.lt': mask('f64.lt'),
  'f64x2.gt': mask('f64.gt'),
  'f64x2.le': mask('f64.le'),
  'f64x2.ge': mask('f64.ge'),
  // Integers
  'i8x16.abs': i('V.abs8(A)'),
  'i8x16.neg': i('V.sub8(0,A)'),
  'i8x16.popcnt': i('V.popcnt8(A)'),
  'i8x16.all_true': allTrue('V.eq8(P,0)===0'),
  'i8x16.bitmask': test('V.bits8(P0)|V.bits8(P1)<<4|V.bits8(P2)<<8|V.bits8(P3)<<12'),
  'i8x16.narrow_i16x8_s': narrow('narrow16S', -8323200, joined16),
  'i8x16.narrow_i16x8_u': narrow('narrow16U', -16711936, joined16),
  'i8x16.shl': shift(7, 'V.shl8(A,K)'),
  'i8x16.shr_s': shift(7, 'V.shr8S(A,K)'),
  'i8x16.shr_u': shift(7, 'V.shr8U(A,K)'),
  'i8x16.add': i('V.add8(A,B)'),
  'i8x16.add_sat_s': i('V.addSat8S(A,B)'),
  'i8x16.add_sat_u': i('V.addSat8U(A,B)'),
  'i8x16.sub': i('V.sub8(A,B)'),
  'i8x16.sub_sat_s': i('V.subSat8S(A,B)'),
  'i8x16.sub_sat_u': i('V.subSat8U(A,B)'),
  'i8x16.min_s': i('V.choose(A,B,V.lt8S(A,B))'),
  'i8x16.max_s': i('V.choose(B,A,V.lt8S(A,B))'),
  'i8x16.min_u': i('V.choose(A,B,V.lt8U(A,B))'),
  'i8x16.max_u': i('V.choose(B,A,V.lt8U(A,B))'),
  'i8x16.avgr_u': i('V.avgr8U(A,B)'),
  'i16x8.abs': i('V.abs16(A)'),
  'i16x8.neg': i('V.sub16(0,A)'),
  'i16x8.all_true': allTrue('V.eq16(P,0)===0'),
  'i16x8.bitmask': test('V.bits16(P0)|V.bits16(P1)<<2|V.bits16(P2)<<4|V.bits16(P3)<<6'),
  'i16x8.narrow_i32x4_s': narrow('narrow32S', -32768, joined32),
  'i16x8.narrow_i32x4_u': narrow('narrow32U', -65536, joined32),
  'i16x8.shl': shift(15, 'V.shl16(A,K)'),
  'i16x8.shr_s': shift(15, 'V.shr16S(A,K)'),
  'i16x8.shr_u': shift(15, 'V.shr16U(A,K)'),
  'i16x8.add': i('V.add16(A,B)'),
  'i16x8.add_sat_s': i('V.addSat16S(A,B)'),
  'i16x8.add_sat_u': i('V.addSat16U(A,B)'),
  'i16x8.sub': i('V.sub16(A,B)'),
  'i16x8.sub_sat_s': i('V.subSat16S(A,B)'),
  'i16x8.sub_sat_u': i('V.subSat16U(A,B)'),
  'i16x8.mul': i('V.mul16(A,B)'),
  'i16x8.q15mulr_sat_s': i('V.q15mulrSat16S(A,B)'),
  'i16x8.relaxed_q15mulr_s': i('V.q15mulrSat16S(A,B)'),
  'i16x8.min_s': i('V.choose(A,B,V.lt16S(A,B))'),
  'i16x8.max_s': i('V.choose(B,A,V.lt16S(A,B))'),
  'i16x8.min_u': i('V.choose(A,B,V.lt16U(A,B))'),
  'i16x8.max_u': i('V.choose(B,A,V.lt16U(A,B))'),
  'i16x8.avgr_u': i('V.avgr16U(A,B)'),
  'i16x8.extadd_pairwise_i8x16_s': i('V.pair8S(A)'),
  'i16x8.extadd_pairwise_i8x16_u': i('V.pair8U(A)'),
  'i32x4.extadd_pairwise_i16x8_s': i('V.pair16S(A)'),
  'i32x4.extadd_pairwise_i16x8_u': i('V.pair16U(A)'),
  'i16x8.relaxed_dot_i8x16_i7x16_s': i('V.dot8S(A,B)'),
  'i32x4.relaxed_dot_i8x16_i7x16_add_s': i('V.pair16S(V.dot8S(A,B))+C|0'),
  'i32x4.abs': i('(A^A>>31)-(A>>31)|0'),
  'i32x4.neg': i('-A|0'),
  'i32x4.all_true': allTrue('P!==0'),
  'i32x4.bitmask': test('P0>>>31|(P1>>>31)<<1|(P2>>>31)<<2|(P3>>>31)<<3'),
  'i32x4.shl': shift(31, 'A<<K'),
  'i32x4.shr_s': shift(31, 'A>>K'),
  'i32x4.shr_u': shift(31, 'A>>>K|0'),
  'i32x4.add': each('i32.add'),
  'i32x4.sub': each('i32.sub'),
  'i32x4.mul': each('i32.mul'),
  'i32x4.min_s': i('A<B?A:B'),
  'i32x4.min_u': i('A>>>0<B>>>0?A:B'),
  'i32x4.max_s': i('A>B?A:B'),
  'i32x4.max_u': i('A>>>0>B>>>0?A:B'),
  'i32x4.dot_i16x8_s': i('V.dot16S(A,B)'),
  'i64x2.abs': I('AH<0?-AL|0:AL;AH<0?~AH+(AL===0?1:0)|0:AH'),
  'i64x2.neg': I('-AL|0;~AH+(AL===0?1:0)|0'),
  'i64x2.all_true': test('(P0|P1)!==0&&(P2|P3)!==0?1:0'),
  'i64x2.bitmask': test('P1>>>31|(P3>>>31)<<1'),
  'i64x2.shl': { ...I('N.i64Shl(AL,AH,K);W.hi'), amount: 63 },
  'i64x2.shr_s': { ...I('N.i64ShrS(AL,AH,K);W.hi'), amount: 63 },
  'i64x2.shr_u': { ...I('N.i64ShrU(AL,AH,K);W.hi'), amount: 63 },
  'i64x2.add': each('i64.add'),
  'i64x2.sub': each('i64.sub'),
  'i64x2.mul': each('i64.mul'),
  'i8x16.relaxed_laneselect': i('A&C|B&~C'),
  'i16x8.relaxed_laneselect': i('A&C|B&~C'),
  'i32x4.relaxed_laneselect': i('A&C|B&~C'),
  'i64x2.relaxed_laneselect': i('A&C|B&~C'),
  // Floats
  'f32x4.abs': i('A&2147483647'),
  'f32x4.neg': i('A^-2147483648'),
  'f64x2.abs': I('AL;AH&2147483647'),
  'f64x2.neg': I('AL;AH^-2147483648'),
  'f32x4.ceil': each('f32.ceil'),
  'f32x4.floor': each('f32.floor'),
  'f32x4.trunc': each('f32.trunc'),
  'f32x4.nearest': each('f32.nearest'),
  'f32x4.sqrt': f('Math.sqrt(A)'),
  'f32x4.add': f('A+B'),
  'f32x4.sub': f('A-B'),
  'f32x4.mul': f('A*B'),
  'f32x4.div': f('A/B'),
  'f32x4.min': each('f32.min'),
  'f32x4.max': each('f32.max'),
  'f32x4.relaxed_min': each('f32.min'),
  'f32x4.relaxed_max': each('f32.max'),
  'f64x2.ceil': each('f64.ceil'),
  'f64x2.floor': each('f64.floor'),
  'f64x2.trunc': each('f64.trunc'),
  'f64x2.nearest': each('f64.nearest'),
  'f64x2.sqrt': each('f64.sqrt'),
  'f64x2.add': each('f64.add'),
  'f64x2.sub': each('f64.sub'),
  'f64x2.mul': each('f64.mul'),
  'f64x2.div': each('f64.div'),
  'f64x2.min': each('f64.min'),
  'f64x2.max': each('f64.max'),
  'f64x2.relaxed_min': each('f64.min'),
  'f64x2.relaxed_max': each('f64.max'),
  'f32x4.pmin': lanes('f', 'i', 'B<A?BI:AI'),
  'f32x4.pmax': lanes('f', 'i', 'A<B?BI:AI'),
  'f64x2.pmin': lanes('F', 'I', 'B<A?BL:AL;B<A?BH:AH'),
  'f64x2.pmax': lanes('F', 'I', 'A<B?BL:AL;A<B?BH:AH'),
  'f32x4.relaxed_madd': f('Math.fround(A*B)+C'),
  'f32x4.relaxed_nmadd': f('C-Math.fround(A*B)'),
  'f64x2.relaxed_madd': F('A*B+C'),
  'f64x2.relaxed_nmadd': F('C-A*B'),
  // Conversions
  'f32x4.convert_i32x4_s': each('f32.convert_i32_s'),
  'f32x4.convert_i32x4_u': each('f32.convert_i32_u'),
  'i32x4.trunc_sat_f32x4_s': each('i32.trunc_sat_f32_s'),
  'i32x4.trunc_sat_f64x2_s_zero': words('N.i32SatS(D0)', 'N.i32SatS(D1)', '0', '0'),
  'i32x4.trunc_sat_f32x4_u': each('i32.trunc_sat_f32_u'),
  'i32x4.trunc_sat_f64x2_u_zero': words('N.i32SatU(D0)', 'N.i32SatU(D1)', '0', '0'),
  'i32x4.relaxed_trunc_f32x4_s': each('i32.trunc_sat_f32_s'),
  'i32x4.relaxed_trunc_f64x2_s_zero': words('N.i32SatS(D0)', 'N.i32SatS(D1)', '0', '0'),
  'i32x4.relaxed_trunc_f32x4_u': each('i32.trunc_sat_f32_u'),
  'i32x4.relaxed_trunc_f64x2_u_zero': words('N.i32SatU(D0)', 'N.i32SatU(D1)', '0', '0'),
  'f64x2.convert_low_i32x4_s': statements('const x=P0,y=P1;F[r>>1]=x;F[(r>>1)+1]=y;'),
  'f64x2.convert_low_i32x4_u': statements('const x=P0>>>0,y=P1>>>0;F[r>>1]=x;F[(r>>1)+1]=y;'),
  'f64x2.promote_low_f32x4': statements('const x=S[p],y=S[p+1];F[r>>1]=x===x?x:NaN;F[(r>>1)+1]=y===y?y:NaN;'),
  'f32x4.demote_f64x2_zero': statements(
    'const x=D0,y=D1;S[r]=x===x?x:NaN;S[r+1]=y===y?y:NaN;I[r+2]=0;I[r+3]=0;',
  ),
  // Loads and stores
  'v128.load': load(
    16,
    `if(v&3)V.load128(m,v,I,r);else{const w=m.i32,j=v>>>2;${put('w[j]', 'w[j+1]', 'w[j+2]', 'w[j+3]')}}`,
  ),
  'v128.load8x8_s': load(8, LOW_AND_HIGH + widened(WIDEN8S)),
  'v128.load8x8_u': load(8, LOW_AND_HIGH + widened(WIDEN8U)),
  'v128.load16x4_s': load(8, LOW_AND_HIGH + widened(WIDEN16S)),
  'v128.load16x4_u': load(8, LOW_AND_HIGH + widened(WIDEN16U)),
  'v128.load32x2_s': load(8, LOW_AND_HIGH + widened(WIDEN32S)),
  'v128.load32x2_u': load(8, LOW_AND_HIGH + widened(WIDEN32U)),
  'v128.load8_splat': load(1, `const y=m.u8[v>>>0]*16843009|0;${put('y', 'y', 'y', 'y')}`),
  'v128.load16_splat': load(2, `const y=m.load16(v)*65537|0;${put('y', 'y', 'y', 'y')}`),
  'v128.load32_splat': load(4, `const y=${WORD};${put('y', 'y', 'y', 'y')}`),
  'v128.load64_splat': load(8, LOW_AND_HIGH + put('y', 'z', 'y', 'z')),
  'v128.load32_zero': load(4, put(WORD, '0', '0', '0')),
  'v128.load64_zero': load(8, LOW_AND_HIGH + put('y', 'z', '0', '0')),
  'v128.load8_lane': load(1, `const w=m.u8[v>>>0];${putNarrow('w', 2, 255)}`),
  'v128.load16_lane': load(2, `const w=m.load16(v);${putNarrow('w', 1, 65535)}`),
  'v128.load32_lane': load(4, `const y=${WORD};${COPY}I[r+k]=y;`),
  'v128.load64_lane': load(8, `${LOW_AND_HIGH};${COPY}I[r+2*k]=y;I[r+2*k+1]=z;`),
  'v128.store': store(
    16,
    'if(v&3)V.store128(m,v,I,p);else{const w=m.i32,j=v>>>2;w[j]=P0;w[j+1]=P1;w[j+2]=P2;w[j+3]=P3}',
  ),
  'v128.store8_lane': store(1, 'm.u8[v>>>0]=I[p+(k>>2)]>>(k&3)*8;'),
  'v128.store16_lane': store(2, 'm.store16(v,I[p+(k>>1)]>>(k&1)*16);'),
  'v128.store32_lane': store(4, 'if(v&3)m.store32(v,I[p+k]);else m.i32[v>>>2]=I[p+k];'),
  'v128.store64_lane': store(
    8,
    'if(v&3){m.store32(v,I[p+2*k]);m.store32(v+4,I[p+2*k+1])}else{m.i32[v>>>2]=I[p+2*k];m.i32[(v>>>2)+1]=I[p+2*k+1]}',
  ),
};
