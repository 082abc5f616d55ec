/** A module that throws all the time runs elsewhere, in the middle of its loop; one that throws now and then stays. */
import { expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, i32, instantiate } from '../../runtime';
import { compile } from '../../testing';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

/** `run(count, turns)`: so many exceptions, each after so many turns of a loop, from three frames above; the sum of what they carry. */
const THROWS = compile(`(module
  (tag $e (param i32))
  (func $above (param $depth i32) (param $value i32)
    (if (local.get $depth)
      (then (call $above (i32.sub (local.get $depth) (i32.const 1)) (local.get $value)))
      (else (throw $e (local.get $value)))))
  (func (export "run") (param $count i32) (param $turns i32) (result i32) (local $sum i32) (local $k i32)
    (loop $again
      (local.set $k (local.get $turns))
      (loop $turn (br_if $turn (i32.gt_s (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 0))))
      (block $caught (result i32)
        (try_table (catch $e $caught) (call $above (i32.const 2) (local.get $count)))
        (unreachable))
      (local.set $sum (i32.add (local.get $sum)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))`);
/** In one that calls it, whose frame is another instance's. */
const CALLS = compile(`(module
  (import "throws" "run" (func $run (param i32 i32) (result i32)))
  (func (export "run") (param i32 i32) (result i32) (i32.add (i32.const 1) (call $run (local.get 0) (local.get 1)))))`);

/** A tier, and how many exceptions native code has thrown in it. */
function countingTier(): { tier: NativeTier; thrown: () => number } {
  let thrown = 0;
  const Instance = new Proxy(HOST.Instance, {
    construct(
      target,
      [module, imports]: [object, { runtime: Record<string, (...args: never[]) => unknown> }],
    ) {
      // A module beside the main one imports functions in a table.
      if (imports.runtime === undefined) return new target(module, imports);
      const { throwing } = imports.runtime;
      const runtime = {
        ...imports.runtime,
        throwing: (...args: never[]) => {
          thrown++;
          return throwing(...args);
        },
      };
      return new target(module, { ...imports, runtime });
    },
  });
  const tier = new NativeTier(Object.create(HOST, { Instance: { value: Instance } }));
  return { tier, thrown: () => thrown };
}

it.each([false, true])(
  'leaves when exceptions are most of what it does, with the fuel exact (called natively: %s)',
  (isCalled) => {
    const { tier, thrown } = countingTier();
    const fuel: number[] = [];
    for (const isNative of [true, false]) {
      const store = new Store();
      if (isNative) usePolicy(store, always(tier));
      const { exports } = instantiate(store, THROWS, []);
      const run = (isCalled ? instantiate(store, CALLS, [exports.get('run') as Func]).exports : exports).get(
        'run',
      ) as Func;
      const more = Number(isCalled);
      const execution = new Execution(run, [i32(20_000), i32(0)]);
      expect(execution.run({ fuel: 10_000_000 })).toMatchObject({
        kind: 'done',
        results: [i32(200_010_000 + more)],
      });
      if (isNative) expect(thrown()).toBeLessThan(600);
      const before = thrown();
      expect(run.call(1000, 0)).toBe(500_500 + more);
      expect(thrown()).toBe(before);
      fuel.push(execution.fuelUsed);
    }
    expect([...tier.counts.refused.keys()]).toEqual(['it throws exceptions all the time']);
    expect(fuel[0]).toBe(fuel[1]);
  },
);

it('stays where there is more to do between them', () => {
  const { tier, thrown } = countingTier();
  const store = new Store();
  usePolicy(store, always(tier));
  const run = instantiate(store, THROWS, []).exports.get('run') as Func;
  expect(run.call(1000, 200)).toBe(500_500);
  expect(thrown()).toBe(1000);
  expect([...tier.counts.refused.keys()]).toEqual([]);
});
