/** Arithmetic on floats of every kind of operands: in places, in memory (where a view has it and where not), and the same in all lanes. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { Module } from '../decoder';
import { lower, printLowered } from '../lowering';
import { type Func, instantiate, type Memory } from '../runtime';
import { Store } from '.';

type Shape = 'f32x4' | 'f64x2';
const LANES = { f32x4: 4, f64x2: 2 } as const;
const OPS: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};
/** Eight numbers at 16, and the same at 101, which no view has. */
const NUMBERS = [1.5, -3, 0, Number.NaN, 7.25, -0, 1e30, 2];
const [ALIGNED, UNALIGNED] = [16, 101];

interface Operand {
  readonly text: string;
  readonly lane: (k: number) => number;
}
function operandsOf(shape: Shape): readonly Operand[] {
  const size = 16 / LANES[shape];
  const memory = (at: number, first: number): Operand => ({
    text: `(v128.load offset=${size * first} (i32.add (local.get $p) (i32.const ${at})))`,
    lane: (k) => NUMBERS[first + k],
  });
  const all = (text: string, lane: Operand['lane']): Operand => ({
    text: `(v128.const ${shape} ${text})`,
    lane,
  });
  const repeated = (text: string) => Array(LANES[shape]).fill(text).join(' ');
  return [
    { text: '(local.get $v)', lane: (k) => NUMBERS[k] },
    { text: `(${shape}.neg (local.get $v))`, lane: (k) => -NUMBERS[k] },
    memory(ALIGNED, 2),
    memory(UNALIGNED, 4),
    all(repeated('0.5'), () => 0.5),
    all(repeated('-0'), () => -0),
    all(repeated('nan'), () => Number.NaN),
    all(['1', '2', '3', '4'].slice(0, LANES[shape]).join(' '), (k) => k + 1),
    { text: `(local.tee $c (v128.const ${shape} ${repeated('3')}))`, lane: () => 3 },
  ];
}

it('computes the same whatever its operands are', async () => {
  for (const shape of ['f32x4', 'f64x2'] as const) {
    const cases = Object.entries(OPS).flatMap(([name, compute]) =>
      operandsOf(shape).flatMap((a) => operandsOf(shape).map((b) => ({ name, compute, a, b }))),
    );
    const functions = cases.map(
      ({ name, a, b }, n) => `(func (export "${n}") (param $p i32) (local $v v128) (local $c v128)
        (local.set $v (v128.load (i32.const ${ALIGNED})))
        (v128.store (i32.const 0) (${shape}.${name} ${a.text} ${b.text})))`,
    );
    const text = `(module (memory (export "memory") 1) ${functions.join('\n')})`;
    const { exports } = instantiate(new Store(), Module.decode(await parse(text)), []);
    const { buffer, byteOffset } = (exports.get('memory') as Memory).views.u8;
    const view = new DataView(buffer, byteOffset);
    const isWide = shape === 'f64x2';
    for (const at of [ALIGNED, UNALIGNED]) {
      for (const [k, number] of NUMBERS.entries()) {
        if (isWide) view.setFloat64(at + 8 * k, number, true);
        else view.setFloat32(at + 4 * k, number, true);
      }
    }
    for (const [n, { name, compute, a, b }] of cases.entries()) {
      (exports.get(String(n)) as Func).call(0);
      for (let k = 0; k < LANES[shape]; k++) {
        const round = isWide ? (x: number) => x : Math.fround;
        const expected = round(compute(round(a.lane(k)), round(b.lane(k))));
        const found = isWide ? view.getFloat64(8 * k, true) : view.getFloat32(4 * k, true);
        expect(found, `${name} ${a.text} ${b.text} ${k}`).toBe(expected);
        // The canonical NaN, whatever it was made of.
        if (Number.isNaN(found))
          expect(view.getUint16(isWide ? 8 * k + 6 : 4 * k + 2, true)).toBe(isWide ? 0x7ff8 : 0x7fc0);
      }
    }
  }
});

it('looks for NaNs at the end of a chain of arithmetic alone', async () => {
  for (const [shape, canonical] of [
    ['f32x4', 0x7fc0],
    ['f64x2', 0x7ff8],
  ] as const) {
    const chain = `(${shape}.add (local.get $v)
      (${shape}.sub (${shape}.mul (v128.load (local.get $p)) (local.get $w))
        (${shape}.mul (local.get $v) (v128.const ${shape} ${Array(LANES[shape]).fill('2').join(' ')}))))`;
    const text = `(module (memory (export "memory") 1) (func (export "run") (param $p i32) (local $v v128) (local $w v128)
      (local.set $v (v128.load (i32.const 16))) (local.set $w (v128.load (i32.const 32)))
      (v128.store (i32.const 0) ${chain}) (v128.store (i32.const 48) (local.tee $w (${shape}.mul (local.get $w) (local.get $v))))
      (v128.store (i32.const 64) (${shape}.add (local.get $w) (local.get $v)))))`;
    const module = Module.decode(await parse(text));
    // Products and the difference are read by arithmetic; a local has what anybody may read.
    expect([...printLowered(module, lower(module, 0))].join().match(/raw [\w.]+/g)).toEqual(
      ['mul', 'mul', 'sub'].map((name) => `raw ${shape}.${name}`),
    );
    const { exports } = instantiate(new Store(), module, []);
    const { buffer, byteOffset } = (exports.get('memory') as Memory).views.u8;
    const view = new DataView(buffer, byteOffset);
    // Negative NaNs with a payload, in the second vector.
    for (let k = 0; k < 16; k++) view.setUint8(32 + k, 0xff);
    for (let k = 0; k < 16; k += 4) view.setFloat32(16 + k, 1.5, true);
    (exports.get('run') as Func).call(16);
    const size = 16 / LANES[shape];
    for (const result of [0, 48, 64]) {
      for (let k = size; k <= 16; k += size) expect(view.getUint16(result + k - 2, true)).toBe(canonical);
    }
  }
});
