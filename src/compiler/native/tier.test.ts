import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { installTiers } from '../../interpreter/policy';
import type { TierPolicy } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import { always, describeTier } from '../testing';
import type { HostWebAssembly } from './host';
import { Layout } from './layout';
import { emitModule } from './module';
import { Harness, HOST } from './testing';
import { NativeTier } from './tier';

/** Modules emitted whole, and with a part for each function. */
const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];
describeTier('native', TIERS, { fuelAfterTraps: false });

it.each(TIERS)('gives a module up that nobody uses any more', async (tier) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const text = `(func $g (param i32) (result i32) (local.get 0))
    (func (export "run") (param i32) (result i32)
      (loop $l (br_if $l (local.tee 0 (i32.shr_u (call $g (local.get 0)) (i32.const 1)))))
      (i32.div_u (i32.const 1) (local.get 0)))`;
  const used = await Promise.all(Array.from({ length: 8 }, () => wat(`(module ${text})`)));
  const modules = used.map((bytes) => {
    const module = Module.decode(bytes);
    const store = new Store();
    usePolicy(store, always(tier));
    const run = instantiate(store, module, []).exports.get('run') as Func;
    expect(() => run.call(1000)).toThrow('integer divide by zero');
    return new WeakRef(module);
  });
  const left = () => modules.filter((module) => module.deref() !== undefined).length;
  for (let k = 0; k < 50 && left() > 1; k++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  // The stack may have kept the last one's frames.
  expect(left()).toBeLessThan(2);
});

it.each(TIERS)('leaves globals as a call out has set them that is stopped', async (tier) => {
  const module = Module.decode(
    await wat(`(module (type $refused (func (param funcref))) (table 1 funcref)
      (global $g (export "g") (mut i32) (i32.const 100))
      (func $out (global.set $g (i32.const 7))
        (loop (br_if 0 (i32.lt_s (global.get $g) (i32.const 50))
          (global.set $g (i32.add (global.get $g) (i32.const 1)))))
        (if (i32.eqz (global.get $g)) (then (call_indirect (type $refused) (ref.null func) (i32.const 0)))))
      (func (export "run") (global.set $g (i32.const 99)) (call $out)
        (global.set $g (i32.add (global.get $g) (i32.const 1000)))))`),
  );
  expect([0, 1].map((funcidx) => tier.judge(module, funcidx).kind)).toEqual(['refuses', 'runs']);
  const [expected, seen] = [undefined, always(tier)].map((policy) => {
    const store = new Store();
    if (policy !== undefined) usePolicy(store, policy);
    const { exports, globals } = instantiate(store, module, []);
    const execution = new Execution(exports.get('run') as Func, []);
    const values: number[] = [];
    while (execution.run({ fuel: 5 }).kind === 'paused') values.push(globals[0].get().lo);
    return [...values, globals[0].get().lo];
  });
  expect(expected.at(-1)).toBe(1051);
  expect(seen).toEqual(expected);
});

