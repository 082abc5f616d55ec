import { describe, expect, it } from 'vitest';
import { Module } from '../../decoder';
import { wat } from '../../decoder/testing';
import { bodyOf } from './bodies';
import { functionText } from './functions';

const MODULE = `(module
  (func $fib (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func $long (param $n i32) (result i32)
    ${'(local.set $n (i32.mul (local.get $n) (i32.const 12345)))'.repeat(20)}
    (if (result i32) (local.get $n) (then (call $long (local.get $n))) (else (i32.const 7))))
  (func $tail (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return_call $tail (i32.const 1))))
    (call $tail (i32.const 0)))
  (func $other (result i32) (call $fib (i32.const 5))))`;

/** The functions of a text, and whom their calls name. */
async function calls(funcidx: number, compilesHot: boolean): Promise<Record<string, string[]>> {
  const module = Module.decode(await wat(MODULE));
  const { text } = functionText(module, bodyOf(module, funcidx), { compilesHot });
  const found: Record<string, string[]> = {};
  for (const [, name, body] of text.matchAll(/function (\w)\([^)]*\)\{(.*?)\}(?=function|return\{)/g)) {
    found[name] = [...body.matchAll(/[=;]([\w.]+)\(fp(?:\+\d+)?(?:\|0)?,sp\+1/g)].map(([, callee]) => callee);
  }
  return found;
}

describe('functions that call themselves', () => {
  it('do so by name; small ones are two, each of which calls the other', async () => {
    expect(await calls(0, true)).toMatchObject({ f: ['h', 'h'], h: ['f', 'f'] });
    expect(await calls(1, true)).toEqual({ f: ['f'], g: [], d: [] });
    expect(await calls(2, true)).toMatchObject({ b: ['f'] });
    expect(await calls(3, true)).toEqual({ f: ['_C0.f'], g: [], d: [] });
  });

  it('are not written twice where the engine compiles nothing', async () => {
    expect(await calls(0, false)).toEqual({ f: ['f', 'f'], g: [], d: [] });
  });
});
