/** References to values of the host cross every tier as they are: `undefined` is a value like others, and no null. */
import { expect, it } from 'vitest';
import { wat } from '../../src/testing';
import { createWebAssembly } from './webassembly';

const bytes = wat(`(module
  (import "m" "id" (func $id (param externref) (result externref)))
  (import "m" "turned" (func $turned (param externref i64 externref) (result externref externref)))
  (import "m" "global" (global $imported (mut externref)))
  (table $table (export "table") 4 externref)
  (global $own (export "own") (mut externref) (ref.null extern))
  (func (export "param") (param externref) (result externref) local.get 0)
  (func (export "id") (param externref) (result externref) (call $id (local.get 0)))
  (func (export "turned") (param externref) (result externref)
    (call $turned (local.get 0) (i64.const 7) (ref.null extern)) (local.set 0) (drop) (local.get 0))
  (func (export "set") (param externref) (result externref)
    (table.set $table (i32.const 1) (local.get 0)) (table.get $table (i32.const 1)))
  (func (export "grow") (param externref) (result externref)
    (drop (table.grow $table (local.get 0) (i32.const 2))) (table.get $table (i32.sub (table.size $table) (i32.const 1))))
  (func (export "fill") (param externref) (result externref)
    (table.fill $table (i32.const 0) (local.get 0) (i32.const 3)) (table.get $table (i32.const 2)))
  (func (export "copy") (param externref) (result externref)
    (table.set $table (i32.const 1) (local.get 0))
    (table.copy $table $table (i32.const 2) (i32.const 1) (i32.const 2)) (table.get $table (i32.const 2)))
  (func (export "get") (result externref) (table.get $table (i32.const 0)))
  (func (export "setOwn") (param externref) (result externref) (global.set $own (local.get 0)) (global.get $own))
  (func (export "setImported") (param externref) (result externref)
    (global.set $imported (local.get 0)) (drop (call $id (ref.null extern))) (global.get $imported))
  (func (export "isNull") (param externref) (result i32) (ref.is_null (call $id (local.get 0))))
  (func $deep (export "deep") (param externref i32) (result externref)
    (if (result externref) (local.get 1)
      (then (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1))))
      (else (call $id (local.get 0)))))
  (func (export "long") (param externref i32) (result externref) (local externref)
    (local.set 2 (local.get 0))
    (loop $next (br_if $next (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (local.get 2)))`);

const VALUES = [
  undefined,
  null,
  0,
  -0,
  Number.NaN,
  '',
  'text',
  false,
  true,
  7n,
  Symbol.iterator,
  {},
  () => 1,
];

/** The exports by name. */
interface Named extends Record<string, unknown> {
  readonly table: {
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value: unknown): void;
  };
  readonly own: { value: unknown };
}

function crossed(tier: 'interpret' | 'javascript' | 'native', value: unknown) {
  const { Module, Instance, Global } = createWebAssembly({ tier, fuel: 1e12 });
  const global = new Global({ value: 'externref', mutable: true }, value);
  const id = (ref: unknown) => ref;
  const turned = (a: unknown, _: bigint, c: unknown) => [c, a];
  const { exports } = new Instance(new Module(bytes), { m: { id, turned, global } });
  const { table, own, ...funcs } = exports as unknown as Named;
  const call = (name: string, ...args: unknown[]): unknown =>
    (funcs[name] as (...args: unknown[]) => unknown)(...args);
  const seen: Record<string, unknown> = {};
  for (const name of ['param', 'id', 'turned', 'set', 'grow', 'fill', 'copy', 'setOwn', 'setImported']) {
    seen[name] = call(name, value);
  }
  seen.deep = call('deep', value, 5000);
  seen.long = call('long', value, 300_000);
  Object.assign(seen, {
    global: global.value,
    own: own.value,
    element: table.get(2),
    last: table.get(table.length - 1),
  });
  table.set(0, value);
  seen.get = call('get');
  global.value = own.value = value;
  return { seen: Object.entries(seen), isNull: call('isNull', value) };
}

it.each(['interpret', 'javascript', 'native'] as const)(
  '%s: a value of the host is itself wherever it comes from',
  (tier) => {
    for (const value of VALUES) {
      const { seen, isNull } = crossed(tier, value);
      for (const [name, found] of seen) expect([name, Object.is(found, value)]).toEqual([name, true]);
      expect(isNull).toBe(Number(value === null));
    }
  },
);
