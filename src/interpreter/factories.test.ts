import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { createFactories as createFull } from '../factories';
import { type Func, instantiate, type Memory } from '../runtime/index';
import { compile } from '../testing';
import { createFactories as createCompact } from './factories.generated.js';
import { type FactoryMaker, Store, useFactories } from './index';

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
    const counted = Object.entries(maker(environment)!).map(([name, factory]) => [
      name,
      (...operands: unknown[]) => {
        closures++;
        return factory(...operands);
      },
    ]);
    return Object.fromEntries(counted);
  });
  const instance = instantiate(new Store(), compile(PROGRAM), []);
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

/** Fractions beside slots, in forms of one to three operands; an offset beyond 2^31. */
const FRACTIONS = `(module
  (memory 1)
  (func (export "run") (param $n i32) (param $x i64) (result i64) (local $d f64) (local $f f32)
    (loop $l
      (local.set $d (f64.mul (local.get $d) (f64.const 0.5)))
      (local.set $d (f64.add (f64.mul (local.get $d) (f64.const 1e300)) (f64.const 0.25)))
      (local.set $f (f32.sub (local.get $f) (f32.const 1.5)))
      (if (f64.lt (local.get $d) (f64.const 0.1)) (then (return (i64.load offset=0x80000000 (local.get $n)))))
      (f64.store offset=8 (i32.and (local.get $n) (i32.const 1020)) (local.get $d))
      (local.set $x (i64.add (local.get $x) (i64.load32_u offset=16 (i32.and (local.get $n) (i32.const 1020)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))`;

/** Whether V8 has an integer as such, and not as a double. */
function smiTest(): (x: unknown) => boolean {
  setFlagsFromString('--allow-natives-syntax');
  const isSmi = new Script('(x)=>%IsSmi(x)').runInThisContext() as (x: unknown) => boolean;
  // Functions are compiled when they are first called.
  isSmi(0);
  setFlagsFromString('--no-allow-natives-syntax');
  return isSmi;
}

it('gives closures integers that are integers to V8', () => {
  // A closure that captured the slot 4 as a double adds doubles: CoreMark took 1.6 times as long.
  const isSmi = smiTest();
  const doubles: string[] = [];
  useFactories((environment) => {
    const checked = Object.entries(createFull(environment)).map(([name, factory]) => [
      name,
      (...operands: unknown[]) => {
        operands.forEach((operand, k) => {
          if (operand === ((operand as number) | 0) && !isSmi(operand))
            doubles.push(`${name} ${k}: ${operand}`);
        });
        return factory(...operands);
      },
    ]);
    return Object.fromEntries(checked);
  });
  for (const text of [PROGRAM, FRACTIONS, PROGRAM]) {
    const instance = instantiate(new Store(), compile(text), []);
    (instance.exports.get('run') as Func).call(3, 5n);
  }
  expect(doubles).toEqual([]);
});

it('keeps the bounds of memories as integers that are integers to V8', () => {
  const isSmi = smiTest();
  const { exports } = instantiate(new Store(), compile('(module (memory (export "m") 1 9))'), []);
  const memory = exports.get('m') as Memory;
  const doubles = () => {
    const { top1, top2, top4, top8, top16 } = memory.views;
    return [top1, top2, top4, top8, top16].filter((top) => !isSmi(top));
  };
  expect(doubles()).toEqual([]);
  memory.grow(2);
  expect(doubles()).toEqual([]);
});
