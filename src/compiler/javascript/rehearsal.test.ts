import { describe, expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { TierMachine } from '../../interpreter/tiers';
import { bodyOf } from './bodies';
import { continuationText } from './continuations';
import { functionText } from './functions';
import { rehearse, sitesFor } from './rehearsal';

/** `run` leaves with nothing on the operand stack, and with something. */
const MODULE = `(module
  (func $host (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (unreachable)))
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 1))
  (func (export "other") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "run") (param $n i32) (result i32) (local $d f64)
    (loop $l
      (local.set $d (f64.add (f64.const 0.5)
        (block (result f64) (f64.const 1.5)
          (local.set $n (i32.add (local.get $n)
            (block (result i32) (loop $k
              (local.set $d (f64.mul (local.get $d) (f64.const 0.75)))
              (br_if $k (f64.gt (local.get $d) (f64.const 0.1)))) (call $host (i32.const 3)))))
          (local.set $n (i32.sub (local.get $n) (i32.const 2))))))
      (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
    (i32.trunc_f64_s (f64.mul (local.get $d) (f64.const 1000)))))`;

describe('the rehearsal of leaving', () => {
  it('is a call for each site, and leaves the machine as it was', () => {
    const stack = { ints: Int32Array.of(1, 2, 3, 4, 5, 6), refs: ['a', 'b', 'c'] };
    const counter = Int32Array.of(77, 8);
    const asked = { rehearsed: undefined as number | undefined, p: -1, counter };
    const seen: unknown[] = [];
    const call = (fp: number, sp: number): void => {
      seen.push([asked.rehearsed, ...counter, fp, sp]);
      asked.p = 3;
      // Its frame has four words.
      stack.ints.fill(9, 0, 4);
      stack.refs.fill('frame', 0, 2);
    };
    const leaving = { ways: [0, 3], part: 0.5 };
    rehearse({ call, leaving, words: 4 }, { stack } as unknown as TierMachine, asked);
    expect(seen).toEqual(sitesFor(leaving).map((site) => [site, 0, 0, 0, 0]));
    expect(asked).toEqual({ rehearsed: undefined, p: -1, counter: Int32Array.of(77, 8) });
    expect([...stack.ints]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stack.refs).toEqual(['a', 'b', 'c']);
  });

  const rules = { compilesHot: true, paysBefore: true };
  it.each([
    ['a function', (module: Module) => functionText(module, bodyOf(module, 2), { compilesHot: true })],
    ['a continuation', (module: Module) => continuationText(module, bodyOf(module, 2), rules).open],
  ])('runs eight times as much as there is of %s, and then each way', async (_, textOf) => {
    const { leaving } = textOf(Module.decode(await wat(MODULE)));
    expect(leaving!.ways.length).toBeGreaterThan(1);
    const sites = sitesFor(leaving!);
    expect(sites.slice(-leaving!.ways.length)).toEqual(leaving!.ways);
    const before = sites.length - leaving!.ways.length;
    expect(before * leaving!.part).toBeGreaterThan(8);
    expect(before * leaving!.part).toBeLessThan(20);
  });
});
