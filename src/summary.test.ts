/** What `console.log` shows of our objects: what a person asks for, on a few lines, however large the object is. */
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { wat } from './decoder/testing';
import * as core from './index';
import {
  Exception,
  Execution,
  Func,
  Global,
  I32,
  imports,
  instantiate,
  Module,
  Store,
  V128,
  v128,
} from './index';
import { createWebAssembly } from './webassembly';

const bytes = await wat(`(module $sample
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1 2)
  (table (export "table") 2 funcref)
  (tag (export "tag") (param i32 i64))
  (global (export "counter") (mut i32) (i32.const 5))
  (global (export "wide") i64 (i64.const -5))
  (global (export "lanes") v128 (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
  (elem (i32.const 0) $log)
  (func (export "add") (param i32 i32) (result i32)
    (loop $l (br_if $l (i32.eqz (local.get 0))))
    (i32.add (local.get 0) (local.get 1))))`);

function sample() {
  const module = Module.decode(bytes);
  const store = new Store();
  const env = { log() {} };
  return { module, store, instance: instantiate(store, module, imports(module, { env })) };
}

/** What this host says of a class of the entry: before Node 26 its own name, too, and the tag in brackets. */
function head(name: string): string {
  const named = { [name]: class {} }[name];
  Object.defineProperty(named.prototype, Symbol.toStringTag, { value: `tswasm.${name}` });
  return inspect(new named()).replace(/ \{\}$/, '');
}

it('modules', () => {
  expect(inspect(sample().module)).toBe(`${head('Module')} {
  name: 'sample',
  imports: [ 'env.log: func [i32] -> []' ],
  exports: [
    'memory: memory 1 to 2',
    'table: table 2 funcref',
    'tag: tag [i32 i64] -> []',
    'counter: global mut i32',
    'wide: global i64',
    'lanes: global v128',
    'add: func [i32 i32] -> [i32]'
  ],
  byteLength: ${bytes.length}
}`);
});

it('instances, and what they export', () => {
  const { instance } = sample();
  instance.memory('memory').grow(1);
  instance.table('table').grow(3);
  const short = inspect(instance, { breakLength: 200 });
  expect(short).toBe(`${head('Instance')} {
  name: 'sample',
  exports: Map(7) {
    'memory' => ${head('Memory')} { type: 'memory 2 to 2', byteLength: 131072 },
    'table' => ${head('Table')} { type: 'table 5 funcref', length: 5 },
    'tag' => ${head('Tag')} { type: 'tag [i32 i64] -> []' },
    'counter' => ${head('Global')} { type: 'global mut i32', value: 5 },
    'wide' => ${head('Global')} { type: 'global i64', value: -5n },
    'lanes' => ${head('Global')} { type: 'global v128', value: [Uint8Array] },
    'add' => ${head('Func')} { name: 'add', type: 'func [i32 i32] -> [i32]' }
  }
}`);
});

it('stores, executions, exceptions and functions of the host', () => {
  const { store, instance } = sample();
  const shown = inspect(store, { breakLength: 200 });
  expect(shown.startsWith(`${head('Store')} {`)).toBe(true);
  expect(shown.slice(head('Store').length)).toMatch(
    /^ \{\n {2}limits: \{[^{}]*\},\n {2}memoryBytes: 65536,\n {2}tableElements: 2,\n {2}codeBytes: 0\n\}$/,
  );
  const execution = new Execution(instance.func('add'), [0, 2]);
  execution.run({ fuel: 3 });
  expect(inspect(execution, { breakLength: 200 })).toBe(
    `${head('Execution')} { state: 'paused', func: ` +
      `${head('Func')} { name: 'add', type: 'func [i32 i32] -> [i32]' }, fuelUsed: 3 }`,
  );
  const exception = Exception.of(store, instance.tag('tag'), 1, 2n);
  expect(inspect(exception, { breakLength: 200 })).toBe(
    `${head('Exception')} { tag: ${head('Tag')} { type: 'tag [i32 i64] -> []' }, values: [ 1, 2n ] }`,
  );
  const nameless = Func.host(store, { params: [], results: [I32] }, () => undefined);
  expect(inspect(nameless)).toBe(`${head('Func')} { type: 'func [] -> [i32]' }`);
  const lanes = new Global(store, { value: V128, mutable: false }, v128(new Uint8Array(16).fill(7)));
  expect(inspect(lanes)).toContain('7, 7, 7, 7');
});

it('deep inside something else, only the class is told', () => {
  expect(inspect({ a: { b: { c: sample().instance } } })).toBe(`{ a: { b: { c: [${head('Instance')}] } } }`);
});

it('every class of the entry has a summary, so that none shows its insides', () => {
  const errors = Object.values(core).filter(
    (value) => typeof value === 'function' && value.prototype instanceof Error,
  );
  expect(errors.length).toBeGreaterThan(5);
  const classes = Object.entries(core).filter(
    ([, value]) =>
      typeof value === 'function' && /^class\b/.test(`${value}`) && !(value.prototype instanceof Error),
  );
  expect(classes.length).toBeGreaterThan(8);
  const without = classes.filter(([, value]) => !(inspect.custom in (value as typeof Func).prototype));
  expect(without.map(([name]) => name)).toEqual([]);
});

it('objects of the drop-in are shown as those of the engine are', () => {
  const native = (globalThis as unknown as { WebAssembly: ReturnType<typeof createWebAssembly> }).WebAssembly;
  const shown = ({ Module, Instance }: ReturnType<typeof createWebAssembly>) => {
    const module = new Module(bytes as Uint8Array<ArrayBuffer>);
    const instance = new Instance(module, { env: { log() {} } });
    return inspect({ module, instance, exports: instance.exports }, { depth: 4 });
  };
  expect(shown(createWebAssembly())).toBe(shown(native));
});
