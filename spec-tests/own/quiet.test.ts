/** A quiet function is found hot by its entries, since no slice of fuel ends in it. */
import { afterAll, describe, expect, it } from 'vitest';
import { Module } from '../../src/decoder';
import { wat } from '../../src/decoder/testing';
import { Execution, Store } from '../../src/interpreter';
import { codeOf } from '../../src/interpreter/code';
import { type Func, i32, instantiate } from '../../src/runtime';
import { useCompactFactories, useFullFactories } from '../engines/factory-sets';

const module = Module.decode(
  await wat(`(module
    (func $quiet (export "quiet") (param i32) (result i32) (i32.add (i32.const 1) (i32.mul (local.get 0) (i32.const 10))))
    (func (export "often") (param $turns i32) (result i32) (local $sum i32)
      (loop $l (local.set $sum (call $quiet (local.get $sum)))
        (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
      (local.get $sum)))`),
);

function often(turns: number): number {
  let sum = 0;
  for (let k = 0; k < turns; k++) sum = (Math.imul(sum, 10) + 1) | 0;
  return sum;
}

afterAll(useCompactFactories);

describe('a quiet function that is entered often', () => {
  const TURNS = 30_000;
  it.each([
    ['at once', {}],
    ['in parts', { deadline: () => false }],
  ])('gets code of its own, made %s', (_, options) => {
    useFullFactories(true);
    const { exports } = instantiate(new Store(), module, []);
    const quiet = exports.get('quiet') as Func;
    const isHot = () => codeOf(quiet).code?.hot;
    const resultOf = (name: string, argument: number) => {
      const outcome = new Execution(exports.get(name) as Func, [i32(argument)]).run(options);
      return outcome.kind === 'done' ? outcome.results[0].lo : outcome.kind;
    };
    for (let k = 0; k < 100; k++) expect(resultOf('quiet', k)).toBe(10 * k + 1);
    expect(isHot()).toBe(false);
    expect(resultOf('often', TURNS)).toBe(often(TURNS));
    expect(isHot()).toBe(true);
    expect(resultOf('often', TURNS)).toBe(often(TURNS));
    expect(resultOf('quiet', 6)).toBe(61);
  });
});
