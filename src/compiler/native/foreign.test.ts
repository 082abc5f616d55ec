/** Functions of other instances in a module's tables: native code calls each by its place, whichever is there then. */
import { expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Extern, type Func, instantiate, type Table } from '../../runtime';
import { compile } from '../../testing';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

const OTHER = compile(`(module
  (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "negated") (param i32) (result i32) (i32.sub (i32.const 0) (local.get 0)))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1))))`);
const MODULE = compile(`(module
  (type $unary (func (param i32) (result i32))) (type $wide (func (param i64) (result i64)))
  (table $t (export "t") 8 funcref) (table $u (export "u") 8 funcref)
  (func $own (type $unary) (i32.add (local.get 0) (i32.const 100)))
  (elem (table $t) (i32.const 0) func $own)
  (func (export "t of") (param i32 i32) (result i32) (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "u of") (param i32 i32) (result i32) (call_indirect $u (type $unary) (local.get 1) (local.get 0)))
  (func (export "tail") (param i32 i32) (result i32) (return_call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "wide of") (param i32 i64) (result i64) (call_indirect $t (type $wide) (local.get 1) (local.get 0)))
  (func (export "nested") (result i32)
    (call_indirect $t (type $unary) (call_indirect $t (type $unary) (call_indirect $u (type $unary) (i32.const 5) (i32.const 1)) (i32.const 2)) (i32.const 1))))`);

it('calls what stands at the place, of any instance', () => {
  const store = new Store();
  const tier = new NativeTier(HOST);
  usePolicy(store, always(tier));
  const others = [0, 1].map(() => instantiate(store, OTHER, []));
  const other = (name: string, at = 0): Extern => others[at].exports.get(name)!;
  const { exports } = instantiate(store, MODULE, []);
  const call = (name: string, ...args: (number | bigint)[]): unknown =>
    (exports.get(name) as Func).call(...args);
  const [t, u] = ['t', 'u'].map((name) => exports.get(name) as Table);
  t.set(1, other('twice') as Func);
  t.set(2, other('negated') as Func);
  t.set(3, other('twice', 1) as Func);
  t.set(4, other('wide') as Func);
  u.set(1, other('negated') as Func);
  for (let round = 0; round < 3; round++) {
    expect([0, 1, 2, 3].map((index) => call('t of', index, 7))).toEqual([107, 14, -7, 14]);
    expect([call('u of', 1, 7), call('tail', 2, 9), call('wide of', 4, 7n), call('nested')]).toEqual([
      -7,
      -9,
      8n,
      10,
    ]);
    expect(() => call('t of', 4, 7)).toThrow('indirect call type mismatch');
    expect(() => call('t of', 5, 7)).toThrow('uninitialized element');
  }
  t.set(1, other('negated', 1) as Func);
  u.set(1, other('twice') as Func);
  expect([call('t of', 1, 7), call('u of', 1, 7), call('tail', 1, 8), call('nested')]).toEqual([
    -7, 14, -8, 10,
  ]);
  expect(tier.counts.entered).toBeGreaterThan(30);
});

it('makes one module of the host for many of a type', () => {
  const store = new Store();
  let made = 0;
  const Module = new Proxy(HOST.Module, {
    construct(target, args: [Uint8Array]) {
      made++;
      return new target(...args);
    },
  });
  usePolicy(store, always(new NativeTier(Object.create(HOST, { Module: { value: Module } }))));
  const { exports } = instantiate(store, MODULE, []);
  const table = exports.get('t') as Table;
  const sum = (): unknown => (exports.get('t of') as Func).call(1, 4);
  for (let k = 1; k < 8; k++) table.set(k, instantiate(store, OTHER, []).exports.get('twice') as Func);
  expect(sum()).toBe(8);
  expect(made).toBeGreaterThan(1);
  expect(made).toBeLessThan(5);
});
