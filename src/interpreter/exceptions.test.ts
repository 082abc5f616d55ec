/** Exceptions across frames, hosts and executions: who can catch what, and what is left when nobody does. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { EXTERNREF, I32, Module } from '../decoder';
import { RuntimeError, Termination } from '../errors';
import {
  Exception,
  Func,
  HOST_TAG,
  type Instance,
  i32,
  instantiate,
  Tag,
  UncaughtException,
} from '../runtime';
import { Execution, Store } from '.';

const compile = async (text: string): Promise<Module> => Module.decode(await parse(text));
const VOID = { params: [], results: [] };

/** `go` calls the host, and says what came: 1 the tag's value, 2 something of the host, 3 anything else. */
const CATCHING = await compile(`(module
  (import "m" "host" (func $host))
  (import "m" "tag" (tag $e (param i32)))
  (import "m" "js" (tag $js (param externref)))
  (func $deep (param i32) (result i32)
    (if (local.get 0) (then (return (call $deep (i32.sub (local.get 0) (i32.const 1))))))
    (call $host) (i32.const 0))
  (func (export "go") (param i32) (result i32 i32) (local $value i32)
    (block $else (block $of_js (result externref) (block $of_e (result i32)
      (try_table (catch $e $of_e) (catch $js $of_js) (catch_all $else)
        (return (i32.const 0) (call $deep (local.get 0))))
      (unreachable))
      (local.set $value) (return (i32.const 1) (local.get $value)))
      (drop) (return (i32.const 2) (i32.const 0)))
    (i32.const 3) (i32.const 0))
  (func (export "pass") (param i32) (result i32) (call $deep (local.get 0))))`);

function linked(host: (store: Store) => void): { store: Store; instance: Instance; tag: Tag } {
  const store = new Store();
  const tag = new Tag({ params: [I32], results: [] });
  const callee = Func.host(store, VOID, () => host(store), 'host');
  return { store, tag, instance: instantiate(store, CATCHING, [callee, tag, HOST_TAG]) };
}
const go = (instance: Instance, depth = 10): unknown => (instance.exports.get('go') as Func).call(depth);