describe('a bulk operation', () => {
  // What lies below it, in a function of its own and in one that calls it, which cost no fuel, is still there afterwards.
  const text = `(module (memory 64) (table $t 9000 funcref) (table $u 9000 funcref) (elem declare func $f) (data $d "abcdefgh")
    (func $f) (func $fill (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func $outer (param i32) (result i32)
      (i32.const 7) (i32.mul (local.get 0) (i32.const 3))
      (call $fill (i32.const 100) (local.get 0) (i32.const 3000000))
      (memory.copy (i32.const 65536) (i32.const 0) (i32.const 3000000))
      (memory.copy (i32.const 0) (i32.const 65536) (i32.const 3000000))
      (memory.init $d (i32.const 0) (i32.const 1) (i32.const 5))
      (table.fill $t (i32.const 0) (ref.func $f) (i32.const 9000))
      (table.copy $u $t (i32.const 10) (i32.const 0) (i32.const 8990))
      (i32.add))
    (func (export "run") (param $n i32) (result i32) (local $s i32)
      (loop $l
        (local.set $s (i32.add (local.get $s) (call $outer (local.get $n))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.add (local.get $s) (i32.load (i32.const 200)))))`;

  it.each(TIERS)('can be stopped between any two parts, and gives the same', async (tier) => {
    const module = Module.decode(await wat(text));
    const ran = (policy?: TierPolicy) => {
      const store = new Store();
      if (policy !== undefined) usePolicy(store, policy);
      const instance = instantiate(store, module, []);
      const execution = new Execution(instance.exports.get('run') as Func, [i32(3)]);
      let stops = 0;
      let looks = 0;
      let outcome = execution.run({ deadline: () => true });
      while (outcome.kind === 'paused') {
        stops++;
        outcome = execution.run({ deadline: () => ++looks % 3 === 0 });
      }
      const { bytes } = instance.memories[0];
      return {
        outcome,
        fuel: execution.fuelUsed,
        hash: Buffer.from(bytes).reduce((h, b) => (h * 31 + b) | 0, 7),
        stops,
      };
    };
    const expected = ran();
    const { stops, ...seen } = ran(always(tier));
    expect(seen).toEqual({ outcome: expected.outcome, fuel: expected.fuel, hash: expected.hash });
    // Nine megabytes, three times over, in parts of a quarter.
    expect(stops).toBeGreaterThan(30);
  });

  it.each(TIERS)('is looked at after each part, although a slice of fuel is much longer', async (tier) => {
    const module = Module.decode(await wat(text));
    const store = new Store();
    usePolicy(store, always(tier));
    const { exports } = instantiate(store, module, []);
    let looks = 0;
    const { continued } = tier.counts;
    const execution = new Execution(exports.get('run') as Func, [i32(4)]);
    const outcome = execution.run({ deadline: () => ++looks < 0 });
    expect(outcome.kind).toBe('done');
    expect(looks).toBeGreaterThan((4 * 9_000_000) / 2 ** 18);
    expect(tier.counts.continued).toBe(continued);
  });
});

it.each(TIERS)(
  'work in bulk costs and stops the same whether native code does it or the machine',
  async (tier) => {
    const module = Module.decode(
      await wat(`(module (memory 9) (func (export "run") (param $n i32) (result i32)
      (loop $l
        (memory.fill (i32.const 10) (local.get $n) (local.get $n))
        (memory.copy (i32.const 5000) (i32.const 9) (local.get $n))
        (local.set $n (i32.div_u (i32.mul (local.get $n) (i32.const 3)) (i32.const 4)))
        (br_if $l (i32.gt_u (local.get $n) (i32.const 2000))))
      (i32.add (i32.load (i32.const 40)) (i32.load (i32.const 9000)))))`),
    );
    const ran = (policy: TierPolicy | undefined, fuel: number) => {
      const store = new Store();
      if (policy !== undefined) usePolicy(store, policy);
      const { exports, memories } = instantiate(store, module, []);
      const execution = new Execution(exports.get('run') as Func, [i32(300_000)]);
      const seen: unknown[] = [];
      for (;;) {
        const outcome = execution.run({ fuel });
        seen.push(execution.fuelUsed, memories[0].bytes[9], memories[0].bytes[6000]);
        if (outcome.kind !== 'paused') return [...seen, outcome];
      }
    };
    for (const fuel of [1, 7, 50, 1000]) expect(ran(always(tier), fuel)).toEqual(ran(undefined, fuel));
  },
);

it('refuses all where the engine has no exceptions', async () => {
  const module = Module.decode(await wat('(module (func (export "run") (result i32) (i32.const 5)))'));
  const tier = new NativeTier(withoutExceptions(HOST));
  expect(tier.judge(module, 0)).toEqual({ kind: 'refuses', why: "the host's engine has no exceptions" });
  const store = new Store();
  usePolicy(store, always(tier));
  expect((instantiate(store, module, []).exports.get('run') as Func).call()).toBe(5);
  expect(tier.counts.entered).toBe(0);
});
function withoutExceptions({
  Module,
  Instance,
  Global,
  Table,
  RuntimeError,
  validate,
}: HostWebAssembly): HostWebAssembly {
  return { Module, Instance, Global, Table, RuntimeError, validate };
}

