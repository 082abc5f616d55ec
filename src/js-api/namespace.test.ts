import { describe, expect, it, vi } from 'vitest';
import { Store } from '../interpreter/index';
import { Memory as CoreMemory, Func } from '../runtime/index';
import { wat } from '../testing';
import { coreOf, createWebAssembly } from '../webassembly';
import { internalsOf } from './namespace';

type Callable = (...args: unknown[]) => unknown;
type Exports = Record<string, Callable>;

const WebAssembly = createWebAssembly();

function instantiate(text: string, imports?: Record<string, Record<string, unknown>>): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports as unknown as Exports;
}

describe('errors', () => {
  it('are called with and without new, and catch what the core throws', () => {
    const { CompileError, LinkError, RuntimeError } = WebAssembly;
    for (const type of [CompileError, LinkError, RuntimeError]) {
      const error = type('message', { cause: 1 });
      expect(error).toBeInstanceOf(type);
      expect(error).toBeInstanceOf(Error);
      expect(error.cause).toBe(1);
      expect(String(new type('message'))).toBe(`${type.name}: message`);
      expect(Object.getPrototypeOf(type)).toBe(Error);
    }
    class Special extends RuntimeError {}
    expect(new Special()).toBeInstanceOf(Special);
    expect(() => new WebAssembly.Module(new Uint8Array(4))).toThrow(CompileError);
    const { trap } = instantiate('(module (func (export "trap") unreachable))');
    expect(trap).toThrow(RuntimeError);
    expect(trap).toThrow('unreachable');
  });

  it('an exhausted stack is a RangeError', () => {
    const { recurse } = instantiate('(module (func $f (export "recurse") (call $f)))');
    expect(recurse).toThrow(RangeError);
  });
});

describe('functions', () => {
  it('are the same object wherever they come from', () => {
    const a = new WebAssembly.Instance(
      new WebAssembly.Module(
        wat(`(module
          (table (export "table") 2 funcref)
          (elem (i32.const 0) $hidden $shown)
          (func $hidden (result i32) (i32.const 7))
          (func $shown (export "shown") (export "again") (param i32 i64))
          (func (export "get") (result funcref) (ref.func $shown))
          (elem declare func $shown))`),
      ),
    );
    const { shown, again, get, table } = a.exports as unknown as Exports & {
      table: { get(i: number): Callable };
    };
    expect(again).toBe(shown);
    expect(get()).toBe(shown);
    expect(table.get(1)).toBe(shown);
    expect([shown.name, shown.length]).toEqual(['1', 2]);
    const hidden = table.get(0);
    expect([hidden.name, hidden()]).toEqual(['0', 7]);
    const reexported = instantiate('(module (import "m" "f" (func (param i32 i64))) (export "f" (func 0)))', {
      m: { f: shown },
    });
    expect(reexported.f).toBe(shown);
  });

  it('pass function references both ways through host functions', () => {
    const seen: unknown[] = [];
    const { call, id } = instantiate(
      `(module
        (import "m" "pick" (func $pick (param funcref externref) (result funcref externref)))
        (func $id (export "id") (param i32) (result i32) (local.get 0))
        (elem declare func $id)
        (func (export "call") (param externref) (result funcref externref) (call $pick (ref.func $id) (local.get 0))))`,
      {
        m: {
          pick: (f: unknown, x: unknown) => {
            seen.push(f, x);
            return [f, x];
          },
        },
      },
    );
    const key = {};
    expect(call(key)).toEqual([id, key]);
    expect(seen).toEqual([id, key]);
    expect(seen[0]).toBe(id);
  });

  it('refuse what is no function reference', () => {
    const { take } = instantiate('(module (func (export "take") (param funcref)))');
    expect(take(null)).toBe(undefined);
    for (const bad of [undefined, () => 1, {}, 1]) expect(() => take(bad)).toThrow(TypeError);
  });

  it('convert i64 as BigInt and take any iterable for several results', () => {
    const { swap } = instantiate(
      `(module (import "m" "f" (func $f (param i64 f32) (result f32 i64)))
         (func (export "swap") (param i64 f32) (result f32 i64) (call $f (local.get 0) (local.get 1))))`,
      { m: { f: (a: unknown, b: unknown) => new Set([b, a]) } },
    );
    expect(swap(2n ** 64n - 5n, 0.1)).toEqual([Math.fround(0.1), -5n]);
    expect(() => swap(1, 1)).toThrow(TypeError);
  });

  it('let an exception of a host function pass unchanged, through several layers', () => {
    const thrown = { not: 'an error' };
    const host = vi.fn(() => {
      throw thrown;
    });
    const inner = instantiate('(module (import "m" "f" (func)) (func (export "g") (call 0)))', {
      m: { f: host },
    });
    const outer = instantiate('(module (import "m" "f" (func)) (func (export "g") (call 0)))', {
      m: { f: () => inner.g() },
    });
    let caught: unknown;
    try {
      outer.g();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
    expect(() => outer.g()).toThrow();
    expect(host).toHaveBeenCalledTimes(2);
  });
});

describe('imports', () => {
  const two = wat(
    '(module (import "a" "x" (func)) (import "b" "y" (global i64)) (import "a" "z" (memory 1)))',
  );

  it('are read in order, and the first wrong one decides the error', () => {
    const read: string[] = [];
    const namespace = (name: string, values: Record<string, unknown>) =>
      new Proxy(values, {
        get: (target, key) => {
          read.push(`${name}.${String(key)}`);
          return target[String(key)];
        },
      });
    const imports = { a: namespace('a', { x: () => {} }), b: namespace('b', { y: 1 }) };
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(two), imports)).toThrow(
      WebAssembly.LinkError,
    );
    expect(read).toEqual(['a.x', 'b.y']);
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(two), { a: { x() {} } })).toThrow(TypeError);
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(two))).toThrow(TypeError);
  });

  it('of another namespace are strangers', () => {
    const other = createWebAssembly();
    const memory = new other.Memory({ initial: 1 });
    const imports = { a: { x() {}, z: memory }, b: { y: 1n } };
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(two), imports)).toThrow(
      WebAssembly.LinkError,
    );
  });

  it('string constants come from the option importedStringConstants', async () => {
    const bytes = wat(
      '(module (import "strings" "h\\c3\\a4" (global $s externref)) (export "s" (global $s)))',
    );
    const options = { importedStringConstants: 'strings' };
    const { instance, module } = await WebAssembly.instantiate(bytes, {}, options);
    expect((instance.exports.s as { value: unknown }).value).toBe('hä');
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const wrong = wat('(module (import "strings" "x" (func)))');
    expect(WebAssembly.validate(wrong)).toBe(true);
    expect(WebAssembly.validate(wrong, options)).toBe(false);
  });
});

