/** Functions that throw and handle exceptions stop anywhere and go on like the interpreter, in native code too. */
import { beforeAll, describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { Exception, Func, instantiate, Tag, UncaughtException } from '../../runtime';
import { wat as wabtWat } from '../../testing';
import { failed, run, WAYS } from '../testing';
import { moduleOf } from '../testing-programs';
import { NativeTier } from '.';
import { factsOf } from './facts';
import { HOST } from './testing';

/** Modules emitted whole, and with a part for each function. */
const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];

const FUNCS = `(tag $e (param i32)) (tag $f (param i64 f64)) (tag $g)
  (func $risky (param $n i32) (result i32)
    (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 3))) (then (throw $e (local.get $n))))
    (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5))) (then (throw $f (i64.extend_i32_s (local.get $n)) (f64.const 1.5))))
    (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 7))) (then (throw $g)))
    (call $sum (local.get $n)))
  (func $deep (param $n i32) (param $depth i32) (result i32)
    (if (result i32) (local.get $depth)
      (then (i32.add (call $deep (local.get $n) (i32.sub (local.get $depth) (i32.const 1))) (call $host (i32.const 1))))
      (else (call $risky (local.get $n)))))
  (memory`;
const withTags = (body: string): string => moduleOf(body).replace('(memory', FUNCS);