describe('a large module', () => {
  it('is loaded group by group without nesting, however long the chain of first calls is', async () => {
    const length = 60;
    const links = Array.from(
      { length },
      (_, k) => `(func $f${k} (param i32 f64) (result i32)
        (loop $l (br_if $l (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
        ${k + 1 < length ? `(i32.add (i32.const 1) (call $f${k + 1} (i32.const 3) (local.get 1)))` : '(i32.trunc_f64_s (local.get 1))'})`,
    );
    const decoded = Module.decode(
      await wat(`(module ${links.join('\n')}
        (func (export "run") (param i32) (result i32) (call $f0 (local.get 0) (f64.const 7.5))))`),
    );
    const tier = new NativeTier(HOST, { whole: 0, group: 0 });
    const store = new Store();
    usePolicy(store, always(tier));
    const run = instantiate(store, decoded, []).exports.get('run') as Func;
    expect(run.call(5)).toBe(length - 1 + 7);
    expect(tier.counts.entered).toBe(1);
    expect(run.call(5)).toBe(length - 1 + 7);
    expect(tier.counts.entered).toBe(2);
  });
});

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
    expect([
      ...emitModule(new Layout(decoded, { isShared: false, isExact: false }, true), refusing).refused.keys(),
    ]).toEqual([0, 1]);
    expect(harness.run(2, [3], 100)).toEqual({ results: [11] });
    harness.host = () => harness.unwind();
    expect(harness.run(2, [3], 100).frames).toMatchObject([{ funcidx: 2, kind: 'call' }]);
  });
});

describe('a long loop', () => {
  const text = `(module (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l (local.set $s (i32.add (local.get $s) (i32.const 3)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))`;
  const turns = 20_000_000;
  const called = (store: Store, decoded: Module, n = turns): unknown =>
    (instantiate(store, decoded, []).exports.get('run') as Func).call(n);
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

  it('has its locals, operands, globals and fuel when it is entered again', async () => {
    const decoded = Module.decode(
      await wat(`(module (global $g (mut i64) (i64.const 5))
        (func (export "run") (param $n i32) (result i32) (local $i i64) (local $f f32) (local $d f64) (local $k i32)
          (local.set $f (f32.const 1.5))
          (i32.const 1000)
          (loop $outer (result i32)
            (local.set $k (i32.const 2000))
            (local.get $n)
            (loop $inner
              (local.set $i (i64.add (i64.mul (local.get $i) (i64.const 3)) (i64.extend_i32_s (local.get $k))))
              (local.set $d (f64.add (local.get $d) (f64.promote_f32 (local.get $f))))
              (global.set $g (i64.xor (global.get $g) (local.get $i)))
              (br_if $inner (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
            (local.set $f (f32.add (local.get $f) (f32.const 0.25)))
            (br_if $outer (local.tee $n (i32.sub (i32.const 1))))
            (i32.wrap_i64 (i64.add (global.get $g) (i64.trunc_f64_s (local.get $d)))))
          (i32.sub)))`),
    );
    const tier = new NativeTier(HOST);
    const [expected, seen] = [undefined, always(tier)].map((policy) => {
      const store = new Store();
      if (policy !== undefined) usePolicy(store, policy);
      const execution = new Execution(instantiate(store, decoded, []).exports.get('run') as Func, [
        i32(2000),
      ]);
      const outcome = execution.run();
      return [outcome.kind, outcome.kind === 'done' && outcome.results, execution.fuelUsed];
    });
    expect(seen).toEqual(expected);
    expect(tier.counts.continued).toBeGreaterThan(1);
  });

  it('is worth that, but not one of many short loops in which slices happen to end', async () => {
    const short = Array.from({ length: 50 }, (_, k) =>
      text.replace('(module (func (export "run")', `(func $f${k}`),
    );
    const calls = short.map((_, k) => `(drop (call $f${k} (i32.const ${3000 + 7 * k})))`).join(' ');
    const decoded = Module.decode(
      await wat(`(module ${short.map((one) => one.slice(0, -1)).join('\n')}
        (func (export "run") (param $n i32) (result i32)
          (loop $l ${calls} (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $n)))`),
    );
    const tier = new NativeTier(HOST);
    const store = new Store();
    usePolicy(store, always(tier));
    expect(called(store, decoded, 120)).toBe(0);
    expect(tier.counts.continued).toBeLessThan(5);
  });

  it('begins in the tier that is installed, in a store that leaves the choice to us', async () => {
    const tier = new NativeTier(HOST);
    installTiers([tier]);
    const decoded = Module.decode(await wat(text));
    expect(called(new Store({ tier: 'interpret' }), decoded, 1000)).toBe(3000);
    expect(tier.counts).toMatchObject({ entered: 0, continued: 0 });
    expect(called(new Store(), decoded, 1000)).toBe(3000);
    expect(called(new Store({ tier: 'auto' }), decoded, 1000)).toBe(3000);
    expect(tier.counts.entered).toBe(2);
  });

  it('goes on in a tier that is not prompt when it is hot', async () => {
    const tier = new (class extends NativeTier {
      override readonly isPrompt = false;
    })(HOST);
    installTiers([tier]);
    expect(called(new Store(), Module.decode(await wat(text)))).toBe(3 * turns);
    expect(tier.counts.entered).toBe(0);
    expect(tier.counts.continued).toBeGreaterThan(0);
  });
});

