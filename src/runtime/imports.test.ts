/** Imports and exports by name: what a user gives, what arrives, and what the messages say. */
import { describe, expect, test, vi } from 'vitest';
import {
  Execution,
  Func,
  I32,
  type Imports,
  imports,
  instantiate,
  Memory,
  Module,
  runAsync,
  Store,
  type UntypedExports,
} from '../index';
import { compile, wat } from '../testing';

const module = compile(`(module
  (import "host" "log" (func $log (param i32 i64 f64)))
  (import "host" "ask" (func $ask (param i32) (result i32)))
  (import "host" "pair" (func $pair (result i32 i64)))
  (import "host" "base" (global $base i32))
  (import "host" "big" (global $big i64))
  (import "env" "memory" (memory 1))
  (global (export "count") (mut i32) (i32.const 7))
  (table (export "table") 1 funcref)
  (export "memory" (memory 0))
  (func (export "log") (call $log (i32.const 1) (i64.const -2) (f64.const 0.5)))
  (func (export "ask") (param i32) (result i32) (i32.add (global.get $base) (call $ask (local.get 0))))
  (func (export "pair") (result i32 i64) (call $pair))
  (func (export "big") (result i64) (global.get $big)))`);

interface Exports {
  log(): void;
  ask(question: number): number;
  pair(): [number, bigint];
  big(): bigint;
  memory: Memory;
}

function byName(store: Store, seen: unknown[] = []) {
  return {
    host: {
      log: (...args: unknown[]) => seen.push(args),
      ask: (question: number) => question * 2,
      pair: () => [5, 6n],
      base: 100,
      big: 2n ** 40n,
    },
    env: { memory: new Memory(store, memoryType) },
  };
}
const memoryType = { min: 1, max: undefined, address: 'i32', shared: false, pageBits: 16 } as const;

function fresh(): { store: Store; seen: unknown[]; given: ReturnType<typeof byName> } {
  const store = new Store();
  const seen: unknown[] = [];
  return { store, seen, given: byName(store, seen) };
}

function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error('was not refused');
}

describe('imports by name', () => {
  test('plain functions and numbers, by name and in the order of the module', () => {
    const ways: ((given: ReturnType<typeof byName>) => Imports)[] = [
      (given) => given,
      (given) => imports(module, given),
      (given) => imports(module, { host: given.host }, { env: given.env }),
      ({ host, env }) => [host.log, host.ask, host.pair, host.base, host.big, env.memory],
      ({ host, env }) => imports(module, { env }, (_from, name) => host[name as keyof typeof host]),
      ({ host, env }) => ({ host: new Map(Object.entries(host)), env }),
    ];
    for (const way of ways) {
      const { store, seen, given } = fresh();
      const instance = instantiate<Exports>(store, module, way(given));
      instance.func('log').call();
      expect(seen).toEqual([[1, -2n, 0.5]]);
      expect(instance.func('ask').call(4)).toBe(108);
      expect(instance.func('pair').call()).toEqual([5, 6n]);
      expect(instance.func('big').call()).toBe(2n ** 40n);
      expect(instance.memory('memory')).toBe(given.env.memory);
    }
  });

  test('the last source wins', () => {
    const { store, given } = fresh();
    const list = imports(module, given, { host: { ask: () => 1 } });
    expect(instantiate<Exports>(store, module, list).func('ask').call(9)).toBe(101);
  });

  test('an instance imports what another exports', () => {
    const { store, given } = fresh();
    const first = instantiate(store, module, given);
    const second = compile(
      '(module (import "first" "ask" (func (param i32) (result i32))) (export "ask" (func 0)))',
    );
    const { exports } = instantiate(store, second, { first: first.exports });
    expect(exports.get('ask')).toBe(first.exports.get('ask'));
  });

  test('the guest waits for a promise', async () => {
    const { store, given } = fresh();
    const host = { ...given.host, ask: async (question: number) => question + 1 };
    const instance = instantiate(store, module, { ...given, host });
    const execution = new Execution(instance.func('ask'), [2]);
    const scheduler = { now: () => 0, turn: () => new Promise<void>((resolve) => setTimeout(resolve)) };
    const outcome = await runAsync(execution, scheduler);
    expect(outcome.kind === 'done' && outcome.results[0].lo).toBe(103);
  });

  test('all that is missing is listed, with its type', () => {
    expect(message(() => instantiate(new Store(), module, { host: { log: () => {} } }))).toBe(
      `LinkError: ${[
        'unknown import: "host" "ask": expected func [i32] -> [i32]',
        'unknown import: "host" "pair": expected func [] -> [i32 i64]',
        'unknown import: "host" "base": expected global i32',
        'unknown import: "host" "big": expected global i64',
        'unknown import: "env" "memory": expected memory 1',
      ].join('\n')}`,
    );
  });

  test('names of Object.prototype are not there', () => {
    const odd = compile('(module (import "constructor" "name" (func)) (import "a" "toString" (func)))');
    expect(message(() => imports(odd, { a: {} }))).toContain('unknown import: "a" "toString"');
  });

  test('what cannot stand for an import is told', () => {
    const { store, given } = fresh();
    const wrong = (host: object) =>
      message(() => instantiate(store, module, { ...given, host: { ...given.host, ...host } } as never));
    expect(wrong({ log: 5 })).toContain('import "host" "log": expected a Func');
    expect(wrong({ base: 5n })).toContain('import "host" "base"');
    expect(wrong({ big: 5 })).toContain('import "host" "big"');
    expect(wrong({ base: () => 5 })).toContain('not a function');
    expect(message(() => imports(module, 7 as never))).toContain('not 7');
    expect(message(() => imports(module, { host: 7 } as never))).toContain(
      'expected an object at "host", not 7',
    );
    expect(message(() => instantiate({} as never, module, given))).toContain(
      'expected a Store, not an object',
    );
    expect(message(() => instantiate(store, {} as never, given))).toContain(
      'expected a Module, not an object',
    );
    expect(message(() => instantiate(store, module as never, store as never))).toContain('unknown import');
  });
});

