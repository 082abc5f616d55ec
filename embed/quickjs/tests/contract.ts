/**
 * Small programs that every engine must run alike: numbers to the last bit, traps, deep and long code, calls of the host. Each is a text
 * and calls of its exports; what is expected is what Node answers, fuel included.
 */
import type { CallsRequest, WireValue } from './wire';

export interface Contract {
  readonly name: string;
  readonly text: string;
  readonly calls: CallsRequest['calls'];
}

const i32 = (value: number): WireValue => ['i32', value | 0, 0];
const i64 = (lo: number, hi: number): WireValue => ['i64', lo | 0, hi | 0];
const f32 = (bits: number): WireValue => ['f32', bits | 0, 0];
const f64 = (lo: number, hi: number): WireValue => ['f64', lo | 0, hi | 0];

const I32S = [0, 1, -1, 2, 7, -8, 31, 32, 33, 0x7fffffff, -0x80000000, 0x12345678, -0x12345679].map(i32);
const I64S = [
  [0, 0],
  [1, 0],
  [-1, -1],
  [3, 0],
  [63, 0],
  [64, 0],
  [0, 1],
  [-1, 0],
  [0, -0x80000000],
  [-1, 0x7fffffff],
  [0x89abcdef, 0x01234567],
  [0x76543210, 0xfedcba98],
].map(([lo, hi]) => i64(lo, hi));
/** Zeros, ones, fractions, the edges of integers, subnormals, infinities, NaNs with and without payload, quiet and signalling. */
const F32S = [
  ...[0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x40490fdb, 0x4f000000, 0xcf000000, 0x5f000000],
  ...[0xdf000000, 0x4effffff, 1, 0x807fffff, 0x7f7fffff, 0x7f800000, 0xff800000],
  ...[0x7fc00000, 0xffc00000, 0x7fc12345, 0x7fa00001, 0xffa0beef],
].map(f32);
const F64S = [
  [0, 0],
  [0, 0x80000000],
  [0, 0x3ff00000],
  [0, 0xbff00000],
  [0, 0x3fe00000],
  [0x54442d18, 0x400921fb],
  [0xffc00000, 0x41dfffff],
  [0, 0xc1e00000],
  [0, 0x43e00000],
  [0xffffffff, 0x43dfffff],
  [0, 0xc3e00000],
  [1, 0],
  [0xffffffff, 0x800fffff],
  [0xffffffff, 0x7fefffff],
  [0, 0x7ff00000],
  [0, 0xfff00000],
  [0, 0x7ff80000],
  [0, 0xfff80000],
  [0xdeadbeef, 0x7ff81234],
  [1, 0x7ff40000],
  [0xbeef, 0xfff40000],
].map(([lo, hi]) => f64(lo, hi));
const SAMPLES: Readonly<Record<string, readonly WireValue[]>> = {
  i32: I32S,
  i64: I64S,
  f32: F32S,
  f64: F64S,
};

/** `op` and its signature, and a call for every combination of samples. NaNs that arithmetic makes are the canonical one everywhere. */
const INTEGER_BINARY = [
  ...[
    'add',
    'sub',
    'mul',
    'div_s',
    'div_u',
    'rem_s',
    'rem_u',
    'and',
    'or',
    'xor',
    'shl',
    'shr_s',
    'shr_u',
    'rotl',
  ],
  'rotr',
];
const INTEGER_TEST = ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'];
const FLOAT_BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'];
const FLOAT_TEST = ['eq', 'ne', 'lt', 'gt', 'le', 'ge'];
const FLOAT_UNARY = ['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt'];
type Signature = readonly [op: string, params: readonly string[], result: string];

const OPERATORS: readonly Signature[] = [
  ...['i32', 'i64'].flatMap((type): Signature[] => [
    ...INTEGER_BINARY.map((op): Signature => [`${type}.${op}`, [type, type], type]),
    ...INTEGER_TEST.map((op): Signature => [`${type}.${op}`, [type, type], 'i32']),
    ...['clz', 'ctz', 'popcnt', 'extend8_s', 'extend16_s'].map(
      (op): Signature => [`${type}.${op}`, [type], type],
    ),
    [`${type}.eqz`, [type], 'i32'],
    ...['f32', 'f64'].flatMap((from): Signature[] =>
      ['trunc', 'trunc_sat'].flatMap((way) =>
        ['s', 'u'].map((sign): Signature => [`${type}.${way}_${from}_${sign}`, [from], type]),
      ),
    ),
  ]),
  ...['f32', 'f64'].flatMap((type): Signature[] => [
    ...FLOAT_BINARY.map((op): Signature => [`${type}.${op}`, [type, type], type]),
    ...FLOAT_TEST.map((op): Signature => [`${type}.${op}`, [type, type], 'i32']),
    ...FLOAT_UNARY.map((op): Signature => [`${type}.${op}`, [type], type]),
    ...['i32', 'i64'].flatMap((from): Signature[] =>
      ['s', 'u'].map((sign): Signature => [`${type}.convert_${from}_${sign}`, [from], type]),
    ),
  ]),
  ['i64.extend_i32_s', ['i32'], 'i64'],
  ['i64.extend_i32_u', ['i32'], 'i64'],
  ['i64.extend32_s', ['i64'], 'i64'],
  ['i32.wrap_i64', ['i64'], 'i32'],
  ['f32.demote_f64', ['f64'], 'f32'],
  ['f64.promote_f32', ['f32'], 'f64'],
  ['i32.reinterpret_f32', ['f32'], 'i32'],
  ['i64.reinterpret_f64', ['f64'], 'i64'],
  ['f32.reinterpret_i32', ['i32'], 'f32'],
  ['f64.reinterpret_i64', ['i64'], 'f64'],
];

