/** The namespace in an engine that has no `WebAssembly`, no `structuredClone` and no `Response`: QuickJS. */
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { getQuickJS } from 'quickjs-emscripten';
import { expect, it } from 'vitest';
import { wat } from '../testing';

const PROGRAM = `
  const module = new WebAssembly.Module(bytes);
  const { add, multiply, grow, trap, memory } = new WebAssembly.Instance(module, { m: { f: (x) => x + 1n } }).exports;
  const before = memory.buffer;
  const seen = [add(2, 3), String(multiply(-3n, 5000000000n)), grow(), before.byteLength, memory.buffer.byteLength];
  try { trap() } catch (error) { seen.push(String(error), error instanceof WebAssembly.RuntimeError) }
  seen.push(WebAssembly.validate(bytes.subarray(0, 20)), typeof WebAssembly.compileStreaming, add.name, add.length);
  WebAssembly.instantiate(module, { m: { f: Number } }).then(({ exports }) => { globalThis.later = exports.add(4, 5) });
  JSON.stringify(seen);
`;

it('works in QuickJS', async () => {
  const entryPoints = [join(import.meta.dirname, '../webassembly.ts')];
  const bundled = buildSync({
    entryPoints,
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'tswasm',
    target: 'es2022',
  });
  const text = `(module
    (import "m" "f" (func $f (param i64) (result i64)))
    (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "multiply") (param i64 i64) (result i64) (call $f (i64.mul (local.get 0) (local.get 1))))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "trap") unreachable))`;
  const bytes = wat(text);
  const runtime = (await getQuickJS()).newRuntime();
  const context = runtime.newContext();
  const evaluate = (code: string): unknown =>
    context.unwrapResult(context.evalCode(code)).consume(context.dump);
  evaluate(`${bundled.outputFiles[0].text}; globalThis.WebAssembly = tswasm.WebAssembly; 0`);
  evaluate(`globalThis.bytes = new Uint8Array([${bytes.join()}]); 0`);
  const seen = JSON.parse(evaluate(PROGRAM) as string) as unknown[];
  const trapped = ['RuntimeError: unreachable', true];
  expect(seen).toEqual([5, '-14999999999', 1, 0, 131_072, ...trapped, false, 'undefined', '1', 2]);
  runtime.executePendingJobs();
  expect(evaluate('later')).toBe(9);
  context.dispose();
  runtime.dispose();
});
