/** Canonical frames: what a stopped execution holds in terms of the specification, there and back. */
import { describe, expect, it } from 'vitest';
import { valTypeName } from '../decoder';
import { safepointsOf } from '../decoder/safepoints';
import { type Func, f32, f64, type Instance, i32, i64, instantiate, reference, type Value } from '../runtime';
import { compile } from '../testing';
import { type FrameState, wordsOfFrames } from './frames';
import { Execution, Store } from './index';

/** Values of every type as parameters, as locals and as operands below a call; the innermost loops. */
const MODULE = compile(`(module
  (func $outer (export "outer") (param i32 i64 f32 f64 externref v128) (result i32)
    (local i64 funcref v128)
    (local.set 6 (i64.const -2))
    (i32.const 11) (i64.const 0x123456789) (f32.const nan:0x200001) (f64.const -0) (local.get 4) (local.get 5)
    (call $inner (i32.const 3))
    (drop) (drop) (drop) (drop) (drop))
  (func $inner (param $n i32)
    (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`);

const HOST = { of: 'the host' };
const args = (instance: Instance): Value[] => {
  const types = (instance.exports.get('outer') as Func).type.params;
  const vector = new Uint8Array(16).map((_, k) => 200 + k);
  return [
    i32(-1),
    i64(1, 2),
    f32(1.5),
    f64(-2.5),
    reference(types[4], HOST),
    { type: types[5], lo: 0, hi: 0, ref: null, bytes: vector },
  ];
};

function stopped(fuel: number): { instance: Instance; execution: Execution } {
  const instance = instantiate(new Store(), MODULE, []);
  const execution = new Execution(instance.exports.get('outer') as Func, args(instance));
  expect(execution.run({ fuel }).kind).toBe('paused');
  return { instance, execution };
}
const told = ({ values }: FrameState) =>
  values.map(({ type, lo, hi, ref, bytes }) => [valTypeName(type), lo, hi, ref, bytes && [...bytes]]);

describe('frames of a stopped execution', () => {
  const { instance, execution } = stopped(3);
  const [outer, inner] = execution.frames();

  it('are outermost first, each at a static safepoint of its function', () => {
    expect(execution.frames().map(({ funcidx, kind }) => [funcidx, kind])).toEqual([
      [0, 'call'],
      [1, 'loop'],
    ]);
    for (const { funcidx, kind, offset, targetLoop, instance: of } of [outer, inner]) {
      expect(of).toBe(instance);
      const points = safepointsOf(MODULE, funcidx);
      expect(points.some((p) => p.kind === kind && p.offset === offset && p.targetLoop === targetLoop)).toBe(
        true,
      );
    }
  });

  it('hold parameters, locals, and the operands below the call, bit by bit', () => {
    const vector = Array.from({ length: 16 }, (_, k) => 200 + k);
    const zeros = new Array(16).fill(0);
    const one = new Float64Array([1.5, -2.5]);
    const [, , lo, hi] = new Int32Array(one.buffer);
    expect(told(outer)).toEqual([
      ['i32', -1, 0, null, undefined],
      ['i64', 1, 2, null, undefined],
      ['f32', 0x3fc00000, 0, null, undefined],
      ['f64', lo, hi, null, undefined],
      ['externref', 0, 0, HOST, undefined],
      ['v128', expect.anything(), expect.anything(), null, vector],
      ['i64', -2, -1, null, undefined],
      ['funcref', 0, 0, null, undefined],
      ['v128', 0, 0, null, zeros],
      ['i32', 11, 0, null, undefined],
      ['i64', 0x23456789, 1, null, undefined],
      ['f32', 0x7fa00001, 0, null, undefined],
      ['f64', 0, -2147483648, null, undefined],
      ['externref', 0, 0, HOST, undefined],
      ['v128', expect.anything(), expect.anything(), null, vector],
    ]);
    expect(told(inner)).toHaveLength(1);
  });

  it('take words: two a slot, four a vector', () => {
    expect(wordsOfFrames([outer, inner])).toBe(2 * (12 + 1) + 4 * 3);
  });

  it('are the same in an execution that is made of them, which ends in the same way', () => {
    for (let fuel = 1; fuel <= 3; fuel++) {
      const { instance: home, execution: first } = stopped(fuel);
      const again = Execution.restore(first.func, first.frames());
      expect(again.frames().map(told)).toEqual(first.frames().map(told));
      expect(again.backtrace()).toEqual(first.backtrace());
      expect(again.run()).toEqual({ kind: 'done', results: [i32(11)] });
      expect(first.run()).toEqual({ kind: 'done', results: [i32(11)] });
      expect(home.exports.get('outer')).toBe(first.func);
    }
  });

  it('are not there before it begins and after it has ended', () => {
    const ready = new Execution(execution.func, args(instance));
    expect(() => ready.frames()).toThrow('an execution that is ready has no frames');
    ready.run();
    expect(() => ready.frames()).toThrow('an execution that is done has no frames');
  });
});

it('frames that take more than the store allows are not made', () => {
  const { execution } = stopped(3);
  const frames = execution.frames();
  const small = instantiate(new Store({ maxFrames: 2 }), MODULE, []);
  const moved = [...frames, ...frames.slice(1)].map((frame) => ({ ...frame, instance: small }));
  expect(() => Execution.restore(small.exports.get('outer') as Func, moved)).toThrow('call stack exhausted');
});
