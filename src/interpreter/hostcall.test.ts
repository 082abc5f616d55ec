/** How a host function reads its arguments and gives its results, and what is refused. */
import { describe, expect, it } from 'vitest';
import { EXTERNREF, F32, F64, FUNCREF, type FuncType, I32, I64, V128, type ValType } from '../decoder';
import { Func, type HostCall, i32, instantiate, type Value } from '../runtime';
import { compile } from '../testing';
import { Execution, Store } from './index';

const type = (params: ValType[], results: ValType[]): FuncType => ({ params, results });

/** A call of the host function with arguments that are written in the module; the results come back through it. */
function calling(
  params: string,
  results: string,
  operands: string,
  of: FuncType,
  callback: (call: HostCall) => void | PromiseLike<void>,
) {
  const module = compile(`(module
    (import "h" "f" (func $f (param ${params}) (result ${results})))
    (func (export "run") (param externref) (result ${results}) ${operands} (call $f)))`);
  const store = new Store();
  const instance = instantiate(store, module, [Func.host(store, of, callback, 'f')]);
  return { instance, run: instance.exports.get('run') as Func };
}

describe('arguments', () => {
  it('are read in every way that their types have', () => {
    const seen: unknown[] = [];
    const host = { an: 'object' };
    const of = type([I32, I64, F32, F64, EXTERNREF, V128, I32], []);
    const { run, instance } = calling(
      'i32 i64 f32 f64 externref v128 i32',
      '',
      `(i32.const -1) (i64.const 0xfffffffe00000003) (f32.const 1.5) (f64.const -0) (local.get 0)
       (v128.const i32x4 1 2 3 0xffffffff) (i32.const 77)`,
      of,
      (call) => {
        seen.push(call.i32(0), call.u32(0), call.lo(1), call.hi(1), call.f32(2), call.f64(3), call.ref(4));
        // Behind a vector, which takes two slots.
        seen.push(
          call.i32(6),
          call.args().map(({ bytes }) => bytes?.length),
        );
        seen.push(call.instance === instance, call.func.name);
        // Not a reference.
        seen.push(call.ref(0));
      },
    );
    run.call(host);
    expect(seen).toEqual([
      ...[-1, 0xffffffff, 3, -2, 1.5, -0, host],
      ...[77, [undefined, undefined, undefined, undefined, undefined, 16, undefined]],
      ...[true, 'f', null],
    ]);
  });

  it('of 64 bits are numbers where a number can say them', () => {
    let seen = 0;
    calling('i64', '', '(i64.const 0x1fffffffffffff)', type([I64], []), (call) => {
      seen = call.u64(0);
    }).run.call(null);
    expect(seen).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([-1, 1, 0.5, Number.NaN, 2 ** 32])('there is none with the number %d', (k) => {
    const { run } = calling('i32', '', '(i32.const 1)', type([I32], []), (call) => void call.i32(k));
    expect(() => run.call(null)).toThrow(RangeError);
    expect(() => run.call(null)).toThrow(/f has no argument .* but 1 \[i32\]/);
  });
});

describe('results', () => {
  const ALL = type([], [I32, I64, F32, F64, EXTERNREF]);

  it('arrive in every type, and what is not set is zero or null', () => {
    const set = calling('', 'i32 i64 f32 f64 externref', '', ALL, (call) => {
      call.setI32(0, 2 ** 32 - 1);
      call.setI64(1, 5, -1);
      call.setF32(2, 1.1);
      call.setF64(3, 1.1);
      call.setRef(4, 'text');
    });
    expect(set.run.call(null)).toEqual([-1, -(2n ** 32n) + 5n, Math.fround(1.1), 1.1, 'text']);
    const unset = calling('', 'i32 i64 f32 f64 externref', '', ALL, (call) => call.setF64(3, 2));
    expect(unset.run.call(null)).toEqual([0, 0n, 0, 2, null]);
  });

  it('take the place of what the arguments were', () => {
    const { run } = calling(
      'i64 i64',
      'i32 i32',
      '(i64.const -1) (i64.const -1)',
      type([I64, I64], [I32, I32]),
      () => {},
    );
    expect(run.call(null)).toEqual([0, 0]);
  });

  it('are of their types', () => {
    const wrong = (set: (call: HostCall) => void) => () =>
      calling('', 'i32 i64 f32 f64 externref', '', ALL, set).run.call(null);
    expect(wrong((call) => call.setI32(1, 1))).toThrow('result 1 is of type i64, not i32');
    expect(wrong((call) => call.setF64(2, 1))).toThrow('result 2 is of type f32, not f64');
    expect(wrong((call) => call.setRef(0, null))).toThrow('result 0 is of type i32, not a reference');
    expect(wrong((call) => call.setI32(5, 1))).toThrow(/has no result 5, but 5/);
    expect(wrong((call) => call.setI64(-1, 0, 0))).toThrow(RangeError);
    expect(wrong((call) => call.setValue(0, { type: I64, lo: 1, hi: 0, ref: null }))).toThrow(TypeError);
  });

  it('a reference to a function is one of the store', () => {
    const { run } = calling('', 'funcref', '', type([], [FUNCREF]), (call) =>
      call.setRef(0, { not: 'a function' }),
    );
    expect(() => run.call(null)).toThrow(TypeError);
  });
});

describe('a call that has ended', () => {
  const kept: HostCall[] = [];
  const keep = calling('i32', 'i32', '(i32.const 1)', type([I32], [I32]), (call) => {
    kept.push(call);
    call.setI32(0, 9);
  });
  it('gives and takes nothing more', () => {
    expect(keep.run.call(null)).toBe(9);
    const [call] = kept;
    expect(() => call.i32(0)).toThrow('the call of f has ended');
    expect(() => call.setI32(0, 1)).toThrow('the call of f has ended');
  });

  it('also when it threw', () => {
    const { run } = calling('i32', '', '(i32.const 1)', type([I32], []), (call) => {
      kept.push(call);
      throw new Error('of the host');
    });
    expect(() => run.call(null)).toThrow('of the host');
    expect(() => kept[kept.length - 1].i32(0)).toThrow('has ended');
  });
});

describe('a promise', () => {
  const slow = (answer: (call: HostCall) => void) =>
    calling(
      'i32 externref',
      'i32',
      '(i32.const 7) (local.get 0)',
      type([I32, EXTERNREF], [I32]),
      async (call) => {
        await undefined;
        answer(call);
      },
    );

  it('may be waited for; the arguments are kept while other code runs on the stack', async () => {
    const seen: unknown[] = [];
    const { run } = slow((call) => {
      seen.push(call.i32(0), call.ref(1));
      call.setI32(0, call.i32(0) + 1);
    });
    const host: Value = { type: EXTERNREF, lo: 0, hi: 0, ref: 'kept' };
    const execution = new Execution(run, [host]);
    const outcome = execution.run();
    if (outcome.kind !== 'waiting') throw new Error(outcome.kind);
    // Overwrites the slots that the arguments had.
    calling('i32 i32', '', '(i32.const -5) (i32.const -5)', type([I32, I32], []), () => {}).run.call(null);
    await outcome.promise;
    expect(execution.run()).toEqual({ kind: 'done', results: [i32(8)] });
    expect(seen).toEqual([7, 'kept']);
  });

  it('is an error in a synchronous call, which waits for nobody', () => {
    const { run } = slow(() => {});
    expect(() => run.call('x')).toThrow('host function f returned a promise to a synchronous call');
  });
});

it('floats pass with the bits of their NaN, as values', () => {
  const bits: number[] = [];
  const of = type([F32, F64], [F32, F64]);
  const { instance } = calling(
    'f32 f64',
    'f32 f64',
    '(f32.const nan:0x123456) (f64.const -nan:0x123)',
    of,
    (call) =>
      call.args().forEach((value, k) => {
        bits.push(value.lo, value.hi);
        call.setValue(k, value);
      }),
  );
  const outcome = new Execution(instance.exports.get('run') as Func, [null]).run();
  expect(bits).toEqual([0x7f923456, 0, 0x123, 0xfff00000 | 0]);
  expect(outcome).toMatchObject({
    kind: 'done',
    results: [{ lo: 0x7f923456 }, { lo: 0x123, hi: 0xfff00000 | 0 }],
  });
});
