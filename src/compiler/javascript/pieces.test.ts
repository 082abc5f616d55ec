import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { RuntimeError } from '../../errors';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import type { Tier } from '../../interpreter/tiers';
import { type Func, i32, instantiate } from '../../runtime';
import { codeSize } from '../limits';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';
import { LONG_CODE } from './pieces';
import { JavaScriptTier } from './tier';

/** A loop that is left in every way: at its end, for two blocks and an outer loop around it, by a return, a trap, and in a call. */
const loop = (k: number): string => `
  (local.set $k (i32.const 6))
  (loop $l${k}
    (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.add (local.get $k) (i32.const ${k}))))
    (local.set $d (f64.add (f64.mul (local.get $d) (f64.const 0.5)) (f64.convert_i32_s (local.get $k))))
    (local.set $u (i64.add (i64.mul (local.get $u) (i64.const 0x123456789)) (i64.extend_i32_s (local.get $s))))
    (br_if $next (i32.eqz (i32.rem_u (local.get $s) (i32.const 41))))
    (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 43))) (then
      (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0)))))
    (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 5003))) (then (return (i32.const ${k}))))
    (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 7001))) (then (drop (i32.load (i32.const -4)))))
    (if (i32.eqz (i32.rem_u (local.get $s) (i32.const 97))) (then
      (local.set $s (i32.add (local.get $s) (call $count (i32.const 4))))))
    (br_if $l${k} (i32.gt_s (local.tee $k (i32.sub (local.get $k) (i32.const 1))) (i32.const 0))))`;
const LOOPS = 90;
const MODULE = `(module (memory 1)
  (func $count (param $n i32) (result i32)
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 9))
  (func (export "run") (param $seed i32) (result i32)
    (local $n i32) (local $k i32) (local $s i32) (local $d f64) (local $u i64)
    (local.set $s (local.get $seed))
    (local.set $n (i32.const 12))
    (loop $again
      ${Array.from({ length: LOOPS / 2 }, (_, k) => `(block $next ${loop(2 * k)} ${loop(2 * k + 1)})`).join('')}
      (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (i32.xor (local.get $s)
      (i32.xor (i32.wrap_i64 (local.get $u)) (i32.wrap_i64 (i64.reinterpret_f64 (local.get $d)))))))`;

let module: Module;
beforeAll(async () => {
  module = Module.decode(await wat(MODULE));
});

/** How a call ends, where, and what it took; stopped after each so many safepoints. */
function ran(seed: number, every: number, tier?: Tier): unknown {
  const store = new Store();
  if (tier !== undefined) usePolicy(store, always(tier));
  const execution = new Execution(instantiate(store, module, []).exports.get('run') as Func, [i32(seed)]);
  const seen: unknown[] = [];
  for (;;) {
    const outcome = execution.run({ fuel: every });
    if (outcome.kind === 'paused') {
      seen.push(execution.frames().map(({ offset, kind }) => [offset, kind]));
      continue;
    }
    const { error } = outcome as { error?: unknown };
    const trap = error instanceof RuntimeError ? [error.code, error.offset] : [];
    return [...seen, outcome.kind, ...trap, JSON.stringify(outcome), execution.fuelUsed];
  }
}

describe('long functions', () => {
  it('are written in pieces that the engine compiles', () => {
    const body = bodyOf(module, 1);
    expect(codeSize(module, 1)).toBeGreaterThan(LONG_CODE);
    const { text } = functionText(module, body, true);
    const functions = text.split(/(?=function )/).map((part) => part.length);
    expect(functions.length).toBeGreaterThan(LOOPS);
    // A character of text is no more than two bytes of bytecode: V8 takes 60 KB.
    expect(Math.max(...functions)).toBeLessThan(30_000);
    // Nothing is gained where nothing is compiled.
    expect(functionText(module, body, false).text).not.toContain('function p0');
  });

  it.each([Number.POSITIVE_INFINITY, 7, 211])('end as in the interpreter, stopped every %d', (every) => {
    const tier = new JavaScriptTier({ evaluate, compilesHot: true });
    const ends = new Set<unknown>();
    for (let seed = 1; seed <= 40; seed++) {
      const expected = ran(seed, every) as unknown[];
      for (const part of expected) if (typeof part === 'string') ends.add(part);
      expect(ran(seed, every, tier), `${seed}`).toEqual(expected);
    }
    expect([...ends]).toEqual(expect.arrayContaining(['done', 'trapped', 'memoryBounds']));
    expect(tier.counts.entered).toBeGreaterThan(0);
  });
});
