import { afterEach, describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { installTiers } from '../../interpreter/policy';
import { type Func, instantiate } from '../../runtime';
import { always, describeTier } from '../testing';
import { emitModule } from './module';
import { Harness, HOST } from './testing';
import { NativeTier } from './tier';

/** Modules emitted whole, and with a part for each function. */
const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];
describeTier('native', TIERS, { nans: false, fuelAfterTraps: false });

describe('a quiet function that cannot run natively', () => {
  it('is called out to by one that can unwind', async () => {
    const text = `(module
      (func $throws (param i32) (result i32) (if (local.get 0) (then (unreachable))) (i32.const 5))
      (func $quiet (param i32) (result i32) (call $throws (local.get 0)))
      (func (export "run") (param $n i32) (result i32)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.add (call $quiet (local.get $n)) (call $throws (local.get $n)))))`;
    const decoded = Module.decode(await wat(text));
    const refusing = (funcidx: number) => (funcidx === 0 ? 'so the test wants it' : undefined);
    const harness = new Harness(decoded, refusing);
    harness.host = (funcidx) => [funcidx + 5];
    expect([...emitModule(decoded, 'test', refusing).refused.keys()]).toEqual([0, 1]);
    expect(harness.run(2, [3], 100)).toEqual({ results: [11] });
    harness.host = () => {
      harness.unwind();
      return [];
    };
    expect(harness.run(2, [3], 100).frames).toMatchObject([{ funcidx: 2, kind: 'call' }]);
  });
});

describe('a long loop', () => {
  const text = `(module (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l (local.set $s (i32.add (local.get $s) (i32.const 3)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))`;
  const turns = 20_000_000;
  const called = (store: Store, decoded: Module): unknown =>
    (instantiate(store, decoded, []).exports.get('run') as Func).call(turns);
  afterEach(() => {
    installTiers([]);
  });

  it('is left and entered again a few times, for the better code of the host', async () => {
    const tier = new NativeTier(HOST);
    const store = new Store();
    usePolicy(store, always(tier));
    expect(called(store, Module.decode(await wat(text)))).toBe(3 * turns);
    expect(tier.counts.entered).toBe(1);
    expect(tier.counts.continued).toBeGreaterThan(2);
    expect(tier.counts.continued).toBeLessThan(20);
  });

  it('goes on in the tier that is installed, in a store that leaves the choice to us', async () => {
    const tier = new NativeTier(HOST);
    installTiers([tier]);
    const decoded = Module.decode(await wat(text));
    expect(called(new Store({ tier: 'auto' }), decoded)).toBe(3 * turns);
    expect(tier.counts.entered).toBe(0);
    expect(tier.counts.continued).toBeGreaterThan(0);
    const { continued } = tier.counts;
    expect(called(new Store({ tier: 'interpret' }), decoded)).toBe(3 * turns);
    expect(tier.counts.continued).toBe(continued);
  });
});
