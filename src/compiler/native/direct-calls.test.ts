/** Calls from JavaScript that pass their arguments directly: what they give, and what they leave, is what calls with slots give and leave. */
import { describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Store } from '../../interpreter';
import { invoke } from '../../interpreter/invoke';
import { usePolicy } from '../../interpreter/machine';
import { Func, type Global, type Instance, i32, instantiate, type Memory } from '../../runtime';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

const MODULE = Module.decode(
  await wat(`(module
    (import "host" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $g (export "g") (mut i32) (i32.const 0))
    (func (export "nothing") (global.set $g (i32.add (global.get $g) (i32.const 1))))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "add64") (param i64 i32 i64) (result i64)
      (i64.add (local.get 0) (i64.add (i64.extend_i32_s (local.get 1)) (local.get 2))))
    (func (export "half") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
    (func (export "out") (param i32) (result i32)
      (global.set $g (local.get 0))
      (i32.add (call $f (local.get 0)) (i32.mul (global.get $g) (i32.const 1000))))
    (func (export "long") (param $n i32) (result i32) (local $sum i32)
      (loop $l
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    (func (export "last") (param i32) (result i32) (return_call $f (local.get 0)))
    (func (export "trap") (param i32) (result i32) (unreachable)))`),
);

interface World {
  readonly instance: Instance;
  readonly call: (name: string, ...args: unknown[]) => unknown;
  readonly tier: NativeTier | undefined;
}
function world(tier: NativeTier | undefined, f: (x: number, world: World) => unknown = (x) => x + 1): World {
  const store = new Store({ tier: 'interpret' });
  if (tier !== undefined) usePolicy(store, always(tier));
  const host = Func.js(store, MODULE.funcType(0), (x: number) => f(x, made));
  const instance = instantiate(store, MODULE, [host]);
  const call = (name: string, ...args: unknown[]) => (instance.exports.get(name) as Func).call(...args);
  const made = { instance, call, tier };
  return made;
}
function outcome(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}
/** What is done natively, and by the interpreter. Each function has been called before: only then it is known where it begins. */
function expectSame(actions: (world: World) => unknown, f?: (x: number, world: World) => unknown): void {
  const tier = new NativeTier(HOST);
  const [native, interpreted] = [tier, undefined].map((one) => {
    const made = world(one, f);
    return [outcome(() => actions(made)), outcome(() => actions(made))];
  });
  expect(tier.counts.entered).toBeGreaterThan(0);
  expect(native).toEqual(interpreted);
}

describe('direct calls', () => {
  it.each([
    ['add', [1, 2]],
    ['add', [2 ** 31, -0.5]],
    ['add', [1e10, 3.99]],
    ['add', [Number.NaN, Number.NEGATIVE_INFINITY]],
    ['add', ['7', null]],
    ['add', [5]],
    ['add', [1, 2, 3]],
    ['add', [1n, 2]],
    ['add64', [2n ** 64n + 5n, -1, -(2n ** 63n)]],
    ['add64', [1n, 2, 3]],
    ['add64', ['12', '3', true]],
    ['half', [3]],
    ['nothing', []],
    ['trap', [1]],
  ])('%s(%s)', (name, args) => {
    expectSame(({ call, instance }) => {
      call('nothing');
      const result = outcome(() => call(name, ...args));
      return [result, (instance.exports.get('g') as Global).get()];
    });
  });

  it('ask objects for their values before they begin', () => {
    expectSame(({ call }) => {
      const order: unknown[] = [];
      const asked = { valueOf: () => order.push(call('add', 1, order.length)) };
      return [call('add', asked, asked), order];
    });
  });

  it('within each other, with globals', () => {
    expectSame(
      ({ call, instance }) => [call('out', 4), (instance.exports.get('g') as Global).get()],
      (x, { call, instance }) => {
        if (x === 0) throw new Error('that is enough');
        if (x === 2) (instance.exports.get('g') as Global).set(i32(70));
        return outcome(() => call('out', x - 1));
      },
    );
  });

  it('as tail calls of the host', () => {
    expectSame(({ call }) => [call('last', 4), call('last', 5)]);
  });

  it('which leave have their results in slots', () => {
    expectSame(({ instance }) => {
      const func = instance.exports.get('long') as Func;
      let runs = 0;
      const options = () => {
        runs++;
        return { fuel: 10 };
      };
      const used: number[] = [];
      const limits = { fuel: 10, hasClock: false, options, optionsOf: options, spend: used.push.bind(used) };
      return [invoke(func, [1000], invoke, false, limits), runs, used];
    });
  });

  it('begin elsewhere when the memory has gone meanwhile', () => {
    expectSame(({ instance, call }) => {
      call('add', 1, 2);
      (instance.exports.get('memory') as Memory).buffer.slice(0, 8);
      return call('add', 3, 4);
    });
  });
});