const LEGACY: Readonly<Record<string, string>> = {
  'handlers in a loop': `(local $s i32) (local $k i32)
    (loop $l
      (try
        (do (local.set $s (i32.add (local.get $s) (call $risky (local.get $n)))))
        (catch $e (local.set $k) (local.set $s (i32.xor (local.get $s) (call $sum (local.get $k)))))
        (catch $f (i32.trunc_f64_s) (local.set $k) (i32.wrap_i64) (local.set $s (i32.add (local.get $s))))
        (catch_all (local.set $s (i32.mul (local.get $s) (i32.const 3)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'a handler that loops, calls and throws on': `(local $s i32) (local $k i32)
    (loop $l
      (i32.const 11)
      (try (result i32)
        (do
          (i32.const 5)
          (try (result i32)
            (do (call $risky (local.get $n)))
            (catch_all
              (local.set $k (i32.const 3))
              (loop $m
                (local.set $s (i32.add (local.get $s) (call $fib (local.get $k))))
                (br_if $m (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
              (if (i32.and (local.get $n) (i32.const 1)) (then (rethrow 1)))
              (i32.const 21)))
          (i32.add))
        (catch $e (i32.const 2) (i32.mul))
        (catch_all (i32.const 9)))
      (i32.add)
      (local.set $s (i32.add (local.get $s)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'loops in a block that handles': `(local $s i32) (local $k i32)
    (try
      (do
        (loop $o
          (local.set $k (i32.const 5))
          (loop $i
            (local.set $s (i32.xor (i32.mul (local.get $s) (i32.const 17)) (local.get $k)))
            (br_if $i (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (if (i32.lt_s (local.get $n) (i32.const 3)) (then (throw $e (local.get $s))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br $o)))
      (catch $e (local.set $s (i32.add (call $sum (i32.const 3))))))
    (local.get $s)`,
  'through frames, and past a handler of another tag': `(local $s i32)
    (loop $l
      (try
        (do
          (try
            (do (local.set $s (i32.add (local.get $s) (call $deep (local.get $n) (i32.const 9)))))
            (catch $g (local.set $s (i32.add (local.get $s) (i32.const 1))))))
        (catch $f (drop) (i32.wrap_i64) (local.set $s (i32.add (local.get $s))))
        (catch_all))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'more than a unit of frames': `(local $s i32)
    (loop $l
      (try
        (do (local.set $s (i32.add (local.get $s) (call $deep (i32.const 3) (i32.const 150)))))
        (catch_all (local.set $s (i32.add (local.get $s) (i32.const 1)))))
      (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 36))))
    (local.get $s)`,
  'what is delegated': `(local $s i32)
    (loop $l
      (try
        (do
          (try
            (do
              (try
                (do (local.set $s (i32.add (local.get $s) (call $risky (local.get $n)))))
                (delegate 1)))
            (catch_all (local.set $s (i32.const -1)))))
        (catch $e (local.set $s (i32.add (local.get $s))))
        (catch_all (local.set $s (i32.add (local.get $s) (call $sum (i32.const 2))))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
  'what nothing reaches': `(local $s i32)
    (try (result i32)
      (do (throw $e (local.get $n)) (try (do (nop)) (catch $e (drop)) (catch_all)) (unreachable))
      (catch $f (drop) (drop) (return (i32.const 1)) (try (do) (delegate 0)))
      (catch $e (return (i32.add (call $sum (i32.const 3)))) (i32.const 4)))`,
};

const TABLES: Readonly<Record<string, string>> = {
  'clauses of all kinds': `(local $s i32) (local $x exnref)
    (loop $l
      (block $all
        (block $ref (result exnref)
          (block $both (result i64 f64 exnref)
            (block $value (result i32)
              (try_table (result i32) (catch $e $value) (catch_ref $f $both) (catch_all_ref $ref)
                (call $risky (local.get $n)))
              (local.set $s (i32.add (local.get $s)))
              (br $all))
            (local.set $s (i32.xor (local.get $s)))
            (br $all))
          (local.set $x) (i32.trunc_f64_s) (local.set $s (i32.add (local.get $s))) (drop)
          (local.set $s (i32.add (local.get $s) (call $sum (i32.const 3))))
          (block $again (result exnref)
            (try_table (result i32) (catch_all_ref $again) (call $sum (i32.const 2)) (throw_ref (local.get $x)))
            (drop) (br $all))
          (br $ref))
        (local.set $x)
        (local.set $s (i32.add (local.get $s) (ref.is_null (local.get $x)))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)`,
};

const UNCAUGHT: Readonly<Record<string, string>> = {
  'a trap in a block that handles': `(try (result i32) (do (i32.load (i32.const -1))) (catch_all (i32.const 1)))`,
  'a trap in a handler': `(try (result i32) (do (throw $g)) (catch_all (i32.div_s (local.get $n) (i32.const 0))))`,
  'a trap that a callee makes': `(try (result i32) (do (call $risky (i32.const 1)) (call_indirect $t (type $unary) (i32.const 99))) (catch_all (i32.const 1)))`,
};

describe.each([
  ['legacy', LEGACY],
  ['try_table', TABLES],
] as const)('%s', (generation, programs) => {
  const modules = new Map<string, Module>();
  beforeAll(async () => {
    for (const [name, body] of Object.entries(programs)) {
      const text = withTags(body);
      modules.set(name, Module.decode(generation === 'legacy' ? wabtWat(text) : await wat(text)));
    }
  });
  it.each(Object.keys(programs))('%s', (name) => {
    const decoded = modules.get(name)!;
    const main = decoded.exports.find((one) => one.name === 'run')!.index;
    expect(factsOf(decoded, main).why).toBeUndefined();
    const entered = TIERS.map(({ counts }) => counts.entered);
    for (const isExact of [true, false]) {
      for (const fuel of [1, 2, 3, 7, 20, 100_000]) {
        const expected = run(decoded, undefined, fuel, isExact);
        for (const tier of TIERS) {
          for (const [way, policy] of Object.entries(WAYS)) {
            expect(run(decoded, policy(tier), fuel, isExact), `fuel ${fuel}, ${way}`).toEqual(expected);
          }
        }
      }
    }
    TIERS.forEach(({ counts }, k) => {
      expect(counts.entered).toBeGreaterThan(entered[k]);
      expect([...counts.refused.keys()]).toEqual([]);
    });
  });
});

it.each(Object.entries(UNCAUGHT))('does not take %s for an exception', (_, body) => {
  const decoded = Module.decode(wabtWat(withTags(body)));
  for (const policy of Object.values(WAYS)) {
    const expected = failed(decoded, undefined, false);
    expect(expected).toBeDefined();
    expect(failed(decoded, policy(new NativeTier(HOST)), false)).toEqual(expected);
  }
});

it('what a guest has taken and throws on is its own', () => {
  const decoded = Module.decode(
    wabtWat(`(module (import "m" "throws" (func $throws)) (tag $e)
      (func (export "passed") (try (do (call $throws)) (catch $e)))
      (func (export "thrown on") (try (do (call $throws)) (catch_all (rethrow 0)))))`),
  );
  for (const policy of [undefined, ...Object.values(WAYS)]) {
    const store = new Store();
    if (policy !== undefined) usePolicy(store, policy(new NativeTier(HOST)));
    const tag = new Tag({ params: [], results: [] });
    const thrown = new UncaughtException(new Exception(tag, []));
    const throws = Func.host(store, { params: [], results: [] }, () => {
      throw thrown;
    });
    const { exports } = instantiate(store, decoded, [throws]);
    const caught = (name: string): unknown => {
      try {
        return (exports.get(name) as Func).call();
      } catch (error) {
        return error;
      }
    };
    expect(caught('passed')).toBe(thrown);
    expect(caught('thrown on')).not.toBe(thrown);
    expect((caught('thrown on') as UncaughtException).exception).toBe(thrown.exception);
  }
});