describe('what a host function throws', () => {
  it('is caught with its tag when it is an exception that came out of a guest', () => {
    const { store, tag, instance } = linked(() => {
      throw new UncaughtException(Exception.of(store, tag, 7));
    });
    expect(go(instance)).toEqual([1, 7]);
  });

  it.each([new Error('of the host'), 'text', 5, undefined, {}, new Proxy({}, {})])(
    'is caught with the tag of the host: %s',
    (thrown) => {
      const { instance } = linked(() => {
        throw thrown;
      });
      expect(go(instance)).toEqual([2, 0]);
    },
  );

  it.each([new Termination('enough'), new RuntimeError('no trap of ours')])(
    'is caught by nobody when it is an end: %s',
    (thrown) => {
      const { instance } = linked(() => {
        throw thrown;
      });
      expect(() => go(instance)).toThrow(thrown);
    },
  );

  it('goes through a guest unchanged that does not catch it', () => {
    const thrown = { any: 'thing' };
    const { instance } = linked(() => {
      throw thrown;
    });
    let caught: unknown;
    try {
      (instance.exports.get('pass') as Func).call(3);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
  });

  it('a trap is no exception, not even of an execution inside', async () => {
    const inner = await compile('(module (func (export "f") (unreachable)))');
    const { instance } = linked((store) => {
      (instantiate(store, inner, []).exports.get('f') as Func).call();
    });
    expect(() => go(instance)).toThrow('unreachable');
  });

  it('an exception of an execution inside goes on through the host', async () => {
    const inner = await compile(`(module (import "m" "tag" (tag $e (param i32)))
      (func (export "f") (throw $e (i32.const 9))))`);
    const { tag, instance } = linked((store) => {
      (instantiate(store, inner, [tag]).exports.get('f') as Func).call();
    });
    expect(go(instance)).toEqual([1, 9]);
  });
});

describe('an exception that nobody catches', async () => {
  const module = await compile(`(module (tag (export "e") (param i32 f64))
    (func $f (throw 0 (i32.const 3) (f64.const 0.5))) (func (export "go") (call $f)))`);

  it('is an outcome, with the exception and where it was thrown', () => {
    const instance = instantiate(new Store(), module, []);
    const execution = new Execution(instance.exports.get('go') as Func, []);
    const outcome = execution.run();
    if (outcome.kind !== 'trapped') throw new Error(outcome.kind);
    const { error } = outcome;
    expect(error).toBeInstanceOf(UncaughtException);
    expect(error.code).toBe('uncaughtException');
    const { exception } = error as UncaughtException;
    expect(exception.tag).toBe(instance.exports.get('e'));
    expect(exception.values.map(({ lo }) => lo)).toEqual([3, 0]);
    expect(error.backtrace.map(({ funcidx }) => funcidx)).toEqual([0, 1]);
    expect(execution.state).toBe('trapped');
  });
});

it('is made of values that fit its tag', () => {
  const store = new Store();
  const tag = new Tag({ params: [I32, EXTERNREF], results: [] });
  expect(Exception.of(store, tag, 1, 'x').values.map(({ ref }) => ref)).toEqual([null, 'x']);
  expect(() => Exception.of(store, tag, 1)).toThrow('2 values');
  expect(() => new Tag({ params: [], results: [I32] })).toThrow('no results');
});

it('unwinds a deep stack, and costs fuel in proportion', async () => {
  const module = await compile(`(module (tag $e)
    (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (if (i32.eqz (local.get 0)) (then (throw $e))))
    (func (export "go") (param i32) (block $h (try_table (catch $e $h) (call $deep (local.get 0))) (unreachable))))`);
  const fuelOf = (depth: number): number => {
    const execution = new Execution(instantiate(new Store(), module, []).exports.get('go') as Func, [depth]);
    expect(execution.run().kind).toBe('done');
    return execution.fuelUsed - depth;
  };
  const few = fuelOf(10);
  expect(fuelOf(100_000)).toBeGreaterThan(few + 100_000 / 100);
});

it('a handler in a loop is found again and again, with the stack as it was', async () => {
  const module = await compile(`(module (tag $e (param i32 i64))
    (func $f (param i32) (throw $e (local.get 0) (i64.const -1)))
    (func (export "go") (param i32) (result i32 i64) (local i32 i64)
      (loop $l
        (block $h (result i32 i64) (try_table (catch $e $h) (call $f (local.get 0))) (unreachable))
        (local.set 2) (local.set 1 (i32.add (local.get 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1) (local.get 2)))`);
  const instance = instantiate(new Store(), module, []);
  expect(go(instance, 20_000)).toEqual([(20_000 * 20_001) / 2, -1n]);
});

describe('a promise that a host function returned and that is rejected', () => {
  /** Runs `go` or `pass` to its end, waiting for the host. */
  async function ending(reason: (store: Store, tag: Tag) => unknown, name = 'go'): Promise<unknown> {
    const store = new Store();
    const tag = new Tag({ params: [I32], results: [] });
    const callee = Func.host(store, VOID, () => Promise.reject(reason(store, tag)), 'host');
    const instance = instantiate(store, CATCHING, [callee, tag, HOST_TAG]);
    const execution = new Execution(instance.exports.get(name) as Func, [i32(10)]);
    const waiting = execution.run();
    if (waiting.kind !== 'waiting') throw new Error(`expected it to wait, not ${waiting.kind}`);
    await waiting.promise;
    const outcome = execution.run();
    if (outcome.kind === 'done') return outcome.results.map(({ lo }) => lo);
    return outcome.kind === 'trapped' ? outcome.error.code : outcome.kind;
  }
  const exception = (store: Store, tag: Tag, value: number): UncaughtException =>
    new UncaughtException(Exception.of(store, tag, value));

  it('is caught at the call, with its tag when it is an exception of one', async () => {
    expect(await ending((store, tag) => exception(store, tag, 77))).toEqual([1, 77]);
    const other = new Tag({ params: [I32], results: [] });
    expect(await ending((store) => exception(store, other, 5))).toEqual([3, 0]);
  });
  it('is caught with the tag of the host when it is anything else', async () => {
    for (const reason of [new Error('no luck'), 'text', undefined, new Proxy({}, {})]) {
      expect(await ending(() => reason)).toEqual([2, 0]);
    }
  });
  it('is a trap when nobody catches it, and when it is a trap', async () => {
    expect(await ending((store, tag) => exception(store, tag, 77), 'pass')).toBe('hostRejected');
    expect(await ending(() => new Error('no luck'), 'pass')).toBe('hostRejected');
    expect(await ending(() => new RuntimeError('a trap', undefined, 'unreachable'))).toBe('hostRejected');
  });
});
