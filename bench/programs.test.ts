/** Every bench program computes the same on tswasm as on the host's own `WebAssembly`; the harness only warns. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { instantiate, Module, Store } from '../src/index.ts';
import { buildProgram, TESTED } from './programs.ts';
import type { Namespace } from './protocol.ts';

const native = (globalThis as unknown as { WebAssembly: Namespace }).WebAssembly;

it.each(TESTED)('$name', async (program) => {
  const bytes = readFileSync(await buildProgram(program));
  const { exports } = new native.Instance(new native.Module(bytes), {});
  const expected = [1, 2].map((n) => (exports['run'] as (n: number) => number)(n));
  const run = instantiate(new Store(), Module.decode(bytes), []).exports.get('run') as {
    call(n: number): unknown;
  };
  expect([1, 2].map((n) => run.call(n))).toEqual(expected);
});
