import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Outcome } from '../../interpreter/outcome';
import { installTiers } from '../../interpreter/policy';
import type { TierPolicy } from '../../interpreter/tiers';
import { type Extern, Func, i32, instantiate } from '../../runtime';
import { emitModule } from './module';
import { Harness, HOST } from './testing';
import { NativeTier } from './tier';

/** Bodies of `run` that is called with 40, in a module with a memory, a table, globals, and functions to call. */
const BODIES: Readonly<Record<string, string>> = {
  'a loop': `(local $s i32)
    (loop $l (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'loops in loops, with branches back from several places': `(local $s i32) (local $k i32)
    (loop $o
      (local.set $k (i32.const 7))
      (loop $l
        (local.set $s (i32.xor (i32.mul (local.get $s) (i32.const 17)) (local.get $k)))
        (local.set $k (i32.sub (local.get $k) (i32.const 1)))
        (br_if $l (i32.and (local.get $s) (i32.const 1)))
        (br_if $l (i32.gt_s (local.get $k) (i32.const 0)))
        (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 20))))
      (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s)`,
  'a loop that takes and gives values': `(local.get $n) (i32.const 1) (f64.const 0.5)
    (loop $l (param i32 f64) (result i32)
      (drop) (i32.mul (i32.const 3)) (f64.convert_i32_s (local.get $n)) (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n)) (drop))
    (i32.add)`,
  'small loops that are left from blocks of their own': `(local $s i32) (local $k i32)
    (block $out
      (loop $o
        (local.set $k (i32.const 9))
        (block $b
          (loop $l
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $k)))
            (block (if (i32.eq (i32.and (local.get $s) (i32.const 15)) (i32.const 3))
              (then (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 3))) (i32.const 8))) (br $out))
              (else (block (br_if $b (i32.eq (i32.and (local.get $s) (i32.const 31)) (i32.const 6)))))))
            (if (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (then (br $l)))))
        (loop $m
          (local.set $s (i32.xor (local.get $s) (i32.shl (local.get $k) (i32.const 3))))
          (br_if $m (i32.lt_s (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 9))))
        (br_if $o (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    (local.get $s)`,
  'a switch back to two loops': `(local $s i32)
    (loop $a (loop $b (block $out
      (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) (local.get $n)))
      (br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (br_table $a $b $b $a (i32.rem_u (local.get $s) (i32.const 4))))))
    (local.get $s)`,
  'operands below calls and blocks': `(i32.add (i32.const 1000) (i32.add (local.get $n)
      (block (result i32) (i32.mul (call $fib (i32.const 6)) (if (result i32) (local.get $n)
        (then (i32.sub (i32.const 9) (call $fib (i32.const 5)))) (else (i32.const 1)))))))`,
  'calls of functions that loop': `(local $s i64) (local $f f32)
    (local.set $f (f32.const nan:0x200001))
    (loop $l
      (local.set $s (i64.add (local.get $s) (i64.extend_i32_s (call $sum (local.get $n)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (i32.wrap_i64 (local.get $s)) (i32.reinterpret_f32 (local.get $f)))`,
  'indirect calls, also of the host': `(local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s)
        (call_indirect (type $unary) (i32.and (local.get $n) (i32.const 7)) (i32.rem_u (local.get $n) (i32.const 4)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'globals and memory that the host changes': `
    (loop $l
      (global.set $g (i64.add (global.get $g) (i64.const 3)))
      (i32.store (i32.shl (local.get $n) (i32.const 2)) (call $host (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (i32.wrap_i64 (global.get $g)) (i32.load (i32.const 8)))`,
  'work in bulk': `(local $r i32)
    (loop $l
      (memory.fill (i32.const 0) (local.get $n) (i32.const 9000))
      (memory.copy (i32.const 30) (i32.const 0) (i32.const 5000))
      (local.set $r (i32.add (local.get $r) (memory.grow (i32.const 1))))
      (call $quietly)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 10)))))
    (i32.add (local.get $r) (i32.load (i32.const 60)))`,
  'tables and references': `(local $x externref) (local $f funcref)
    (loop $l
      (local.set $f (ref.func $sum))
      (table.set $t (i32.const 4) (local.get $f))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (drop (call_indirect $t (type $unary) (local.get $n) (i32.const 4)))
      (table.set $t (i32.const 4) (ref.null func))
      (br_if $l (local.get $n)))
    (i32.add (ref.is_null (local.get $x)) (ref.is_null (table.get $t (i32.const 4))))`,
  'tail calls': '(return_call $tail (local.get $n) (i32.const 1))',
  'a tail call of the host': '(drop (call $fib (i32.const 3))) (return_call $host (local.get $n))',
  'code that nothing reaches': `(local $s i32)
    (block $b (result i32)
      (loop $l (result i32)
        (local.set $s (i32.add (local.get $s) (i32.const 3)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
        (br $b (local.get $s))
        (drop (call $fib (unreachable)))
        (block (br $l))))`,
};

const module = (body: string) => `(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $unary)))
  (memory (export "memory") 1)
  (table $t 5 funcref)
  (global $g (export "g") (mut i64) (i64.const 5))
  (elem (i32.const 0) $sum $fib $host $inc)
  (func $fib (type $unary)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $sum (param $n i32) (result i32) (local $s i32)
    (loop $l (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $s))
  (func $inc (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $quietly (memory.fill (i32.const 5) (i32.const 5) (i32.const 20000)))
  (func $tail (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $tail (i32.sub (local.get 0) (i32.const 1)) (i32.mul (local.get 1) (call $inc (local.get 0)))))
  (func (export "run") (param $n i32) (result i32) ${body}))`;

/** Modules emitted whole, and with a part for each function. */
const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];
const natively = (tier: NativeTier): TierPolicy => ({
  tiers: [tier],
  every: Number.POSITIVE_INFINITY,
  atFirstCall: () => [tier],
  atSafepoint: () => [tier],
});
/** Begins natively, and what has left stays in the interpreter until it is called again. */
const goingDown = (tier: NativeTier): TierPolicy => ({
  ...natively(tier),
  atSafepoint: (_, now) => (now === undefined ? [] : [now]),
});

function run(decoded: Module, policy: TierPolicy | undefined, fuel: number): unknown[] {
  const store = new Store();
  if (policy !== undefined) usePolicy(store, policy);
  const type = { params: [0x7f], results: [0x7f] };
  const host: Extern = Func.host(store, type, (call) => {
    const { globals, memories } = instance;
    globals[0].set({ ...globals[0].get(), lo: globals[0].get().lo + 1 });
    memories[0].bytes[5]++;
    call.setI32(0, call.i32(0) * 2 + globals[0].get().lo);
  });
  const instance = instantiate(store, decoded, [host]);
  const execution = new Execution(instance.exports.get('run') as Func, [i32(40)]);
  const seen: unknown[] = [];
  let outcome: Outcome;
  do {
    outcome = execution.run({ fuel });
    const frames = outcome.kind === 'paused' && execution.atSafepoint ? execution.frames() : [];
    seen.push([outcome.kind, execution.fuelUsed, execution.fuelOwed, frames.map(shown)]);
    if (seen.length > 20_000) throw new Error('it does not end');
  } while (outcome.kind === 'paused');
  seen.push(outcome.kind === 'done' ? outcome.results : [], [...instance.memories[0].bytes.subarray(0, 200)]);
  return seen;
}

function shown({
  funcidx,
  kind,
  offset,
  targetLoop,
  values,
}: ReturnType<Execution['frames']>[number]): unknown {
  const bits = values.map(({ type, lo, hi, ref }) =>
    ref instanceof Func
      ? `func ${ref.funcidx}`
      : type === 0x7f || type === 0x7d
        ? [type, lo]
        : [type, lo, hi, ref],
  );
  return { funcidx, kind, offset, targetLoop, bits };
}

describe('the native tier stops and goes on like the interpreter', () => {
  const modules = new Map<string, Module>();
  beforeAll(async () => {
    for (const name of Object.keys(BODIES)) modules.set(name, Module.decode(await wat(module(BODIES[name]))));
  });

  it.each(Object.keys(BODIES))('%s', (name) => {
    const decoded = modules.get(name)!;
    for (const fuel of [1, 2, 3, 7, 20, 100_000]) {
      const expected = run(decoded, undefined, fuel);
      for (const [k, tier] of TIERS.entries()) {
        const told = `fuel ${fuel}, tier ${k}`;
        expect(run(decoded, natively(tier), fuel), told).toEqual(expected);
        expect(run(decoded, goingDown(tier), fuel), `${told}, without coming up again`).toEqual(expected);
      }
    }
    for (const tier of TIERS) expect([...tier.counts.refused]).toEqual([]);
  });
});

describe('traps of native code', () => {
  it.each([
    ['divideByZero', '(i32.div_s (local.get $n) (i32.sub (local.get $n) (i32.const 40)))'],
    ['integerOverflow', '(i32.div_s (i32.const 0x80000000) (i32.sub (local.get $n) (i32.const 41)))'],
    ['invalidConversion', '(i32.trunc_f32_s (f32.const nan))'],
    ['integerOverflow', '(i32.trunc_f64_u (f64.const 1e30))'],
    ['memoryBounds', '(i32.load (i32.const -4))'],
    ['memoryBounds', '(memory.fill (i32.const 65530) (i32.const 1) (i32.const 10)) (i32.const 0)'],
    ['undefinedElement', '(call_indirect (type $unary) (i32.const 1) (i32.const 5))'],
    ['uninitializedElement', '(call_indirect (type $unary) (i32.const 1) (i32.const 4))'],
    ['indirectCallType', '(call_indirect (param i64) (result i32) (i64.const 1) (i32.const 0))'],
    ['unreachable', '(drop (call $sum (i32.const 3))) (unreachable)'],
    ['callStackExhausted', '(call $deep (local.get $n))'],
  ])('%s: %s', async (code, body) => {
    const text = module(`(i32.add (i32.const 1) (call $trap (local.get $n))))
      (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
      (func $trap (param $n i32) (result i32) ${body}`);
    const decoded = Module.decode(await wat(text));
    const failed = (policy: TierPolicy | undefined): unknown => {
      const store = new Store();
      if (policy !== undefined) usePolicy(store, policy);
      const host = Func.host(store, { params: [0x7f], results: [0x7f] }, () => {});
      const instance = instantiate(store, decoded, [host]);
      try {
        (instance.exports.get('run') as Func).call(40);
      } catch (error) {
        if (!(error instanceof RuntimeError)) throw error;
        return { code: error.code, message: error.message, backtrace: error.backtrace };
      }
      return undefined;
    };
    const expected = failed(undefined);
    expect(expected).toMatchObject({ code });
    for (const tier of TIERS) expect(failed(natively(tier))).toEqual(expected);
  });
});

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
    usePolicy(store, natively(tier));
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
  const called = (store: Store, decoded: Module, n = turns): unknown =>
    (instantiate(store, decoded, []).exports.get('run') as Func).call(n);
  afterEach(() => {
    installTiers([]);
  });

  it('is left and entered again a few times, for the better code of the host', async () => {
    const tier = new NativeTier(HOST);
    const store = new Store();
    usePolicy(store, natively(tier));
    expect(called(store, Module.decode(await wat(text)))).toBe(3 * turns);
    expect(tier.counts.entered).toBe(1);
    expect(tier.counts.continued).toBeGreaterThan(2);
    expect(tier.counts.continued).toBeLessThan(20);
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