describe('a program that the interpreter has begun', () => {
  const ran = async (text: string, policy: TierPolicy, now: () => number): Promise<number> => {
    const store = new Store();
    usePolicy(store, policy);
    const run = instantiate(store, Module.decode(await wat(text))).exports.get('run') as Func;
    const outcome = new Execution(run, [i32(20_000)]).run({ now });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return outcome.results[0].lo;
  };

  it.each(TIERS)('goes up in a loop that calls native code in each turn', async (tier) => {
    const policy: TierPolicy = {
      ...always(tier),
      atFirstCall: ({ funcidx }) => (funcidx === 0 ? [tier] : []),
      atSafepoint: (_, now, isHot) => (now !== undefined || isHot ? [tier] : []),
    };
    const { entered } = tier.counts;
    // All is slow at first: the interpreter's slices are short, and end in what takes their fuel.
    let looks = 0;
    const now = () => (++looks === 1 ? 0 : 5 + looks / 10_000);
    const text = `(module (func $f (param i32) (result i32) (local $k i32)
        (local.set $k (i32.const 20))
        (loop $l (local.set 0 (i32.add (local.get 0) (local.get $k)))
          (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (local.get 0))
      (func (export "run") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $f (local.get $s)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s)))`;
    expect(await ran(text, policy, now)).toBe(210 * 20_000);
    expect(tier.counts.entered - entered).toBeLessThan(1000);
  });

  it.each(TIERS)('goes up from loop to loop when one is over', async (tier) => {
    const policy: TierPolicy = { ...always(tier), atFirstCall: () => [] };
    const { continued } = tier.counts;
    const text = `(module (func (export "run") (param $n i32) (result i32) (local $k i32) (local $s i32)
      (loop $outer
        (local.set $k (i32.const 20))
        (loop $l (local.set $s (i32.add (local.get $s) (local.get $k)))
          (br_if $l (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
        (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $s)))`;
    expect(await ran(text, policy, () => 0)).toBe(210 * 20_000);
    expect(tier.counts.continued - continued).toBeLessThan(10);
  });
});
