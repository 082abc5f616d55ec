/** Vectors in generated code: literals, immediates, NaN made canonical lane by lane, relaxed instructions in ordinary ones. */
import { fixed, type TypeName, u32 } from '../binary';
import { type Node, type Piece, plain } from './ir';
import type { Lanes, Operator } from './operators';
import { interestingBits, type Random } from './random';

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const simd = (opcode: number): number[] => [0xfd, ...u32(opcode)];

export function v128Const(bits: bigint): number[] {
  return [...simd(0x0c), ...fixed(bits, 16)];
}

export function immediatesOf(random: Random, { immediates, lanes }: Operator): number[] {
  if (immediates === 'none') return [];
  if (immediates === 'lane') return [random.below(lanes)];
  return shuffleLanes(random);
}

/** Often lanes that stay together, as compilers make them. */
function shuffleLanes(random: Random): number[] {
  const width = random.pick([1, 1, 2, 4, 8]);
  const lanes = Array.from({ length: 16 / width }, () => random.below(32 / width));
  return lanes.flatMap((lane) => Array.from({ length: width }, (_, k) => lane * width + k));
}

/** Any NaN of these lanes becomes the positive canonical one. `scratch` is a local of its own. */
export function canonicalVector(lanes: Lanes, scratch: number, node: Node): Node {
  const get = [LOCAL_GET, ...u32(scratch)];
  const f32 = lanes === 'f32x4';
  const nan = f32 ? 0x7fc000007fc000007fc000007fc00000n : 0x7ff80000000000007ff8000000000000n;
  const equal = simd(f32 ? 0x41 : 0x47);
  const code = [
    LOCAL_SET,
    ...u32(scratch),
    ...get,
    ...v128Const(nan),
    ...get,
    ...get,
    ...equal,
    ...simd(0x52),
  ];
  return plain(code, ['v128'], [node]);
}

const EVEN = Array.from({ length: 8 }, (_, k) => [4 * k, 4 * k + 1]).flat();
const ODD = EVEN.map((lane) => lane + 2);

/** i16x8.relaxed_dot_i8x16_i7x16_s of the two topmost operands: products of bytes, added in pairs. */
function dot(a: number, b: number): number[] {
  const products = (opcode: number): number[] => [
    LOCAL_GET,
    ...u32(a),
    LOCAL_GET,
    ...u32(b),
    ...simd(opcode),
  ];
  return [
    ...[LOCAL_SET, ...u32(b), LOCAL_SET, ...u32(a)],
    ...[...products(0x9c), ...products(0x9d), LOCAL_SET, ...u32(b), LOCAL_SET, ...u32(a)],
    ...[LOCAL_GET, ...u32(a), LOCAL_GET, ...u32(b), ...simd(0x0d), ...EVEN],
    ...[LOCAL_GET, ...u32(a), LOCAL_GET, ...u32(b), ...simd(0x0d), ...ODD],
    ...simd(0x8e),
  ];
}

/** Locals that nothing else uses. */
export type Scratch = readonly [number, number, number];

/** What each relaxed instruction does, of the results that the specification allows: see src/interpreter/templates/vectors.ts. */
function ordinary(name: string, [a, b, sum]: Scratch): number[] {
  const [set, get] = [
    [LOCAL_SET, ...u32(a)],
    [LOCAL_GET, ...u32(a)],
  ];
  const same: Record<string, number> = {
    'i8x16.relaxed_swizzle': 0x0e,
    'i32x4.relaxed_trunc_f32x4_s': 0xf8,
    'i32x4.relaxed_trunc_f32x4_u': 0xf9,
    'i32x4.relaxed_trunc_f64x2_s_zero': 0xfc,
    'i32x4.relaxed_trunc_f64x2_u_zero': 0xfd,
    'i8x16.relaxed_laneselect': 0x52,
    'i16x8.relaxed_laneselect': 0x52,
    'i32x4.relaxed_laneselect': 0x52,
    'i64x2.relaxed_laneselect': 0x52,
    'f32x4.relaxed_min': 0xe8,
    'f32x4.relaxed_max': 0xe9,
    'f64x2.relaxed_min': 0xf4,
    'f64x2.relaxed_max': 0xf5,
    'i16x8.relaxed_q15mulr_s': 0x82,
  };
  const several: Record<string, () => number[]> = {
    'f32x4.relaxed_madd': () => [...set, ...simd(0xe6), ...get, ...simd(0xe4)],
    'f32x4.relaxed_nmadd': () => [...set, ...simd(0xe6), ...simd(0xe1), ...get, ...simd(0xe4)],
    'f64x2.relaxed_madd': () => [...set, ...simd(0xf2), ...get, ...simd(0xf0)],
    'f64x2.relaxed_nmadd': () => [...set, ...simd(0xf2), ...simd(0xed), ...get, ...simd(0xf0)],
    'i16x8.relaxed_dot_i8x16_i7x16_s': () => dot(a, b),
    'i32x4.relaxed_dot_i8x16_i7x16_add_s': () => [
      ...[LOCAL_SET, ...u32(sum), ...dot(a, b), ...simd(0x7e)],
      ...[LOCAL_GET, ...u32(sum), ...simd(0xae)],
    ],
  };
  if (name in same) return simd(same[name]);
  if (name in several) return several[name]();
  throw new Error(`expected what ${name} does in ordinary instructions`);
}

/** The operator's code, which the variant may say in other words. */
export function operatorCode(operator: Operator, scratch: () => Scratch): readonly Piece[] {
  const { code, name, relaxed } = operator;
  if (!relaxed) return code;
  const words = ordinary(name, scratch());
  return [(variant) => (variant.relaxed ? code : words)];
}

/** Bits of a number or vector. */
export function anyBits(random: Random, type: TypeName): bigint {
  return type === 'v128' ? interestingVector(random) : interestingBits(random, type);
}

type Fill = 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64';
const WIDTH: Record<Fill, number> = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 };
const EDGES = [0x00n, 0x01n, 0x7fn, 0x80n, 0xffn];

/** Sixteen bytes with lanes of some kind: all the same, each another, or edges of bytes and words. */
function interestingVector(random: Random): bigint {
  const fill = random.pick(['i8', 'i16', 'i32', 'i64', 'f32', 'f64'] as const);
  const width = WIDTH[fill];
  const lane = (): bigint => {
    if (fill === 'i8') return random.chance(60) ? random.pick(EDGES) : BigInt(random.below(256));
    if (fill !== 'i16') return interestingBits(random, fill);
    const [low, high] = [random.pick(EDGES), random.pick(EDGES)];
    return random.chance(60) ? low | (high << 8n) : BigInt(random.below(65_536));
  };
  const first = lane();
  const splat = random.chance(25);
  let bits = 0n;
  for (let at = 0; at < 128; at += width) bits |= (splat ? first : lane()) << BigInt(at);
  return bits;
}