describe('exports by name', () => {
  const { store, given } = fresh();
  const instance = instantiate(store, module, given);

  test('each kind', () => {
    expect(instance.func('log')).toBeInstanceOf(Func);
    expect(instance.global('count').get().lo).toBe(7);
    expect(instance.table('table').length).toBe(1);
    expect(instance.memory('memory').byteLength).toBe(65536);
  });

  test('messages say what there is', () => {
    expect(message(() => instance.func('lgo'))).toBe(
      'TypeError: no function is exported as "lgo"; there are "log", "ask", "pair", "big"',
    );
    expect(message(() => instance.memory('log'))).toBe(
      'TypeError: the export "log" is a function, not a memory; there are "memory"',
    );
    expect(message(() => instance.tag('log'))).toContain('the module exports no tag');
    expect(message(() => instance.global('\x1b[2J'))).toContain('\\u{1b}');
    expect(message(() => instance.func(0 as never))).toContain('a string');
  });

  test('many are cut', () => {
    const funcs = Array.from({ length: 30 }, (_, k) => `(func (export "f${k}"))`).join('');
    const many = instantiate(new Store(), compile(`(module ${funcs})`));
    expect(message(() => many.func('g'))).toMatch(/"f19" and 10 more$/);
  });
});

test('objects of another copy of tswasm are called that', async () => {
  vi.resetModules();
  const copy = await import('../index');
  expect(copy.Store).not.toBe(Store);
  const { store, given } = fresh();
  const refused = [
    () => instantiate(new copy.Store() as never, module, given),
    () => instantiate(store, copy.Module.decode(module.bytes) as never, given),
    () => Func.host(new copy.Store() as never, { params: [I32], results: [] }, () => {}),
    () => new Memory(new copy.Store() as never, memoryType),
    () =>
      instantiate(store, module, {
        ...given,
        env: { memory: new copy.Memory(new copy.Store(), memoryType) },
      } as never),
    () =>
      new Execution(
        copy.instantiate<UntypedExports>(new copy.Store(), copy.Module.decode(plain), {}).func('f') as never,
        [],
      ),
  ];
  for (const action of refused) expect(message(action)).toMatch(/is of another copy of tswasm/);
});
const plain = wat('(module (func (export "f")))');

test('bytes as people have them', () => {
  const padded = new Uint8Array([9, 9, ...plain, 9]);
  const there = padded.buffer;
  const shared = new SharedArrayBuffer(plain.length);
  new Uint8Array(shared).set(plain);
  const ways = [
    plain,
    Uint8Array.from(plain).buffer,
    new DataView(there, 2, plain.length),
    Buffer.from(plain),
    shared,
    new Uint8ClampedArray(there, 2, plain.length),
  ];
  for (const bytes of ways) expect(Module.decode(bytes).exports.length).toBe(1);
  for (const bytes of ['', null, undefined, [0, 97], {}, new Store()]) {
    expect(message(() => Module.decode(bytes as never))).toMatch(/^TypeError: the module: expected bytes/);
  }
});

test('structuredClone takes none of our objects', () => {
  const { store, given } = fresh();
  const instance = instantiate(store, module, given);
  for (const object of [module, store, instance, instance.func('log'), instance.memory('memory')]) {
    expect(() => structuredClone(object)).toThrow(/(could|can) not be cloned/);
  }
});
