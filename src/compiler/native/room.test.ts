/** Native frames of long functions: they are counted by the length of their code, those of others are not counted for that. */
import { expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

/** Some 8 KB of code, whose products are alive between two copies of it: V8 computes them once, when it optimises. */
const SUM = Array.from(
  { length: 600 },
  (_, k) => `(i32.mul (local.get 0) (i32.const ${k + 99})) i32.xor`,
).join(' ');
const around = (between: string): string =>
  `(i32.const 0) ${SUM} ${between} i32.add (i32.const 0) ${SUM} i32.sub`;
/**
 * `long` and `short` call themselves so often; `caught` throws so often, with turns between, or it would not stay native;
 * `mixed` is long, and in every tenth turn the host calls `trap`.
 */
const TEXT = `(module (import "m" "again" (func $again (param i32)))
  (func $long (export "long") (param i32) (result i32)
    ${around(`(if (result i32) (local.get 0)
      (then (call $long (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))`)})
  (func $short (export "short") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $short (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
  (func $mixed (export "mixed") (param i32) (result i32)
    ${around(`(if (i32.eqz (i32.rem_u (local.get 0) (i32.const 10))) (then (call $again (local.get 0))))
      (if (result i32) (local.get 0)
      (then (call $mixed (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))`)})
  (tag $thrown)
  (func $thrower (param i32) (result i32) ${around('(throw $thrown)')})
  (func (export "caught") (param i32) (result i32) (local $turns i32)
    (loop $next
      (local.set $turns (i32.const 200))
      (loop $turn (br_if $turn (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
      (block $handler (try_table (catch_all $handler) (drop (call $thrower (local.get 0)))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.const 7))
  (func (export "trap") (param i32) (result i32) ${around('(unreachable)')}))`;

/** Modules emitted whole, and with a part for each function. */
const TIERS = [new NativeTier(HOST), new NativeTier(HOST, { whole: 0, group: 0 })];

async function begin(tier: NativeTier) {
  const module = Module.decode(await wat(TEXT));
  const store = new Store();
  usePolicy(store, always(tier));
  const call = (name: string, ...args: number[]): unknown =>
    (instance.exports.get(name) as Func).call(...args);
  let trapped = 0;
  const again = Func.host(store, { params: [i32(0).type], results: [] }, () => {
    expect(() => call('trap', 1)).toThrow('unreachable');
    trapped++;
  });
  const instance = instantiate(store, module, [again]);
  const entries = (name: string, turns: number): number => {
    const { entered } = tier.counts;
    call(name, turns);
    return tier.counts.entered - entered;
  };
  return { call, entries, traps: () => trapped };
}

it.each(TIERS)('are left when they are too many, and go on', async (tier) => {
  const { call, entries } = await begin(tier);
  expect(call('long', 1000)).toBe(7);
  expect(entries('long', 20)).toBe(1);
  expect(entries('long', 1000)).toBeGreaterThan(3);
});

it.each(TIERS)('give back what they have taken when they throw', async (tier) => {
  const { call, entries } = await begin(tier);
  expect(call('caught', 500)).toBe(7);
  expect(entries('caught', 500)).toBe(1);
});

it.each(TIERS)('leave room for hundreds of short ones', async (tier) => {
  const { call, entries } = await begin(tier);
  expect(call('short', 500)).toBe(500);
  expect(entries('short', 500)).toBe(1);
});

it.each(TIERS)(
  'are counted as before when a call out comes back in which others have trapped',
  async (tier) => {
    const { call, entries, traps } = await begin(tier);
    expect(call('mixed', 1000)).toBe(7);
    const before = traps();
    const entered = entries('mixed', 1000);
    expect(traps() - before).toBe(101);
    // Each trap's call is one, too.
    expect(entered - 101).toBeGreaterThan(3);
  },
);
