/** Exceptions between two tiers, of which the second handles none: they pass through its frames to handlers below and between them. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, it } from 'vitest';
import { Module } from '../../src/decoder/index';
import { Execution, Store } from '../../src/interpreter/index';
import { usePolicy } from '../../src/interpreter/machine';
import type { TierPolicy } from '../../src/interpreter/tiers';
import { type Func, instantiate, toJs } from '../../src/runtime/index';
import { RandomPolicy } from './policy';
import { Walker } from './walker';

/** Functions without `throw` and `try` run in the tier: `outer`, `mid`, `run`. They call the others, and are called by them. */
const PROGRAM = await parse(`(module
  (tag $e (param i32)) (tag $other)
  (func $throw (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (local.get 0)))))
  (func $mid (param i32) (result i32) (call $throw (local.get 0)) (i32.add (local.get 0) (i32.const 1)))
  (func $catch (param i32) (result i32) (local i32)
    (block $o
      (block $h (result i32)
        (try_table (catch $other $o) (catch $e $h) (return (call $mid (local.get 0))))
        (unreachable))
      (local.set 1) (return (i32.mul (local.get 1) (i32.const 1000))))
    (i32.const -5))
  (func $outer (param i32) (result i32) (i32.add (i32.const 7) (call $catch (local.get 0))))
  (func $far (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $e $h) (drop (call $twice (local.get 0))) (return (i32.const -1)))
      (unreachable)))
  (func $twice (param i32) (result i32) (i32.add (call $outer (local.get 0)) (call $mid (local.get 0))))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $outer (local.get $n))))
      (local.set $sum (i32.add (local.get $sum) (call $far (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`);
const module = Module.decode(PROGRAM);

function run(policy: TierPolicy | undefined, fuel: number): { result: unknown; fuel: number } {
  const store = new Store();
  if (policy !== undefined) usePolicy(store, policy);
  const execution = new Execution(instantiate(store, module, []).exports.get('run') as Func, [60]);
  for (;;) {
    const outcome = execution.run({ fuel });
    if (outcome.kind === 'paused') continue;
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return { result: toJs(outcome.results[0]), fuel: execution.fuelUsed };
  }
}

const expected = run(undefined, Number.POSITIVE_INFINITY);

it.each([1, 3, 50, Number.POSITIVE_INFINITY])('all that can be in the tier, slices of %s', (fuel) => {
  const walker = new Walker();
  const policy: TierPolicy = {
    tiers: [walker],
    every: Number.POSITIVE_INFINITY,
    atFirstCall: () => [walker],
    atSafepoint: () => [walker],
  };
  expect(run(policy, fuel)).toEqual(expected);
  expect(walker.counts.entered).toBeGreaterThan(50);
  // With a unit at a time it has left before it could call anyone.
  if (fuel > 1) expect(walker.counts.called).toBeGreaterThan(50);
});

it('at random', () => {
  for (let seed = 1; seed < 20; seed++) {
    expect([seed, run(new RandomPolicy(new Walker(), seed), 1 + (seed % 7))]).toEqual([seed, expected]);
  }
});
