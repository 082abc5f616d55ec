/** Executions inside each other: how deep they go on the host's stack, and that the machine is whole after whatever ends them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bundle, MIN_ENTRIES } from '../../scripts/min';
import type * as Core from '../index';
import { wat } from '../testing';
import type * as DropIn from '../webassembly';

/**
 * As Node runs it. In vitest, what a module imports is got by accessors, which swallow their own errors: at the very end of the stack they give
 * undefined, and what comes of that is no error of ours.
 */
const cache = path.resolve('node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, 'reentry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'bundle.mjs');
writeFileSync(file, (await bundle(MIN_ENTRIES, { minify: false })).text);
const { Module, RuntimeError, Func, i32, instantiate, Execution, Store, createWebAssembly } = (await import(
  /* @vite-ignore */ pathToFileURL(file).href
)) as typeof Core & typeof DropIn;
type Func = Core.Func;

const nested = `${'(i32.add (i32.const 1) '.repeat(30)}(call $f (local.get 0))${')'.repeat(30)}`;
const text = `(module (import "h" "f" (func $f (param i32) (result i32)))
  (type $t (func (param i32) (result i32))) (table 1 funcref)
  (func $plain (export "plain") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "loop") (param i32) (result i32) (local i32)
    (loop $l (local.set 1 (call $f (local.get 0))) (br_if $l (i32.const 0))) (local.get 1))
  (func (export "expression") (param i32) (result i32) ${nested})
  (func (export "invoke") (param i32) (result i32) (call_indirect (type $t) (local.get 0) (i32.const 0)))
  (func (export "one") (result i32) (i32.const 1))
  (elem (i32.const 0) $plain))`;
const bytes = wat(text);
const module = Module.decode(bytes);
const types = { params: [0x7f], results: [0x7f] };
const PLACES = ['plain', 'loop', 'expression', 'invoke'];

/** Emscripten's `invoke_*` needs that much; engines go two or three times as deep. */
const DEPTH = 1000;

/** A guest whose host function enters it again, up to a depth, with no frames in between but its own. */
function core(place: string, limit: number) {
  const store = new Store();
  const host = Func.js(store, types, (x: number) => (x < limit ? func.call(x + 1) : x));
  const { exports } = instantiate(store, module, [host]);
  const func = exports.get(place) as Func;
  return { enter: (x: number) => func.call(x), one: () => (exports.get('one') as Func).call() };
}
function dropIn(place: string, limit: number) {
  const WebAssembly = createWebAssembly();
  const host = (x: number) => (x < limit ? exports[place](x + 1) : x);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { h: { f: host } }) as {
    exports: Record<string, (x?: number) => unknown>;
  };
  return { enter: (x: number) => exports[place](x), one: () => exports.one() };
}

describe.each([
  ['the library', core, 'RuntimeError'],
  ['the drop-in', dropIn, 'RangeError'],
] as const)('through %s', (_, make, exhaustion) => {
  it.each(PLACES)('%s: at least a thousand deep, and none the worse for it', (place) => {
    const { enter, one } = make(place, DEPTH);
    expect(enter(1)).toBe(DEPTH + (place === 'expression' ? 30 * DEPTH : 0));
    expect(one()).toBe(1);
  });

  it.each(PLACES)('%s: without end is exhaustion, always of one type', (place) => {
    const { enter, one } = make(place, Number.POSITIVE_INFINITY);
    for (let k = 0; k < 3; k++) {
      expect(typeOf(() => enter(1))).toBe(exhaustion);
      expect(one()).toBe(1);
    }
  });

  it('is exhaustion wherever the stack ends', () => {
    const { enter, one } = make('plain', Number.POSITIVE_INFINITY);
    const depth = deepest(0);
    const seen = new Set<string>();
    for (let left = 0; left < depth / 4; left += 11) {
      // The last frames before the end have no room to enter anything: there it is the engine's own error.
      seen.add(typeOf(() => descend(depth - left, () => seen.add(typeOf(() => enter(1))))));
      expect(one()).toBe(1);
    }
    expect(seen).toContain(exhaustion);
    for (const type of seen) expect([exhaustion, 'RangeError', 'none']).toContain(type);
  });
});

function typeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).name;
  }
  return 'none';
}
function deepest(depth: number): number {
  try {
    return deepest(depth + 1);
  } catch {
    return depth;
  }
}
function descend<T>(depth: number, action: () => T): T {
  if (depth > 0) return descend(depth - 1, action);
  return action();
}

describe('hostile exceptions', () => {
  const never = () => {
    throw new Error('a trap of the proxy');
  };
  const hostile = new Proxy({}, { get: never, getPrototypeOf: never, has: never, ownKeys: never });
  const throwing: readonly [string, unknown][] = [
    ['a proxy that throws', hostile],
    ['undefined', undefined],
    ['a string', 'no'],
    ['an error whose message throws', Object.defineProperty(new RangeError(), 'message', { get: never })],
    [
      'an error of another kind that looks like a trap',
      Object.assign(new Error('x'), { code: 'unreachable' }),
    ],
  ];
  it.each(throwing)('%s passes unchanged, and the execution has failed', (_, thrown) => {
    const store = new Store();
    const host = Func.host(store, types, () => {
      throw thrown;
    });
    const { exports } = instantiate(store, module, [host]);
    const execution = new Execution(exports.get('plain') as Func, [i32(1)]);
    let caught: unknown = 'nothing';
    try {
      execution.run();
    } catch (error) {
      caught = error;
    }
    expect(caught === thrown).toBe(true);
    expect(execution.state).toBe('failed');
    expect(() => execution.run()).toThrow('an execution that is failed cannot run');
    expect((exports.get('one') as Func).call()).toBe(1);
  });

  const thenables: readonly [string, () => unknown][] = [
    ['whose then cannot be read', () => Object.defineProperty({}, 'then', { get: never })],
    ['whose then throws', () => Object.fromEntries([['then', never]])],
  ];
  it.each(thenables)('a promise %s', (_, promise) => {
    const store = new Store();
    const host = Func.host(store, types, () => promise() as PromiseLike<void>);
    const { exports } = instantiate(store, module, [host]);
    const execution = new Execution(exports.get('plain') as Func, [i32(1)]);
    expect(() => execution.run()).toThrow('a trap of the proxy');
    expect(execution.state).toBe('failed');
    expect((exports.get('one') as Func).call()).toBe(1);
  });

  it('a promise that settles more than once, at once, or with a hostile reason', () => {
    const store = new Store();
    const settle = [
      (done: () => void) => {
        done();
        done();
      },
      (done: () => void, fail: (reason: unknown) => void) => {
        fail(hostile);
        done();
      },
    ];
    for (const then of settle) {
      const host = Func.host(
        store,
        types,
        () => Object.fromEntries([['then', then]]) as unknown as PromiseLike<void>,
      );
      const { exports } = instantiate(store, module, [host]);
      const execution = new Execution(exports.get('plain') as Func, [i32(1)]);
      expect(execution.run().kind).toBe('waiting');
      const outcome = execution.run();
      expect(['done', 'trapped']).toContain(outcome.kind);
      if (outcome.kind === 'trapped') expect(outcome.error).toBeInstanceOf(RuntimeError);
    }
  });
});