function combinations(params: readonly string[]): WireValue[][] {
  const [first, second] = params.map((type) => SAMPLES[type]);
  return second === undefined ? first.map((a) => [a]) : first.flatMap((a) => second.map((b) => [a, b]));
}

const numerics: Contract = {
  name: 'numeric instructions',
  text: `(module ${OPERATORS.map(
    ([op, params, result]) =>
      `(func (export "${op}") (param ${params.join(' ')}) (result ${result})
         (${op} ${params.map((_, k) => `(local.get ${k})`).join(' ')}))`,
  ).join('\n')})`,
  calls: OPERATORS.flatMap(([entry, params]) => combinations(params).map((args) => ({ entry, args }))),
};

/** NaN payloads through everything that only moves bits. */
const moves: Contract = {
  name: 'NaN payloads in locals, memory, globals, calls and select',
  text: `(module
    (memory 1)
    (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))
    (func $f (param f32) (result f32) (local f32)
      (local.set 1 (local.get 0)) (global.set $f (local.get 1))
      (f32.store (i32.const 5) (global.get $f))
      (select (f32.load (i32.const 5)) (f32.const 0) (i32.const 1)))
    (func $d (param f64) (result f64) (local f64)
      (local.set 1 (local.get 0)) (global.set $d (local.get 1))
      (f64.store (i32.const 13) (global.get $d))
      (select (f64.load (i32.const 13)) (f64.const 0) (i32.const 1)))
    (func (export "f32") (param f32) (result f32) (call $f (local.get 0)))
    (func (export "f64") (param f64) (result f64) (call $d (local.get 0)))
    (func (export "both") (param f32 f64) (result f64 f32) (call $d (local.get 1)) (call $f (local.get 0)))
    (func (export "copysign") (param f32 f64) (result f64 f32)
      (f64.copysign (local.get 1) (f64.const -1)) (f32.copysign (local.get 0) (f32.const -1))))`,
  calls: [
    ...F32S.map((value) => ({ entry: 'f32', args: [value] })),
    ...F64S.map((value) => ({ entry: 'f64', args: [value] })),
    ...F32S.map((value, k) => ({ entry: 'both', args: [value, F64S[k]] })),
    ...F32S.map((value, k) => ({ entry: 'copysign', args: [value, F64S[k]] })),
  ],
};

const traps: Contract = {
  name: 'traps, their backtraces and state after them',
  text: `(module
    (import "host" "fail" (func $fail (param i32)))
    (memory 1 2) (table 3 funcref) (elem (i32.const 1) $one) (data $bytes "abcd")
    (type $none (func (result i32)))
    (func $one (param i32) (result i32) (local.get 0))
    (func $inner (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func (export "load") (param i32) (result i32) (call $inner (local.get 0)))
    (func (export "store") (param i32) (i64.store (local.get 0) (i64.const -1)))
    (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "indirect") (param i32) (result i32) (call_indirect (type $none) (local.get 0)))
    (func (export "unreachable") (unreachable))
    (func (export "init") (param i32 i32) (memory.init $bytes (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "drop") (data.drop $bytes))
    (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "fail") (call $fail (i32.const 42))))`,
  calls: [
    ...[65528, 65529, -1, 0].map((at) => ({ entry: 'load', args: [i32(at)] })),
    ...[65528, 65529, 131064].map((at) => ({ entry: 'store', args: [i32(at)] })),
    { entry: 'divide', args: [i32(1), i32(0)] },
    { entry: 'divide', args: [i32(-0x80000000), i32(-1)] },
    ...[0, 1, 3, -1].map((at) => ({ entry: 'indirect', args: [i32(at)] })),
    { entry: 'unreachable', args: [] },
    { entry: 'init', args: [i32(0), i32(4)] },
    { entry: 'init', args: [i32(1), i32(4)] },
    { entry: 'drop', args: [] },
    { entry: 'init', args: [i32(0), i32(1)] },
    { entry: 'fill', args: [i32(65530), i32(7)] },
    { entry: 'grow', args: [i32(1)] },
    { entry: 'grow', args: [i32(1)] },
    { entry: 'fill', args: [i32(65530), i32(7)] },
    { entry: 'load', args: [i32(65528)] },
    { entry: 'fail', args: [] },
    { entry: 'load', args: [i32(0)] },
  ],
};

