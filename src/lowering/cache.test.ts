/** A function is lowered once for all instances of its module, within a budget; what is made of it is each instance's own. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

/** Functions of 0.2 MB each, as estimated. */
const manyFunctions = (count: number) => {
  const body = '(drop (i32.load (i32.const 0)))'.repeat(600);
  const functions = Array.from({ length: count }, (_, k) => `(func (export "f${k}") ${body})`);
  return compile(`(module (memory 1) ${functions.join('')})`);
};

it('keeps within its budget what came first', () => {
  const module = manyFunctions(100);
  for (let k = 0; k < 100; k++) {
    keepBody(module, lower(module, k));
    expect(keptOf(module).bytes).toBeLessThanOrEqual(KEPT_BYTES);
  }
  const { bodies } = keptOf(module);
  expect(bodies).toBeGreaterThan(10);
  expect(bodies).toBeLessThan(100);
  expect([0, bodies - 1, bodies].map((k) => keptBody(module, k) !== undefined)).toEqual([true, true, false]);
  // Another that is smaller may still have room, but none twice.
  expect(keepBody(module, lower(module, 0))).toBe(false);
});

it('takes room that nobody has, and gives it up for code', () => {
  const module = manyFunctions(24);
  const calls = (store: Store, count: number) => {
    const { exports } = instantiate(store, module, []);
    return () => {
      for (let k = 0; k < count; k++) (exports.get(`f${k}`) as Func).call();
    };
  };
  const roomy = new Store();
  calls(roomy, 24)();
  const each = roomy.code.used / 24;
  expect(keptOf(module).bodies).toBe(24);
  // The first store has lent the room: what another does takes nothing away.
  const tight = new Store({ maxCodeBytes: 24 * each });
  calls(tight, 24)();
  expect([keptOf(module).bodies, tight.code.used]).toEqual([24, 24 * each]);

  const other = manyFunctions(24);
  const store = new Store({ maxCodeBytes: 24 * each });
  const { exports } = instantiate(store, other, []);
  const counts = Array.from({ length: 24 }, (_, k) => {
    (exports.get(`f${k}`) as Func).call();
    const { bodies, bytes } = keptOf(other);
    expect(store.code.used + bytes).toBeLessThanOrEqual(24 * each);
    return bodies;
  });
  // All of it is given up at once; what comes later is kept again, until there is no room.
  expect(Math.max(...counts)).toBeGreaterThan(10);
  expect(counts[23]).toBeLessThan(Math.max(...counts));
  expect(store.code.used).toBe(24 * each);
});

it('a store does not keep what is kept', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const store = new Store();
  const seen = (() => {
    const module = manyFunctions(2);
    expect(keepBody(module, lower(module, 0), store.code)).toBe(true);
    return new WeakRef(keptBody(module, 0)!);
  })();
  for (let k = 0; k < 50 && seen.deref() !== undefined; k++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  expect(seen.deref()).toBeUndefined();
  expect(store.code.used).toBe(0);
});
