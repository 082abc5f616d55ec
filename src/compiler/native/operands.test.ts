/** What waits below a call is what the frame says, whatever has made it: natively as in the interpreter. */
import { describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, type Instance, i32, instantiate } from '../../runtime';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

const TYPES = ['i32', 'i64', 'f32', 'f64'] as const;
type Type = (typeof TYPES)[number];

/** Instructions that give the first or second value of a type, by where code could read it later. */
const MADE: Readonly<Record<string, (type: Type, k: 1 | 2) => string>> = {
  'a local': (_, k) => `(local.get $v${k})`,
  'a local that is written later': (type, k) =>
    `(local.get $w${k}) (local.set $w${k} (${type}.const ${30 + k}))`,
  'a local that is written at once': (type, k) => `(local.tee $v${k} (${type}.const ${40 + k}))`,
  'a constant': (type, k) => `(${type}.const ${10 + k})`,
  'a global': (type, k) => `(global.get $${type}${k})`,
  'what a call returns': (type, k) => `(call $id_${type} (${type}.const ${20 + k}))`,
  'a block': (type, k) => `(block (result ${type}) (local.get $v${k}))`,
};
/** What becomes of them: one value. */
const BECOMES: Readonly<Record<string, (type: Type, first: string, second: string) => string>> = {
  select: (_, first, second) => `${first} ${second} local.get $c select`,
  'a select of a type': (type, first, second) => `${first} ${second} local.get $c select (result ${type})`,
  'a select behind a block': (_, first, second) =>
    `${first} ${second} (block (result i32) (local.get $c)) select`,
  'a select behind a call': (_, first, second) => `${first} ${second} (call $id_i32 (local.get $c)) select`,
  'a sum': (type, first, second) => `${first} ${second} ${type}.add`,
  'the first': (_, first, second) => `${first} ${second} drop`,
  'what an if gives': (type, first, second) =>
    `(if (result ${type}) (local.get $c) (then ${first}) (else ${second}))`,
  'what a branch gives': (type, first, second) =>
    `(block (result ${type}) ${first} local.get $c br_if 0 drop ${second})`,
};

function moduleOf(type: Type): { readonly text: string; readonly names: readonly string[] } {
  const names: string[] = [];
  const functions: string[] = [];
  for (const [becomes, join] of Object.entries(BECOMES)) {
    for (const [first, one] of Object.entries(MADE)) {
      for (const [second, two] of Object.entries(MADE)) {
        names.push(`${becomes} of ${first} and ${second}`);
        functions.push(`(func (export "${names.at(-1)}") (param $c i32) (result ${type})
          (local $v1 ${type}) (local $v2 ${type}) (local $w1 ${type}) (local $w2 ${type})
          (local.set $v1 (${type}.const 1)) (local.set $v2 (${type}.const 2))
          (local.set $w1 (${type}.const 3)) (local.set $w2 (${type}.const 4))
          ${join(type, one(type, 1), two(type, 2))} (call $stop) ${type}.add)`);
      }
    }
  }
  const text = `(module
    (global $${type}1 (mut ${type}) (${type}.const 51)) (global $${type}2 (mut ${type}) (${type}.const 52))
    (func $id_${type} (param ${type}) (result ${type}) (local.get 0))
    ${type === 'i32' ? '' : '(func $id_i32 (param i32) (result i32) (local.get 0))'}
    (func $stop (result ${type}) (local $n i32)
      (loop $again (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
      (${type}.const 1000))
    ${functions.join('\n')})`;
  return { text, names };
}

const tier = new NativeTier(HOST);
function instanceOf(module: Module, natively: boolean): Instance {
  const store = new Store();
  if (natively) usePolicy(store, always(tier));
  return instantiate(store, module, []);
}

describe.each(TYPES)('%s', (type) => {
  it('waits as the value that it is', async () => {
    const { text, names } = moduleOf(type);
    const module = Module.decode(await wat(text));
    const native = instanceOf(module, true);
    const interpreted = instanceOf(module, false);
    for (const name of names) {
      for (const condition of [0, 1]) {
        const told = [native, interpreted].map((instance) => {
          const execution = new Execution(instance.exports.get(name) as Func, [i32(condition)]);
          const { kind } = execution.run({ fuel: 20 });
          const frames = execution
            .frames()
            .map(({ funcidx, offset, values }) => ({ funcidx, offset, values }));
          return { kind, frames, end: execution.run() };
        });
        expect(told[0].kind).toBe('paused');
        expect(told[0], `${name}, ${condition}`).toEqual(told[1]);
      }
    }
  });
});
