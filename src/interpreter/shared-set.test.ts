/** Where the engine compiles nothing, the best set of factories is loaded once something is hot, and all code shares it from then on. */
import { afterEach, expect, it } from 'vitest';
import { isQuiet } from '../decoder/quiet';
import { createFactories as createFull } from '../factories';
import { type Func, instantiate } from '../runtime';
import { compile } from '../testing';
import { Store } from '.';
import { codeOf } from './code';
import { setFreshFactories, sourceOf } from './factories';

afterEach(() => setFreshFactories(undefined));

const MODULE = compile(`(module
  (func (export "first") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "second") (param i32) (result i32) (i32.add (local.get 0) (i32.const 2)))
  (func (export "third") (param i32) (result i32) (i32.add (local.get 0) (i32.const 3))))`);

it('is loaded when a quiet function has been entered 24,000 times; others are made anew after 3,000, and new ones at once', () => {
  let loaded = 0;
  setFreshFactories((environment) => {
    loaded++;
    return sourceOf(createFull(environment));
  }, false);
  const { exports } = instantiate(new Store(), MODULE, []);
  const [first, second, third] = ['first', 'second', 'third'].map((name) => exports.get(name) as Func);
  expect([0, 1, 2].map((funcidx) => isQuiet(MODULE, funcidx))).toEqual([true, true, true]);
  const enter = (func: Func, times: number) => {
    for (let k = 0; k < times; k++) func.call(k);
    return codeOf(func).code!.hot;
  };
  // The first entry makes the code, and is not counted.
  expect([enter(second, 1), enter(first, 1 + 23_999), loaded]).toEqual([false, false, 0]);
  expect([enter(first, 1), loaded]).toEqual([true, 1]);
  expect([enter(second, 2_999), enter(second, 1)]).toEqual([false, true]);
  expect([enter(third, 1), loaded]).toEqual([true, 1]);
  expect([first.call(1), second.call(1), third.call(1)]).toEqual([2, 3, 4]);
});

it('is not looked for where there is none', () => {
  setFreshFactories(undefined);
  const { exports } = instantiate(new Store(), MODULE, []);
  const first = exports.get('first') as Func;
  for (let k = 0; k < 30_000; k++) first.call(k);
  expect(codeOf(first).code!.hot).toBe(false);
});
