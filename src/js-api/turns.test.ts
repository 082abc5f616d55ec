/** An asynchronous compilation leaves the event loop its turns, whatever the host has for that (issue 8, item 2). */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { leb, moduleOf, section } from '../decoder/testing';
import { createWebAssembly } from './namespace';

/** A megabyte of i32.const, drop; wrong at its end on demand. */
function large(last: number): Uint8Array<ArrayBuffer> {
  const size = 1_000_000;
  const body = new Array<number>(size);
  for (let k = 0; k < size; k += 4) body.splice(k, 4, 0x41, 1, 0x1a, 0x01);
  const length = leb(size + 3);
  const code = [...leb(1), ...length, 0];
  for (const byte of body) code.push(byte);
  code.push(last, 0x0b);
  return new Uint8Array(
    moduleOf(section('type', 1, 0x60, 0, 0), section('function', 1, 0), section('code', code)),
  );
}
const valid = large(0x01);
const invalid = large(0x6a);
const small = new Uint8Array(moduleOf());

/** How often the event loop came by until the promise was settled, and with what. */
async function turnsDuring(promise: Promise<unknown>): Promise<{ turns: number; result: unknown }> {
  let turns = 0;
  let isOver = false;
  const result = promise.then(
    (value) => value,
    (error: unknown) => error,
  );
  void result.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise<void>((resolve) => realImmediate(resolve));
    if (!isOver) turns++;
  }
  return { turns, result: await result };
}
const realImmediate = setImmediate;

describe.each(['setImmediate', 'MessageChannel', 'setTimeout'])('with %s', (host) => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });
  const { compile, instantiate, Module, CompileError } = createWebAssembly();
  it('the event loop has turns while a module is compiled', async () => {
    const before = ['setImmediate', 'MessageChannel', 'setTimeout'];
    for (const name of before.slice(0, before.indexOf(host))) vi.stubGlobal(name, undefined);
    const compiled = await turnsDuring(compile(valid));
    expect(compiled.turns).toBeGreaterThan(5);
    expect(compiled.result).toBeInstanceOf(Module);
    expect((await turnsDuring(instantiate(valid))).turns).toBeGreaterThan(5);
    const failed = await turnsDuring(compile(invalid));
    expect(failed.turns).toBeGreaterThan(5);
    expect(failed.result).toBeInstanceOf(CompileError);
  });
});

it('tells how far it is, if somebody asks', async () => {
  const calls: number[] = [];
  const onProgress = (done: number, total: number) => {
    expect(total).toBe(calls.length < 101 ? valid.length : -1);
    calls.push(done);
  };
  const namespace = createWebAssembly({ onProgress });
  await namespace.compile(valid);
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.at(-1)).toBe(valid.length);
  calls.length = 0;
  await namespace.instantiate(valid);
  expect(calls.at(-1)).toBe(valid.length);
  calls.length = 0;
  await expect(namespace.compile(invalid)).rejects.toThrow(namespace.CompileError);
  expect(calls.length).toBeGreaterThan(10);
  expect(calls.includes(valid.length)).toBe(false);
});

describe('without any of these', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });
  it('a module is compiled at once', async () => {
    const { compile, Module } = createWebAssembly();
    for (const name of ['setImmediate', 'MessageChannel', 'setTimeout']) vi.stubGlobal(name, undefined);
    expect(await compile(valid)).toBeInstanceOf(Module);
  });
});

it('a small module takes no turn', async () => {
  const { turns } = await turnsDuring(createWebAssembly().compile(small));
  expect(turns).toBe(0);
});
