import { afterEach, expect, it } from 'vitest';
import wabt from 'wabt';
import { Module } from '../decoder';
import { createFactories as createFull } from '../factories';
import { createFactories as createCompact } from './factories.generated.js';
import { type FactoryMaker, type Func, instantiate, Store, useFactories } from './index';

const { parseWat } = await wabt();

/** Operands in slots, as constants and nested; constant shifts; loads, stores, branches and globals. */
const PROGRAM = `(module
  (memory 1)
  (global $g (mut f64) (f64.const 0.5))
  (func (export "run") (param $n i32) (param $x i64) (result i64) (local $p i32)
    (loop $l
      (local.set $p (i32.and (i32.add (i32.mul (local.get $n) (i32.const 12)) (local.get $p)) (i32.const 0x7ffc)))
      (i64.store (local.get $p) (i64.rotl (local.get $x) (i64.const 13)))
      (i32.store8 offset=3 (local.get $p) (i32.const 7))
      (f64.store offset=64 (i32.const 0) (f64.mul (global.get $g) (f64.convert_i32_s (local.get $n))))
      (global.set $g (f64.add (f64.load offset=64 (i32.const 0)) (f64.const 0.25)))
      (local.set $x (i64.add (i64.xor (local.get $x) (i64.load (local.get $p))) (i64.shr_u (local.get $x) (i64.const 40))))
      (if (i64.lt_s (local.get $x) (i64.const 0)) (then (local.set $x (i64.sub (i64.const 0) (local.get $x)))))
      (br_if $l (i32.ne (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (i64.xor (local.get $x) (i64.reinterpret_f64 (global.get $g)))))`;

/** The program's result with factories of one set, and how many closures it took. */
function runWith(maker: FactoryMaker): { result: unknown; closures: number } {
  let closures = 0;
  useFactories((environment) => {
    const counted = Object.entries(maker(environment)).map(([name, factory]) => [
      name,
      (...operands: unknown[]) => {
        closures++;
        return factory(...operands);
      },
    ]);
    return Object.fromEntries(counted);
  });
  const { buffer } = parseWat('test.wat', PROGRAM).toBinary({});
  const instance = instantiate(new Store(), Module.decode(new Uint8Array(buffer)), []);
  const result = (instance.exports.get('run') as Func).call(1000, 0x123456789abcdefn);
  return { result, closures };
}

afterEach(() => useFactories(createCompact));

it('computes the same with the compact set and with the full one, which makes fewer closures', () => {
  const compact = runWith(createCompact);
  const full = runWith(createFull);
  expect(full.result).toBe(compact.result);
  expect(full.closures).toBeLessThan(compact.closures);
});