const DEEP = 100_000;
const recursion: Contract = {
  name: `recursion, ${DEEP} deep and endless`,
  text: `(module
    (func $down (export "down") (param i32) (result i64)
      (if (result i64) (i32.eqz (local.get 0)) (then (i64.const 0))
        (else (i64.add (i64.const 0x100000001) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
    (func $even (export "even") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
        (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
    (func $odd (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
        (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
    (func $endless (export "endless") (param i32) (result i32) (i32.add (i32.const 1) (call $endless (local.get 0)))))`,
  calls: [
    { entry: 'down', args: [i32(DEEP)] },
    { entry: 'endless', args: [i32(0)] },
    { entry: 'down', args: [i32(1000)] },
    { entry: 'even', args: [i32(50_001)] },
  ],
};

const LONG = 1500;
const NESTED = 250;
const repeat = (count: number, text: (k: number) => string) =>
  Array.from({ length: count }, (_, k) => text(k)).join(' ');
/** Nothing of this may be deep on the host's stack. */
const long: Contract = {
  name: 'long straight code, deep expressions, deeply nested blocks and loops',
  text: `(module
    (global $g (mut i32) (i32.const 1))
    (memory 1)
    (func $step (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
    (func $straight (export "straight") (param i32) (result i32)
      ${repeat(
        LONG,
        (
          k,
        ) => `(global.set $g (i32.xor (i32.rotl (global.get $g) (i32.const ${k % 31})) (i32.mul (local.get 0) (i32.const ${k}))))
        (i32.store offset=${4 * k} (i32.const 0) (i32.load offset=${4 * ((7 * k) % LONG)} (i32.const 0)))`,
      )}
      (global.get $g))
    (func (export "calls") (param i32) (result i32)
      ${repeat(LONG, () => '(local.set 0 (call $step (local.get 0)))')} (local.get 0))
    (func (export "deep") (param i32) (result i32)
      ${repeat(LONG, (k) => `local.get 0 i32.const ${k} i32.mul`)} ${repeat(LONG - 1, () => 'i32.add')})
    (func (export "blocks") (param i32) (result i32)
      ${repeat(NESTED, (k) => `(block (br_if 0 (i32.eq (local.get 0) (i32.const ${k})))`)}
      (local.set 0 (i32.add (local.get 0) (i32.const 1000)))
      ${repeat(NESTED, () => '(local.set 0 (i32.add (local.get 0) (i32.const 1))))')}
      (local.get 0))
    (func (export "loops") (param i32) (result i32) (local $n i32)
      ${repeat(NESTED, () => '(loop')}
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      ${repeat(
        NESTED,
        (k) => `(local.set 0 (i32.add (local.get 0) (i32.const 1)))
         (br_if 0 (i32.eq (local.get 0) (i32.const ${NESTED - k}))))`,
      )}
      (i32.add (local.get $n) (local.get 0)))
    (func (export "branches") (param i32) (result i32)
      (block $out
        ${repeat(10 * LONG, (k) => `local.get 0 i32.const ${k + 50} i32.eq br_if $out`)}
        (return (i32.const -1)))
      (local.get 0))
    (func (export "else") (param i32) (result i32)
      ${repeat(NESTED, (k) => `(if (result i32) (i32.eq (local.get 0) (i32.const ${k})) (then (i32.const ${k * k})) (else`)}
      (call $straight (local.get 0)) ${'))'.repeat(NESTED)}))`,
  calls: ['straight', 'calls', 'deep', 'blocks', 'loops', 'branches', 'else'].flatMap((entry) =>
    [1, 100, NESTED + 7].map((value) => ({ entry, args: [i32(value)] })),
  ),
};

const host: Contract = {
  name: 'calls of the host: two words, references, and answers that come later',
  text: `(module
    (import "host" "swap" (func $swap (param i32 i64) (result i64)))
    (import "host" "object" (func $object (param i32) (result externref)))
    (import "host" "name" (func $name (param externref) (result i32)))
    (import "host" "later" (func $later (param i32) (result i32)))
    (table $t 2 externref)
    (func (export "swap") (param i32 i64) (result i64) (call $swap (local.get 0) (local.get 1)))
    (func (export "object") (param i32) (result externref i32)
      (table.set $t (i32.const 1) (call $object (local.get 0)))
      (table.get $t (i32.const 1))
      (call $name (table.get $t (i32.const 1))))
    (func (export "null") (result externref) (table.get $t (i32.const 0)))
    (func (export "later") (param i32) (result i32) (local $k i32)
      (loop $again
        (local.set 0 (i32.add (call $later (local.get 0)) (call $later (local.get $k))))
        (br_if $again (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 5))))
      (local.get 0)))`,
  calls: [
    ...I64S.map((value) => ({ entry: 'swap', args: [i32(5), value] })),
    { entry: 'object', args: [i32(17)] },
    { entry: 'null', args: [] },
    { entry: 'later', args: [i32(9)] },
  ],
};

export const CONTRACTS: readonly Contract[] = [numerics, moves, traps, recursion, long, host];