describe('memory', () => {
  it('detaches the old buffer when JavaScript or wasm grows it', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const { grow, store } = instantiate(
      `(module (import "m" "memory" (memory 1 4))
         (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
         (func (export "store") (i32.store8 (i32.const 5) (i32.const 77))))`,
      { m: { memory } },
    );
    const first = memory.buffer;
    const view = new Uint8Array(first);
    expect(grow(1)).toBe(1);
    expect([first.byteLength, view.length]).toEqual([0, 0]);
    const second = memory.buffer;
    expect(second.byteLength).toBe(2 * 65_536);
    expect(memory.buffer).toBe(second);
    expect(grow(9)).toBe(-1);
    expect(memory.buffer).toBe(second);
    expect(memory.grow(0)).toBe(2);
    expect(second.byteLength).toBe(0);
    store();
    expect(new Uint8Array(memory.buffer)[5]).toBe(77);
  });

  it('respects the limit of the store', () => {
    const small = createWebAssembly({ limits: { maxMemoryBytes: 2 * 65_536 } });
    expect(() => new small.Memory({ initial: 3 })).toThrow(RangeError);
    const memory = new small.Memory({ initial: 1 });
    expect(() => memory.grow(2)).toThrow(RangeError);
  });

  it('shared: a SharedArrayBuffer that stays when it grows', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const { buffer } = memory;
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Object.isFrozen(buffer)).toBe(true);
    expect(memory.grow(1)).toBe(1);
    expect(memory.buffer.byteLength).toBe(131_072);
    new Uint8Array(buffer)[7] = 9;
    expect(new Uint8Array(memory.buffer)[7]).toBe(9);
    expect(() => memory.grow(1)).toThrow(RangeError);
    expect(() => new WebAssembly.Memory({ initial: 1, shared: true })).toThrow(TypeError);
  });

  it('has BigInt addresses when they are 64-bit', () => {
    const memory = new WebAssembly.Memory({ initial: 1n, maximum: 2n, address: 'i64' });
    const { size } = instantiate(
      '(module (import "m" "m" (memory i64 1 2)) (func (export "size") (result i64) memory.size))',
      {
        m: { m: memory },
      },
    );
    expect(memory.grow(1n as never)).toBe(1n);
    expect(size()).toBe(2n);
  });
});

describe('promises', () => {
  it('reject for wrong arguments too', async () => {
    await expect(WebAssembly.compile(undefined as never)).rejects.toThrow(TypeError);
    await expect(WebAssembly.instantiate({} as never)).rejects.toThrow(TypeError);
    await expect(WebAssembly.instantiate(new Uint8Array(3), 1 as never)).rejects.toThrow(TypeError);
    await expect(WebAssembly.compile(new Uint8Array(3))).rejects.toThrow(WebAssembly.CompileError);
  });

  it('instantiate runs nothing before it returns', async () => {
    const start = vi.fn();
    const bytes = wat('(module (import "m" "f" (func)) (start 0))');
    const promise = WebAssembly.instantiate(new WebAssembly.Module(bytes), { m: { f: start } });
    expect(start).not.toHaveBeenCalled();
    await promise;
    expect(start).toHaveBeenCalledOnce();
  });

  it('streaming checks the response', async () => {
    const bytes = wat('(module (func (export "f") (result i32) (i32.const 3)))');
    const respond = (type: string, status = 200) =>
      new Response(bytes.slice(), { status, headers: type === '' ? {} : { 'Content-Type': type } });
    const { instance } = await WebAssembly.instantiateStreaming(respond(' Application/WASM'));
    expect((instance.exports as unknown as Exports).f()).toBe(3);
    expect(await WebAssembly.compileStreaming(Promise.resolve(respond('application/wasm')))).toBeInstanceOf(
      WebAssembly.Module,
    );
    for (const bad of [
      respond('application/wasm;'),
      respond('text/html'),
      respond('application/wasm', 404),
      {},
    ]) {
      await expect(WebAssembly.compileStreaming(bad as Response)).rejects.toThrow(TypeError);
    }
  });
});

