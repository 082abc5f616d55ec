/** What a trap of the host is here, by what it says and by where it was. */
import { describe, expect, it } from 'vitest';
import '../../../embed/node/native-memory';
import { INSTRUCTIONS } from '../../decoder';
import { wat } from '../../decoder/testing';
import type { BacktraceFrame, RuntimeError } from '../../errors';
import { Func, instantiate, Module, Store } from '../../index';
import { usePolicy } from '../../interpreter/machine';
import { wat as wabtWat } from '../../testing';
import { always } from '../testing';
import type { NativeInstance } from './native-instance';
import type { Origin } from './program';
import { HOST } from './testing';
import { NativeTier } from './tier';
import { tracedFrames, trapFrom } from './traps';

const MODULE = `(module (memory 1) (table 3 funcref) (elem (i32.const 1) $f) (func $f)
  (func (param i32 f64)
    (drop (i32.load8_u (local.get 0))) (i64.store (local.get 0) (i64.const 1)) (memory.copy (local.get 0) (local.get 0) (local.get 0))
    (drop (i32.div_u (local.get 0) (local.get 0))) (drop (i64.rem_s (i64.const 1) (i64.const 0)))
    (drop (i32.trunc_f64_s (local.get 1))) (table.set (local.get 0) (ref.null func))
    (call_indirect (local.get 0)) (unreachable)))`;

/** The trap for a text, at the first of these instructions in the module, or nobody knows where; the indirect call was of an element, the conversion of a number. */
async function trapOf(
  text: string,
  name: string | undefined,
  element: number,
  operand: number,
): Promise<string | undefined> {
  const module = Module.decode(await wat(MODULE));
  const instance = instantiate(new Store(), module, []);
  expect(instance.tables[0].elements[1]).toBeInstanceOf(Func);
  const cells: Record<string, number> = { element, operand };
  const native = { instance, cell: (cell: string) => cells[cell] } as unknown as NativeInstance;
  if (name === undefined) return trapFrom(text, undefined, native).code;
  const { op } = INSTRUCTIONS.find((row) => row.name === name)!;
  const code = module.codeStart[1];
  const bytes = op < 256 ? [op] : [op >> 8 === 0 ? op : 0xfc, op & 0xff];
  const offset = module.bytes.findIndex(
    (_, k) => k >= code && bytes.every((byte, j) => module.bytes[k + j] === byte),
  );
  expect(offset).toBeGreaterThan(0);
  return trapFrom(text, { program: { module }, offset, funcidx: 1 } as unknown as Origin, native).code;
}

it.each([
  ['i32.load8_u', 0, 0, 'memoryBounds'],
  ['i64.store', 0, 0, 'memoryBounds'],
  ['i32.div_u', 0, 0, 'divideByZero'],
  ['i64.rem_s', 0, 0, 'divideByZero'],
  ['i32.trunc_f64_s', 0, Number.NaN, 'invalidConversion'],
  ['i32.trunc_f64_s', 0, 1e99, 'integerOverflow'],
  ['table.set', 0, 0, 'tableBounds'],
  ['call_indirect', 3, 0, 'undefinedElement'],
  ['call_indirect', 0, 0, 'uninitializedElement'],
  ['call_indirect', 1, 0, 'indirectCallType'],
  ['unreachable', 0, 0, 'unreachable'],
])('with a text that nobody knows, at %s (%d, %d)', async (name, element, operand, code) => {
  expect(await trapOf('oh dear', name, element, operand)).toBe(code);
});

it.each([
  'null function or function signature mismatch',
  'function signature mismatch',
  'indirect call to null',
])('of an indirect call that says "%s"', async (text) => {
  expect(await trapOf(text, 'call_indirect', 0, 0)).toBe('uninitializedElement');
  expect(await trapOf(text, 'call_indirect', 1, 0)).toBe('indirectCallType');
});

it('of an index that SpiderMonkey says nothing else of', async () => {
  const text = 'index out of bounds';
  expect(await trapOf(text, 'call_indirect', 3, 0)).toBe('undefinedElement');
  expect(await trapOf(text, 'i32.load8_u', 3, 0)).toBe('memoryBounds');
});

it.each([
  [
    'V8',
    `RuntimeError: unreachable
    at wasm://wasm/tswasm3-1a2b3c4d:wasm-function[7]:0x1a2
    at f (wasm://wasm/tswasm12-00000001:wasm-function[10]:0xff)
    at call (http://localhost/tswasm.min.js:1:2)
    at wasm://wasm/0a1b2c3d:wasm-function[1]:0x2b
    at tswasm1.wasm-function[4] (wasm://wasm/tswasm1-1a2b3c4d:wasm-function[4]:0x3c)`,
  ],
  [
    'SpiderMonkey',
    `tswasm3.@http://localhost/tswasm.min.js line 4 > WebAssembly.Module:wasm-function[7]:0x1a2
tswasm12.f@http://localhost/tswasm.min.js line 4 > WebAssembly.Module:wasm-function[10]:0xff
call@http://localhost/tswasm.min.js:1:2
@http://localhost/tswasm.min.js line 4 > WebAssembly.Module:wasm-function[1]:0x2b
tswasm1.@http://localhost/tswasm.min.js line 9 > WebAssembly.Module:wasm-function[4]:0x3c
`,
  ],
])('the frames in a trace of %s', (_, stack) => {
  expect(tracedFrames(stack)).toEqual([
    [
      { part: 3, offset: 0x1a2 },
      { part: 12, offset: 0xff },
    ],
    [{ part: 1, offset: 0x3c }],
  ]);
});

