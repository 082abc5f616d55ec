/** A function is lowered once for all instances of its module, within a budget; what is made of it is each instance's own. */
import { expect, it, vi } from 'vitest';
import { Store } from '../interpreter';
import { type Func, instantiate, type Memory } from '../runtime';
import { compile } from '../testing';
import { keptOf, Lowering, lower } from '.';
import { KEPT_BYTES, keepBody, keptBody } from './cache';

it('two instances lower once', () => {
  const module = compile(`(module (memory (export "m") 1) (global $g (mut i32) (i32.const 0))
    (func $add (param i32) (result i32) (i32.add (local.get 0) (global.get $g)))
    (func (export "run") (param i32) (result i32)
      (global.set $g (local.get 0)) (i32.store (i32.const 0) (local.get 0)) (call $add (i32.load (i32.const 0)))))`);
  const run = vi.spyOn(Lowering.prototype, 'run');
  const instances = Array.from({ length: 100 }, () => instantiate(new Store(), module, []));
  instances.forEach((instance, k) => {
    expect((instance.exports.get('run') as Func).call(k)).toBe(2 * k);
  });
  expect(run).toHaveBeenCalledTimes(2);
  run.mockRestore();
  expect(keptOf(module).bodies).toBe(2);
  instances.forEach((instance, k) => {
    expect((instance.exports.get('m') as Memory).bytes[0]).toBe(k);
  });
});

it('what writes are tracked in is made anew, not lowered', () => {
  const module = compile(`(module (memory (export "m") 1)
    (func (export "run") (param i32) (i32.store (local.get 0) (i32.const 1))))`);
  const instance = instantiate(new Store(), module, []);
  const func = instance.exports.get('run') as Func;
  const memory = instance.exports.get('m') as Memory;
  func.call(0);
  const run = vi.spyOn(Lowering.prototype, 'run');
  memory.track();
  func.call(8192);
  expect(run).not.toHaveBeenCalled();
  run.mockRestore();
  expect(Array.from(memory.takeDirty()!.subarray(0, 3))).toEqual([0, 0, 1]);
});

it('keeps within its budget, what was used last longest', () => {
  const functions = Array.from(
    { length: 60 },
    () => `(func ${'(drop (i32.load (i32.const 0)))'.repeat(600)})`,
  );
  const module = compile(`(module (memory 1) ${functions.join('')})`);
  for (let k = 0; k < 60; k++) {
    keepBody(module, lower(module, k));
    keptBody(module, 0);
    expect(keptOf(module).bytes).toBeLessThanOrEqual(KEPT_BYTES);
  }
  expect(keptOf(module).bodies).toBeLessThan(60);
  expect([0, 1, 59].map((k) => keptBody(module, k) !== undefined)).toEqual([true, false, true]);
});
