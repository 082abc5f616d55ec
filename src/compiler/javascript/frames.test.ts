import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Tier } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import type { StoreLimits } from '../../runtime/store';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { framesAbove, SMALL_FRAME, wordsFor } from './frames';
import { functionText } from './functions';
import { JavaScriptTier } from './tier';

const locals = (count: number): string => `(local ${'i64 '.repeat(count)})`;
/** A chain of frames: how deep it is, the global says. */
const down = (name: string, next: string, count: number): string => `
  (func $${name} (param $n i32) (result i32) ${locals(count)}
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 7))
      (else (i32.add (local.get $n) (call $${next} (i32.sub (local.get $n) (i32.const 1)))))))`;
/** The first frame stays in a loop, where it may be entered. */
const MODULE = `(module (global $depth (export "depth") (mut i32) (i32.const 0))
  ${down('small', 'small', 1)} ${down('large', 'large', 30)} ${down('one', 'other', 3)} ${down('other', 'one', 20)}
  (func $big (param $n i32) (result i32) ${locals(400)} (local $k i32)
    (loop $again
      (drop (call $small (i32.const 3)))
      (br_if $again (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 20))))
    (call $small (local.get $n)))
  (func $tail (param $n i32) (result i32)
    (if (i32.and (local.get $n) (i32.const 1)) (then (return_call $one (local.get $n))))
    (return_call $other (local.get $n)))
  (func $leaf (param $n i32) (result i32) (global.set $depth (local.get $n)) (local.get $n))
  (func $wide (param $n i32) (result i32) ${locals(90)} (call $leaf (call $leaf (local.get $n))))
  (func $quiet (param $n i32) (result i32)
    (drop (call $wide (i32.add (i32.const 1) (global.get $depth))))
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 7))
      (else (i32.add (local.get $n) (call $quiet (i32.sub (local.get $n) (i32.const 1)))))))
  ${['small', 'large', 'one', 'big', 'tail', 'quiet'].map((name) => `(export "${name}" (func $${name}))`).join('')})`;

/** How a call ends, how deep it was, and what it took. */
function ran(module: Module, name: string, n: number, limits: Partial<StoreLimits>, tier?: Tier): unknown {
  const store = new Store(limits);
  if (tier !== undefined) usePolicy(store, always(tier));
  const instance = instantiate(store, module, []);
  const execution = new Execution(instance.exports.get(name) as Func, [i32(n)]);
  const outcome = execution.run();
  const { code } = outcome.kind === 'trapped' ? (outcome.error as RuntimeError) : { code: undefined };
  return [outcome.kind, code, instance.globals[0].get().lo, execution.fuelUsed];
}

describe('frames of compiled code', () => {
  it.each(['small', 'large', 'one', 'big', 'tail', 'quiet'])(
    '%s ends where the interpreter ends',
    async (name) => {
      const module = Module.decode(await wat(MODULE));
      const tier = new JavaScriptTier({ evaluate, compilesHot: true });
      let trapped = 0;
      for (const maxSlots of [1, 5, 13, 24, 25, 90, 420, 430, 500, 3000, 20_000]) {
        for (const maxFrames of [2, 700, 3000]) {
          for (const n of [5, 900, 2500]) {
            const limits = { maxSlots, maxFrames };
            const expected = ran(module, name, n, limits);
            if ((expected as unknown[])[0] === 'trapped') trapped++;
            expect(ran(module, name, n, limits, tier), `${maxSlots} ${maxFrames} ${n}`).toEqual(expected);
          }
        }
      }
      expect(trapped).toBeGreaterThan(20);
      expect(tier.counts.entered).toBeGreaterThan(0);
    },
  );

  it('fit on a stack of the host, however many variables a function has', async () => {
    const callees = Array.from(
      { length: 150 },
      (_, k) => `(func $c${k} (param $n i32) (result i32)
      (loop $l (br_if $l (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 9)))) (i32.const ${k}))`,
    );
    const calls = callees.map(
      (_, k) => `(local.set $s (i32.add (local.get $s) (call $c${k} (local.get $n))))`,
    );
    const text = `(module (global (mut i32) (i32.const 0)) ${callees.join('')}
      (func $wide (export "wide") (param $n i32) (result i32) (local $s i32)
        (loop $l ${calls.join('')} (br_if $l (i32.lt_s (local.get $s) (i32.const 9))))
        (if (local.get $n) (then (local.set $s (i32.add (local.get $s) (call $wide (i32.sub (local.get $n) (i32.const 1)))))))
        (local.get $s)))`;
    const module = Module.decode(await wat(text));
    const tier = new JavaScriptTier({ evaluate, compilesHot: true });
    expect(ran(module, 'wide', 2500, {}, tier)).toEqual(ran(module, 'wide', 2500, {}));
  });

  it('look closer above a large one that cannot leave', async () => {
    const module = Module.decode(await wat(MODULE));
    const tier = new JavaScriptTier({ evaluate, compilesHot: true });
    for (let maxSlots = 90; maxSlots < 300; maxSlots++) {
      const limits = { maxSlots, maxFrames: 3000 };
      expect(ran(module, 'quiet', 900, limits, tier), `${maxSlots}`).toEqual(
        ran(module, 'quiet', 900, limits),
      );
    }
  });

  it('have room where they do not ask for it', () => {
    const wrong: unknown[] = [];
    for (const share of [1, 1 / 2, 1 / 64]) {
      for (let room = -100; room < 60_000; room += 7) {
        for (const first of [0, SMALL_FRAME, 4000]) {
          const frames = framesAbove(room, share);
          if (frames < 0) continue;
          // A frame more: the first may end in a tail call.
          const small = (frames + 1) * SMALL_FRAME;
          const large = Math.max(first, wordsFor(first, room, share));
          if (large + small > first + room) wrong.push([first, room, share]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('ask for words when they are large', async () => {
    const module = Module.decode(await wat(MODULE));
    const asks = [0, 1].map((funcidx) =>
      functionText(module, bodyOf(module, funcidx), { compilesHot: true }).text.includes('maxFp'),
    );
    expect(asks).toEqual([false, true]);
  });
});
