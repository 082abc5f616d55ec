/** What is this interpreter's choice among the results that the specification allows. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { Module } from '../decoder';
import { type Func, instantiate } from '../runtime';
import { Store } from '.';

/** Every lane-wise instruction that makes a NaN of an operand's. */
const BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max'];
const UNARY = ['sqrt', 'ceil', 'floor', 'trunc', 'nearest'];
const SHAPES = [
  ['f32x4', 4, '-nan:0x200001', 0x7fc0_0000n],
  ['f64x2', 2, '-nan:0x4000000000001', 0x7ff8_0000_0000_0000n],
] as const;

it('makes the canonical NaN in every lane that arithmetic makes, and says so in bits', async () => {
  for (const [shape, lanes, payload, canonical] of SHAPES) {
    const integers = shape === 'f32x4' ? 'i32x4' : 'i64x2';
    const vector = `(v128.const ${shape} ${Array(lanes).fill(payload).join(' ')})`;
    const one = `(v128.const ${shape} ${Array(lanes).fill('1').join(' ')})`;
    const made = [
      ...BINARY.flatMap((name) => [
        `(${shape}.${name} ${vector} ${one})`,
        `(${shape}.${name} ${one} ${vector})`,
      ]),
      ...UNARY.map((name) => `(${shape}.${name} ${vector})`),
    ];
    const text = made.map((expr, n) => {
      const lanesOf = Array.from(
        { length: lanes },
        (_, lane) => `(${integers}.extract_lane ${lane} (local.get $v))`,
      );
      const types = lanesOf.map(() => integers.slice(0, 3)).join(' ');
      return `(func (export "${n}") (result ${types}) (local $v v128) (local.set $v ${expr}) ${lanesOf.join(' ')})`;
    });
    const module = Module.decode(await parse(`(module ${text.join('\n')})`));
    const { exports } = instantiate(new Store(), module, []);
    for (const [n, expr] of made.entries()) {
      const results = (exports.get(String(n)) as Func).call() as (number | bigint)[];
      expect(
        results.map((value) => BigInt(value)),
        expr,
      ).toEqual(Array(lanes).fill(canonical));
    }
  }
});

/** How a function ends with the vector. */
const ENDS: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => `(return ${value})`,
  (value) => `(br 0 ${value})`,
  (value) => `(drop (br_if 0 ${value} (i32.const 1))) (v128.const i32x4 9 9 9 9)`,
  (value) => `(br_table 0 0 ${value} (i32.const 1))`,
  (value) => `(block (result v128) (br 1 ${value}))`,
];
/** What its last lanes are put into: bytes, and the expression of them. */
const BASES: readonly (readonly [text: string, byte: number])[] = [
  ['(v128.const i64x2 0 0)', 0],
  ['(v128.const i64x2 0x0707070707070707 0x0707070707070707)', 7],
  ['(i8x16.splat (i32.const 5))', 5],
  ['(i8x16.splat (local.get $c))', 3],
  ['(local.get $v)', 8],
];
/** What is done with it: with instructions whose trees are computed word by word. */
const USES: readonly (readonly [(value: string) => string, (byte: number) => number])[] = [
  [(value) => value, (byte) => byte],
  [(value) => `(i8x16.add (v128.const i64x2 0 0) ${value})`, (byte) => byte],
  [(value) => `(v128.not ${value})`, (byte) => ~byte],
  [
    (value) => `(i8x16.lt_u (v128.const i64x2 0 0) (i8x16.add ${value} (v128.const i64x2 0 0)))`,
    (byte) => (byte === 0 ? 0 : -1),
  ],
];
/** `$a` and `$b` are the lanes, and stand in slots that the result takes. */
const PARAMS = '(param $a i32) (param $b i32) (param $c i32) (param $v v128)';
const WIDTHS = { i8x16: 1, i16x8: 2, i32x4: 4 } as const;

it('returns vectors that are built of parameters in whose place they are returned', async () => {
  const cases: { readonly text: string; readonly expected: bigint[] }[] = [];
  for (const [shape, size] of Object.entries(WIDTHS)) {
    const last = 16 / size - 1;
    for (const [first, second] of [
      [0, last],
      [1, last - 1],
      [last - 1, last],
      [Math.min(4, last - 1), last],
    ]) {
      for (const [base, byte] of BASES) {
        for (const [used, bytes] of USES) {
          const inner = `(${shape}.replace_lane ${first} ${base} (local.get $b))`;
          const value = used(`(${shape}.replace_lane ${second} ${inner} (local.get $a))`);
          const view = new DataView(new ArrayBuffer(16));
          for (let k = 0; k < 16; k++) view.setUint8(k, byte);
          for (const [lane, number] of [
            [first, 0x21],
            [second, 0x43],
          ]) {
            for (let k = 0; k < size; k++) view.setUint8(lane * size + k, k === 0 ? number : 0);
          }
          for (let k = 0; k < 16; k++) view.setUint8(k, bytes(view.getUint8(k)));
          const expected = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
          cases.push({ text: ENDS[cases.length % ENDS.length](value), expected });
        }
      }
    }
  }
  const call =
    '(i32.const 0x43) (i32.const 0x21) (i32.const 3) (v128.const i64x2 0x0808080808080808 0x0808080808080808)';
  const halves = '(i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v))';
  const text = cases.map(
    (one, n) => `(func $f${n} ${PARAMS} (result v128) ${one.text})
      (func (export "${n}") (result i64 i64) (local $v v128) (local.set $v (call $f${n} ${call})) ${halves})`,
  );
  const { exports } = instantiate(new Store(), Module.decode(await parse(`(module ${text.join('\n')})`)), []);
  for (const [n, one] of cases.entries()) {
    expect((exports.get(String(n)) as Func).call(), one.text).toEqual(one.expected);
  }
});
