import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { slotsWithBits } from './bits';
import { bodyOf } from './bodies';
import { continuationText } from './continuations';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

/** Sums in a local, and numbers that are kept for the next turn: nobody sees the bits of either but who stores the sum. */
const SUMS = `(module (memory 1) (func (export "run") (param $n i32) (result i32)
  (local $last f64) (local $next f64) (local $sum f64)
  (loop $l
    (local.set $next (f64.load (local.get $n)))
    (local.set $sum (f64.add (local.get $sum) (f64.mul (local.get $last) (local.get $next))))
    (local.set $last (local.get $next))
    (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 8)))))
  (f64.store (i32.const 0) (local.get $sum))
  (local.get $n)))`;

/** A signalling NaN with bits of its own is at 8; each leads it to 16 by another way. */
const WAYS: Readonly<Record<string, string>> = {
  'a local': '(local.set $a (f64.load (i32.const 8))) (f64.store (i32.const 16) (local.get $a))',
  'two locals': `(local.set $a (f64.load (i32.const 8))) (local.set $b (local.get $a))
    (f64.store (i32.const 16) (local.get $b))`,
  'a global': `(local.set $a (f64.load (i32.const 8))) (global.set $g (local.get $a))
    (f64.store (i32.const 16) (global.get $g))`,
  'a call': `(local.set $a (f64.load (i32.const 8))) (f64.store (i32.const 16) (call $same (local.get $a)))`,
  'a select': `(local.set $a (f64.load (i32.const 8)))
    (local.set $b (select (local.get $a) (f64.const 1) (local.get $n)))
    (f64.store (i32.const 16) (local.get $b))`,
  'its bits': `(local.set $a (f64.load (i32.const 8)))
    (i64.store (i32.const 16) (i64.reinterpret_f64 (local.get $a)))`,
  'another sign': `(local.set $a (f64.load (i32.const 8))) (f64.store (i32.const 16) (f64.neg (local.get $a)))`,
  'a block': `(local.set $a (f64.load (i32.const 8)))
    (f64.store (i32.const 16)
      (block $out (result f64) (br_if $out (local.get $a) (local.get $n)) (drop) (f64.const 2)))`,
  'the sign of another': `(local.set $a (f64.load (i32.const 8)))
    (f64.store (i32.const 16) (f64.copysign (f64.const 3) (local.get $a)))`,
};
const moving = (way: string): string => `(module (memory (export "memory") 1)
  (data (i32.const 8) "\\01\\00\\00\\00\\00\\00\\f4\\ff") (global $g (mut f64) (f64.const 0))
  (func $same (param f64) (result f64) (if (f64.gt (local.get 0) (f64.const 5)) (then (return (f64.const 1)))) (local.get 0))
  (func (export "run") (param $n i32) (result i32) (local $a f64) (local $b f64)
    (loop $l ${way} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 20))))`;

/** What comes of a signalling NaN by arithmetic that changes no number. */
const UNITS = ['mul', 'div'].flatMap((op) => [1, -1].map((unit) => [op, unit] as const));

function ran(module: Module, fuel: number | undefined, tier?: JavaScriptTier): unknown[] {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const execution = new Execution(instantiate(store, module, []).exports.get('run') as Func, [i32(40)]);
  for (;;) {
    const outcome = execution.run({ fuel });
    if (outcome.kind !== 'paused') return [outcome.kind, JSON.stringify(outcome)];
  }
}

describe('bits of NaNs', () => {
  const tiers = [true, false].map((compilesHot) => new JavaScriptTier({ evaluate, compilesHot }));

  it('are not looked for where only arithmetic reads them', async () => {
    const module = Module.decode(await wat(SUMS));
    const body = bodyOf(module, 0);
    const text = (canonicalNans: boolean): string => {
      const rules = { compilesHot: true, canonicalNans, paysBefore: true };
      return functionText(module, body, rules).text + continuationText(module, body, rules).text;
    };
    // The parameter is slot 0.
    expect([0, 1, 2, 3].filter((slot) => slotsWithBits(module, body).has(slot))).toEqual([0, 3]);
    expect(text(true)).toContain('store64(');
    expect(text(false)).not.toContain('store64(');
    expect(text(true)).toMatch(/h2=/);
    expect(text(false)).not.toMatch(/h[12]=/);
  });

  it.each(Object.keys(WAYS))('survive %s', async (way) => {
    const module = Module.decode(await wat(moving(WAYS[way]!)));
    const expected = ran(module, undefined);
    for (const tier of tiers) {
      for (const fuel of [undefined, 3]) expect(ran(module, fuel, tier)).toEqual(expected);
    }
  });

  it.each(UNITS)('are those that arithmetic makes: %s by %d', async (op, unit) => {
    const way = `(f64.store (i32.const 16) (f64.${op} (f64.load (i32.const 8)) (f64.const ${unit})))`;
    const module = Module.decode(await wat(moving(way)));
    expect(functionText(module, bodyOf(module, 1), { compilesHot: true }).text).toContain(':NaN)');
  });
});
