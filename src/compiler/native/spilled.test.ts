import { afterEach, expect, it, vi } from 'vitest';
import '../../../embed/node/native-memory';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { Execution, type FrameState, Store } from '../../interpreter';
import { usePolicy } from '../../interpreter/machine';
import { type Func, f64, type Global, i32, i64, instantiate } from '../../runtime';
import { always } from '../testing';
import { HOST } from './testing';
import { NativeTier } from './tier';

const tier = new NativeTier(HOST);

/** Values of all carriers in its locals, operands below the call, and a global that every frame has changed. */
const TEXT = `(module (global $g (export "g") (mut i64) (i64.const 0))
  (func $down (export "down") (param $n i32) (param $a i64) (param $x f64) (param $r funcref) (result i64)
    (local $v v128) (local $y f32)
    (local.set $v (i64x2.splat (local.get $a)))
    (local.set $y (f32.demote_f64 (local.get $x)))
    (global.set $g (i64.add (global.get $g) (local.get $a)))
    (if (result i64) (i32.eqz (local.get $n)) (then (i64.const 1))
      (else (i64.add (i64.extend_i32_s (local.get $n))
        (i64.add (i64x2.extract_lane 1 (local.get $v)) (i64.add (i64.trunc_f32_s (local.get $y))
          (call $down (i32.sub (local.get $n) (i32.const 1)) (i64.add (local.get $a) (i64.const 3))
            (f64.add (local.get $x) (f64.const 0.5)) (ref.func $down))))))))
  (elem declare func $down))`;

interface Run {
  readonly execution: Execution;
  readonly global: Global;
}
async function begin(natively: boolean, depth: number): Promise<Run> {
  const store = new Store();
  if (natively) usePolicy(store, always(tier));
  const { exports } = instantiate(store, Module.decode(await wat(TEXT)), []);
  const func = exports.get('down') as Func;
  const args = [i32(depth), i64(5, 0), f64(1.25), { type: func.type.params[3], lo: 0, hi: 0, ref: null }];
  return { execution: new Execution(func, args), global: exports.get('g') as Global };
}
/** Without the instance, and functions by their indices. */
function told(frames: readonly FrameState[]): unknown {
  return frames.map(({ values, instance: _, ...rest }) => ({
    ...rest,
    values: values.map(({ ref, ...words }) => ({ ...words, ref: (ref as Func | null)?.funcidx ?? null })),
  }));
}

afterEach(() => {
  vi.restoreAllMocks();
});

it('leaves frames as they would be elsewhere, and the globals', async () => {
  const [native, interpreted] = [await begin(true, 7000), await begin(false, 7000)];
  for (const fuel of [3000, 3000]) {
    expect(native.execution.run({ fuel }).kind).toBe('paused');
    expect(interpreted.execution.run({ fuel }).kind).toBe('paused');
    expect(told(native.execution.frames())).toEqual(told(interpreted.execution.frames()));
    expect(native.global.get()).toEqual(interpreted.global.get());
  }
  expect(native.execution.run()).toEqual(interpreted.execution.run());
  expect(native.global.get()).toEqual(interpreted.global.get());
});

it('makes nothing for each frame that leaves', async () => {
  const { execution } = await begin(true, 20_000);
  const slice = vi.spyOn(Int32Array.prototype, 'slice');
  const from = vi.spyOn(Int32Array, 'from');
  expect(execution.run({ fuel: 19_000 }).kind).toBe('paused');
  expect(slice.mock.calls.length + from.mock.calls.length).toBeLessThan(10);
});
