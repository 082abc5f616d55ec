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
