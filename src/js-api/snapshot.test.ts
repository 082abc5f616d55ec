import { describe, expect, it } from 'vitest';
import { wat } from '../testing';
import { createSnapshotWebAssembly, SuspendError } from '../webassembly-snapshot';
import type { SnapshotInstance } from './snapshot-types';

type Callable = (...args: unknown[]) => unknown;
const call = (instance: SnapshotInstance, name: string, ...args: unknown[]) =>
  (instance.exports[name] as Callable)(...args);

/** Sums what the host gives, with an externref and a 64-bit local alive all the while. */
const SUM = wat(`(module
  (import "host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 1)
  (global (export "starts") (mut i32) (i32.const 0))
  (func $start (global.set 0 (i32.add (global.get 0) (i32.const 1))))
  (start $start)
  (func (export "sum") (param $n i32) (param $tag externref) (result i64 externref) (local $i i32) (local $s i64)
    (loop
      (local.set $s (i64.add (local.get $s) (i64.extend_i32_s (call $next (local.get $i)))))
      (br_if 0 (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.store (i32.const 0) (local.get $i))
    (local.get $s) (local.get $tag)))`);

const tag = { name: 'a host object' };
const naming = { nameExternRef: () => 77n };

function setUp() {
  const WebAssembly = createSnapshotWebAssembly();
  const module = new WebAssembly.Module(SUM);
  let suspendAt = -1;
  const imports = {
    host: {
      next: (i: number) => {
        if (i === suspendAt) instance.requestSuspend();
        return i * 10;
      },
    },
  };
  const instance = new WebAssembly.Instance(module, imports);
  const suspend = (at: number) => {
    suspendAt = at;
    expect(() => call(instance, 'sum', 5, tag)).toThrow(SuspendError);
    suspendAt = -1;
  };
  return { WebAssembly, module, imports, instance, suspend };
}

describe('suspending', () => {
  it('ends the exported call, and resume gives its result', () => {
    const { instance, suspend, WebAssembly } = setUp();
    expect(instance.isSuspended).toBe(false);
    expect(() => instance.resume()).toThrow(WebAssembly.RuntimeError);
    suspend(2);
    expect(instance.isSuspended).toBe(true);
    expect(() => call(instance, 'sum', 1, null)).toThrow('suspended');
    expect(instance.resume()).toEqual([100n, tag]);
    expect(instance.isSuspended).toBe(false);
    expect(call(instance, 'sum', 2, null)).toEqual([10n, null]);
  });

  it('takes effect at the next call when nothing runs', () => {
    const { instance } = setUp();
    instance.requestSuspend();
    expect(() => call(instance, 'sum', 3, tag)).toThrow(SuspendError);
    expect(instance.resume()).toEqual([30n, tag]);
  });

  it('what a host function throws passes, and leaves the instance usable', () => {
    const { WebAssembly, module } = setUp();
    let fails = true;
    const next = () => {
      if (fails) throw new Error('no more');
      return 1;
    };
    const instance = new WebAssembly.Instance(module, { host: { next } });
    expect(() => call(instance, 'sum', 3, tag)).toThrow('no more');
    fails = false;
    expect(call(instance, 'sum', 3, tag)).toEqual([3n, tag]);
  });
});