/** As engines say it: V8, SpiderMonkey, JavaScriptCore. */
it.each([
  ['divide by zero', 'divideByZero'],
  ['remainder by zero', 'divideByZero'],
  ['integer divide by zero', 'divideByZero'],
  ["Division by zero (evaluating 'f()')", 'divideByZero'],
  ['divide result unrepresentable', 'integerOverflow'],
  ['integer overflow', 'integerOverflow'],
  ["Integer overflow (evaluating 'f()')", 'integerOverflow'],
  ['memory access out of bounds', 'memoryBounds'],
  ['index out of bounds', 'memoryBounds'],
  ["Out of bounds memory access (evaluating 'f()')", 'memoryBounds'],
  ['table index is out of bounds', 'undefinedElement'],
  ["Out of bounds call_indirect (evaluating 'f()')", 'undefinedElement'],
  ['indirect call signature mismatch', 'indirectCallType'],
  ["call_indirect to a signature that does not match (evaluating 'f()')", 'indirectCallType'],
  ["call_indirect to a null table entry (evaluating 'f()')", 'uninitializedElement'],
  ['unreachable', 'unreachable'],
  ['unreachable executed', 'unreachable'],
  ["Unreachable code should not be executed (evaluating 'f()')", 'unreachable'],
])('of a host that says "%s" and not where', async (text, code) => {
  expect(await trapOf(text, undefined, 0, 0)).toBe(code);
});

describe('a backtrace', () => {
  const DEPTH = 30;
  const text = (way: string) => `(module (tag $e) (func $down (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then ${way}))
      (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "run") (param i32) (result i32) (i32.mul (i32.const 3) (call $down (local.get 0)))))`;
  const framesOf = (way: string, tier?: NativeTier): readonly BacktraceFrame[] => {
    const store = new Store({ tier: 'interpret' });
    if (tier !== undefined) usePolicy(store, always(tier));
    const { exports } = instantiate(store, Module.decode(wabtWat(text(way))), []);
    try {
      (exports.get('run') as Func).call(DEPTH);
    } catch (error) {
      return (error as RuntimeError).backtrace;
    }
    throw new Error('it does not end so');
  };
  const withLimit = <T>(limit: number, action: () => T): T => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = limit;
    try {
      return action();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
  /** The innermost ones, and then that of the function that was called first, which nobody knows where it stands. */
  const expectCut = (cut: readonly BacktraceFrame[], expected: readonly BacktraceFrame[]): void => {
    const listed = cut.length - 1;
    expect(listed).toBeGreaterThan(2);
    expect(listed).toBeLessThan(13);
    expect(cut.slice(0, listed)).toEqual(expected.slice(0, listed));
    expect(cut[listed].funcidx).toBe(1);
    expect(cut[listed].offset).toBeLessThan(expected[DEPTH + 1].offset);
    expect(cut[listed].offset).toBeGreaterThan(expected[1].offset);
  };

  it.each([undefined, { whole: 0, group: 0 }])(
    'of native code has all frames that the host lists (%j)',
    (parts) => {
      const expected = framesOf('(unreachable)');
      expect(expected).toHaveLength(DEPTH + 2);
      expect(withLimit(200, () => framesOf('(unreachable)', new NativeTier(HOST, parts)))).toEqual(expected);
      expectCut(
        withLimit(10, () => framesOf('(unreachable)', new NativeTier(HOST, parts))),
        expected,
      );
    },
  );
  it('of an exception that nobody handles has all frames, after many exceptions the innermost one', () => {
    const expected = framesOf('(throw $e)');
    for (const parts of [undefined, { whole: 0, group: 0 }]) {
      const { stackTraceLimit } = Error;
      const tier = new NativeTier(HOST, parts);
      expect(framesOf('(throw $e)', tier)).toEqual(expected);
      expect(Error.stackTraceLimit).toBe(stackTraceLimit);
      let last = expected;
      for (let k = 0; k < 100; k++) last = framesOf('(throw $e)', tier);
      expect(last).toHaveLength(2);
      expect(last[0]).toEqual(expected[0]);
      expect(last[1].funcidx).toBe(1);
    }
  });

  it('has the function that was called where the host lists none', () => {
    const { prepareStackTrace } = Error;
    try {
      expect(withLimit(0, () => framesOf('(unreachable)', new NativeTier(HOST)))).toHaveLength(1);
      Error.prepareStackTrace = (_, sites) => sites;
      expect(framesOf('(unreachable)', new NativeTier(HOST))).toHaveLength(1);
      expect(framesOf('(throw $e)', new NativeTier(HOST))).toHaveLength(1);
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
  });
});
