/** Globals between native code and the runtime: what its functions set comes out, what others set goes in, and no more than that is moved. */
import { expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { Func, Global, i32, instantiate } from '../../runtime';
import { compile } from '../../testing';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

const I32 = { params: [], results: [0x7f] };

it('is right where a mutable global is imported twice', () => {
  const module = compile(`(module
    (import "m" "g" (global $a (mut i32))) (import "m" "g" (global $b (mut i32)))
    (func (export "run") (param i32) (result i32)
      (loop $again
        (global.set $a (i32.add (global.get $b) (i32.const 1)))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (global.get $b)))`);
  const store = new Store();
  const tier = new NativeTier(HOST);
  usePolicy(store, always(tier));
  const global = new Global(store, { value: 0x7f, mutable: true }, i32(5));
  const { exports } = instantiate(store, module, [global, global]);
  expect((exports.get('run') as Func).call(10)).toBe(15);
  expect(global.get().lo).toBe(15);
  expect([...tier.counts.refused.keys()]).toEqual(['one of its mutable globals is imported twice']);
});

it.each([
  { count: 3, results: 'i32' },
  { count: 500, results: 'i32' },
  { count: 500, results: 'f64' },
])(
  'moves those that it sets, and all where another one has changed ($count, calls that give $results)',
  ({ count, results }) => {
    const names = Array.from({ length: count }, (_, k) => `g${k}`);
    const module = compile(`(module
    (import "m" "h" (func $h (result ${results})))
    ${names.map((name) => `(import "m" "${name}" (global $${name} (mut i32)))`).join('\n')}
    (global $own (export "own") (mut i64) (i64.const 0))
    (func (export "run") (param i32) (result i32) (local $sum i32)
      (loop $again
        (global.set $g1 (i32.add (global.get $g1) (i32.const 1)))
        (global.set $own (i64.add (global.get $own) (i64.extend_i32_u (global.get $g${count - 1}))))
        (drop (call $h))
        (local.set $sum (i32.add (local.get $sum) (i32.add (global.get $g1) (global.get $g${count - 1}))))
        (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get $sum)))`);
    /** Values that cross one by one. */
    let crossed = 0;
    const Instance = new Proxy(HOST.Instance, {
      construct(
        target,
        [emitted, imports]: [object, { runtime: Record<string, (...args: never[]) => unknown> }],
      ) {
        if (imports.runtime === undefined) return new target(emitted, imports);
        const runtime = { ...imports.runtime };
        for (const name of ['pushI32', 'pushI64', 'takeI32', 'takeI64']) {
          runtime[name] = (...args: never[]) => {
            crossed++;
            return imports.runtime[name](...args);
          };
        }
        return new target(emitted, { ...imports, runtime });
      },
    });
    const outcomes = [true, false].map((isNative) => {
      const store = new Store();
      if (isNative)
        usePolicy(store, always(new NativeTier(Object.create(HOST, { Instance: { value: Instance } }))));
      const globals = names.map((_, k) => new Global(store, { value: 0x7f, mutable: true }, i32(k)));
      const seen: unknown[] = [];
      let turns = 0;
      const host = Func.host(store, { ...I32, results: [results === 'i32' ? 0x7f : 0x7c] }, () => {
        seen.push(globals[1].get().lo);
        // Now and then another one changes, whether it sets that or not.
        if (++turns === 40) globals[count - 1].set(i32(1000));
        if (turns === 60) globals[1].set(i32(-7));
      });
      const instance = instantiate(store, module, [host, ...globals]);
      const sum = (instance.exports.get('run') as Func).call(100);
      return [
        sum,
        seen,
        globals.map((global) => global.get().lo),
        (instance.exports.get('own') as Global).get(),
      ];
    });
    expect(outcomes[0]).toEqual(outcomes[1]);
    // Two that it sets come out at each of 100 calls, and go in if they have to: three times all of them.
    expect(crossed).toBeLessThan(700 + 5 * count);
  },
);
