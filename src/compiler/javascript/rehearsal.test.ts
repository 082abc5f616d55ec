import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../spec-tests/engines/javascript-tier';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';
import type { Evaluate } from './instance';
import { sitesFor } from './rehearsal';
import { JavaScriptTier } from './tier';

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

/** As V8's natives tell. */
const natives = {
  optimize: (_: unknown): void => {},
  isOptimized: (_: unknown): boolean => false,
};
setFlagsFromString('--allow-natives-syntax');
const asked = new Script(`({
  optimize: (f) => { %OptimizeFunctionOnNextCall(f); },
  isOptimized: (f) => (%GetOptimizationStatus(f) & 16) !== 0,
})`).runInThisContext() as typeof natives;
natives.optimize = asked.optimize;
natives.isOptimized = asked.isOptimized;
asked.isOptimized(() => {});
asked.optimize(() => {});
setFlagsFromString('--no-allow-natives-syntax');

interface Made {
  readonly f?: unknown;
}

describe('the rehearsal of leaving', () => {
  it('shows V8 every way out before the function is optimised', async () => {
    const made: Made[] = [];
    const watched: Evaluate = (parameters, body) => {
      const make = evaluate(parameters, body);
      return (...given) => {
        const result = make(...given);
        made.push(result as Made);
        return result;
      };
    };
    const module = Module.decode(await wat(MODULE));
    const store = new Store();
    usePolicy(store, always(new JavaScriptTier({ evaluate: watched, compilesHot: true })));
    const { exports } = instantiate(store, module, []);
    /** Calls it, and stops after so many safepoints if it takes that many. */
    const stopped = (fuel?: number, name = 'run'): string =>
      new Execution(exports.get(name) as Func, [i32(400)]).run({ fuel }).kind;
    for (let k = 0; k < 50; k++) expect(stopped()).toBe('done');
    // The first that was made is that of `run`.
    const { f } = made[0];
    expect(f).toBeDefined();
    // Somebody has left that others wait for, as happens early in every program.
    expect(stopped(20, 'other')).toBe('paused');
    natives.optimize(f);
    expect(stopped()).toBe('done');
    expect(natives.isOptimized(f)).toBe(true);
    for (let fuel = 1; fuel < 60; fuel++) expect(stopped(fuel)).toBe('paused');
    expect(natives.isOptimized(f)).toBe(true);
  });

  it('runs eight times as much as there is of a function, and then each way', async () => {
    const module = Module.decode(await wat(MODULE));
    const { leaving } = functionText(module, bodyOf(module, 2), true);
    expect(leaving!.ways.length).toBeGreaterThan(1);
    const sites = sitesFor(leaving!);
    expect(sites.slice(-leaving!.ways.length)).toEqual(leaving!.ways);
    const before = sites.length - leaving!.ways.length;
    expect(before * leaving!.part).toBeGreaterThan(8);
    expect(before * leaving!.part).toBeLessThan(20);
  });
});