describe('the core behind the namespace', () => {
  it('is reached by coreOf, and wrapped by the constructors', () => {
    const store = new Store();
    const namespace = createWebAssembly({ store });
    const core = new CoreMemory(store, { address: 'i32', min: 1, max: 3, shared: false, pageBits: 16 });
    const memory = new namespace.Memory(core as never);
    expect(coreOf(namespace, memory)).toBe(core);
    expect(memory.buffer).toBe(core.buffer);
    const { f } = instantiate('(module (func (export "f")))');
    expect(coreOf(WebAssembly, f)).toBeInstanceOf(Func);
    expect(coreOf(namespace, f)).toBe(undefined);
    expect(coreOf(WebAssembly, {})).toBe(undefined);
  });
});

describe('a namespace that lives long', () => {
  it('has no limit of its own for what its instances use together: garbage counts until the host collects it', () => {
    const { limits } = internalsOf(createWebAssembly()).agent.store;
    const together = [limits.maxMemoryBytes, limits.maxTableElements, limits.maxCodeBytes];
    expect(together).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    const limited = createWebAssembly({ limits: { maxCodeBytes: 100 } });
    expect(internalsOf(limited).agent.store.limits.maxCodeBytes).toBe(100);
  });

  it('makes as many memories and tables as the host has room for, also when instantiation fails', () => {
    const WebAssembly = createWebAssembly();
    for (let k = 0; k < 400; k++) new WebAssembly.Memory({ initial: 256 });
    for (let k = 0; k < 150; k++) new WebAssembly.Table({ element: 'anyfunc', initial: 100_000 });
    const bytes = wat('(module (memory 256) (table 100000 funcref) (data (i32.const -1) "x"))');
    const module = new WebAssembly.Module(bytes);
    for (let k = 0; k < 300; k++) {
      expect(() => new WebAssembly.Instance(module)).toThrow(WebAssembly.RuntimeError);
    }
  });
});

it('structuredClone takes none of its objects, as it gives nothing that could be used', () => {
  const WebAssembly = createWebAssembly();
  const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const objects = [
    module,
    new WebAssembly.Instance(module),
    new WebAssembly.Memory({ initial: 1 }),
    new WebAssembly.Table({ initial: 1, element: 'anyfunc' }),
    new WebAssembly.Global({ value: 'i32' }, 5),
    new WebAssembly.Tag({ parameters: [] }),
  ];
  for (const object of objects) {
    expect(() => structuredClone(object)).toThrow(/(could|can) not be cloned/);
    expect(() => structuredClone({ deep: [object] })).toThrow(/(could|can) not be cloned/);
  }
  class Sub extends WebAssembly.Memory {
    readonly #own = 5;
    get own() {
      return this.#own;
    }
  }
  const sub = new Sub({ initial: 2 });
  expect([sub.own, sub.buffer.byteLength, sub instanceof WebAssembly.Memory]).toEqual([5, 131072, true]);
});

describe('v128', () => {
  const bytes = wat(`(module (import "m" "f" (func $f (param v128))) (import "m" "g" (func $g (result v128)))
        (global (export "global") (mut v128) (v128.const i32x4 1 2 3 4))
        (func (export "takes") (param i32 v128)) (func (export "gives") (param i32) (result v128) (global.get 0))
        (func (export "calls") (call $f (v128.const i32x4 1 2 3 4))) (func (export "asks") (drop (call $g)))
        (func (export "inside") (result i32) (i32x4.extract_lane 2 (global.get 0))))`);
  it('has no form in JavaScript', () => {
    const WebAssembly = createWebAssembly();
    let calls = 0;
    const count = () => calls++;
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { m: { f: count, g: count } });
    const {
      takes,
      gives,
      calls: call,
      asks,
      inside,
    } = exports as Record<string, (...args: unknown[]) => unknown>;
    const converted = { valueOf: () => count() };
    expect(() => takes(converted, 1)).toThrow(TypeError);
    expect(() => gives(converted)).toThrow(TypeError);
    expect(() => call()).toThrow(TypeError);
    expect(() => asks()).toThrow(TypeError);
    expect(calls).toBe(0);
    expect(() => (exports['global'] as { value: unknown }).value).toThrow(TypeError);
    expect(() => new WebAssembly.Global({ value: 'v128' }, 0 as never)).toThrow(TypeError);
    expect(inside()).toBe(3);
  });
});