describe('snapshots', () => {
  it('go on in another namespace', async () => {
    const { instance, suspend } = setUp();
    suspend(3);
    const snapshot = instance.takeSnapshot({ ...naming, hostState: Uint8Array.of(1, 2, 3) });
    expect(snapshot).toMatchObject({
      resumable: true,
      timestamp: 0n,
      continuationsCount: 1,
      exceptionsCount: 0,
    });
    expect(new Uint8Array(snapshot.hostState!)).toEqual(Uint8Array.of(1, 2, 3));

    const there = setUp();
    const bytes = snapshot.toArrayBuffer();
    let state: ArrayBuffer | undefined;
    const options = {
      snapshot: new there.WebAssembly.Snapshot(bytes),
      bindExternRef: (name: bigint) => ({ name }),
      loadHostState: (given: ArrayBuffer) => {
        state = given;
      },
    };
    const moved = await there.WebAssembly.instantiate(there.module, there.imports, options);
    expect(moved).toBeInstanceOf(there.WebAssembly.Instance);
    expect(state && new Uint8Array(state)).toEqual(Uint8Array.of(1, 2, 3));
    expect(moved.isSuspended).toBe(true);
    expect(moved.resume()).toEqual([100n, { name: 77n }]);
    // The start function has not run again.
    expect((moved.exports['starts'] as unknown as { value: number }).value).toBe(1);
    // The original goes on, too.
    expect(instance.resume()).toEqual([100n, tag]);
  });

  it('are refused with the errors that the draft names', () => {
    const { WebAssembly, instance, module, imports, suspend } = setUp();
    expect(() => instance.takeSnapshot()).toThrow(WebAssembly.RuntimeError);
    expect(instance.takeSnapshot({ postmortem: true }).resumable).toBe(false);
    suspend(1);
    expect(() => instance.takeSnapshot()).toThrow(TypeError);
    expect(() => instance.takeSnapshot({ nameExternRef: () => 2n ** 64n - 1n })).toThrow(TypeError);
    const snapshot = instance.takeSnapshot(naming);
    const { LinkError, CompileError } = WebAssembly;
    expect(() => new WebAssembly.Instance(module, imports, { snapshot })).toThrow(LinkError);
    const other = new WebAssembly.Module(wat('(module)'));
    expect(() => new WebAssembly.Instance(other, {}, { snapshot })).toThrow(LinkError);
    expect(() => new WebAssembly.Instance(module, imports, { resumeName: 'x' })).toThrow(LinkError);
    expect(() => new WebAssembly.Snapshot(new Uint8Array(9))).toThrow(CompileError);
    const dead = instance.takeSnapshot({ ...naming, postmortem: true });
    expect(() => WebAssembly.Snapshot.embed(SUM, dead)).toThrow(TypeError);
    expect(() => WebAssembly.Snapshot.embed(wat('(module)'), snapshot)).toThrow(TypeError);
  });

  it('travel in modules', async () => {
    const { WebAssembly, instance, imports, suspend } = setUp();
    suspend(2);
    const bindExternRef = () => tag;
    const ready = instance.takeSnapshotModule(SUM, { ...naming, name: 'ready' });
    const { instance: named, module } = await WebAssembly.instantiate(ready, imports, {
      resumeName: 'ready',
      bindExternRef,
    });
    expect(named.resume()).toEqual([100n, tag]);
    expect(WebAssembly.Snapshot.getNames(module)).toEqual(['ready']);
    expect(WebAssembly.Snapshot.fromModule(module)).toBeNull();
    const found = WebAssembly.Snapshot.fromModule(module, 'ready')!;
    expect(found.toArrayBuffer()).toEqual(WebAssembly.Snapshot.extract(ready, 'ready'));
    // Without a choice a named one is left alone, and the default one resumed.
    expect(new WebAssembly.Instance(module, imports).isSuspended).toBe(false);
    const both = new WebAssembly.Module(WebAssembly.Snapshot.embed(ready, found));
    expect(new WebAssembly.Instance(both, imports, { bindExternRef }).resume()).toEqual([100n, tag]);
    const cold = new WebAssembly.Instance(both, imports, { coldStart: true });
    expect(cold.isSuspended).toBe(false);
    // The contents of the custom section are a snapshot, too.
    const [section] = WebAssembly.Module.customSections(both, 'snapshot');
    expect(new WebAssembly.Snapshot(section).toArrayBuffer()).toEqual(found.toArrayBuffer());
  });
});

it('has the members of Web IDL interfaces', () => {
  const { WebAssembly } = setUp();
  const descriptor = Object.getOwnPropertyDescriptor(WebAssembly.Instance.prototype, 'isSuspended');
  expect(descriptor).toMatchObject({ enumerable: true, configurable: true });
  expect(Object.prototype.toString.call(WebAssembly.Snapshot.prototype)).toBe(
    '[object WebAssembly.Snapshot]',
  );
  expect(WebAssembly.Instance.prototype.constructor).toBe(WebAssembly.Instance);
  expect(WebAssembly.Instance.length).toBe(1);
});
