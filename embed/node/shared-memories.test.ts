/** Shared memories in every tier: their buffers, who waits in them, and who wakes whom. */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { wat } from '../../src/testing';
import { createWebAssembly } from './webassembly';

const MODULE = wat(`(module
  (memory (export "memory") 1 4 shared)
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "wait") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32) (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "until") (param i32 i32) (result i32) (local $turns i32)
    (loop $again
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (drop (memory.atomic.wait32 (local.get 0) (local.get 1) (i64.const -1)))
      (br_if $again (i32.eq (i32.atomic.load (local.get 0)) (local.get 1))))
    (local.get $turns))
  (func (export "count") (param i32 i32) (result i32)
    (loop $again
      (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
      (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (i32.atomic.load (local.get 0))))`);
/** Imports it, with the same limits or others. */
const importing = (limits: string): Uint8Array<ArrayBuffer> =>
  wat(
    `(module (import "m" "memory" (memory ${limits})) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`,
  );

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  store(at: number, value: number): void;
  load(at: number): number;
  grow(pages: number): number;
  wait(at: number, value: number, nanoseconds: bigint): number;
  wait64(at: number, value: bigint, nanoseconds: bigint): number;
  until(at: number, value: number): number;
  count(at: number, turns: number): number;
}

/** Runs a text beside us, with the memory's buffer as `words`. */
function beside(buffer: ArrayBuffer, text: string): Worker {
  const code = `const words = new Int32Array(require('node:worker_threads').workerData); ${text}`;
  return new Worker(code, { eval: true, workerData: buffer });
}
const ended = (worker: Worker): Promise<unknown> => new Promise((resolve) => worker.once('exit', resolve));

describe.each(['interpret', 'javascript', 'native'] as const)('%s', (tier) => {
  const begin = (options: Parameters<typeof createWebAssembly>[0] = {}) => {
    const WebAssembly = createWebAssembly({ tier, ...options });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE));
    return { WebAssembly, ...(instance.exports as unknown as Exports) };
  };

  it('have a buffer that stays when they grow, from either side', () => {
    const { memory, store, load, grow } = begin();
    const first = memory.buffer;
    expect(first).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.buffer).toBe(first);
    store(4, 7);
    expect([grow(1), memory.grow(1), grow(2), grow(1)]).toEqual([1, 2, -1, 3]);
    expect([first.byteLength, memory.buffer.byteLength]).toEqual([65_536, 4 * 65_536]);
    store(8, 9);
    store(3 * 65_536, 11);
    const [older, newer] = [new Int32Array(first), new Int32Array(memory.buffer)];
    older[3] = 13;
    expect([older[1], older[2], newer[1], newer[2], newer[3 * 16_384], load(12)]).toEqual([
      7, 9, 7, 9, 11, 13,
    ]);
  });

  it('are imported as what they are', () => {
    const { WebAssembly, memory, store } = begin();
    const link = (limits: string) =>
      new WebAssembly.Instance(new WebAssembly.Module(importing(limits)), { m: { memory } } as never);
    store(4, 7);
    expect((link('1 4 shared').exports as unknown as Exports).load(4)).toBe(7);
    expect(() => link('1 4')).toThrow(WebAssembly.LinkError);
    expect(() => link('1 3 shared')).toThrow(WebAssembly.LinkError);
    const plain = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    expect(
      () =>
        new WebAssembly.Instance(new WebAssembly.Module(importing('1 4 shared')), { m: { memory: plain } }),
    ).toThrow(WebAssembly.LinkError);
  });

  it('are waited in: not equal, and timed out', () => {
    const { wait, wait64, store } = begin();
    store(8, 5);
    expect([wait(8, 4, -1n), wait(8, 5, 0n), wait(8, 5, 25_000_000n)]).toEqual([1, 2, 2]);
    expect([wait64(8, 4n, -1n), wait64(8, 5n, 1000n)]).toEqual([1, 2]);
  });

  it('wake who waits from another thread of the host, and count together', async () => {
    const { memory, until, count } = begin();
    const waker = beside(
      memory.buffer,
      'Atomics.wait(words, 100, 0, 60); Atomics.store(words, 2, 1); Atomics.notify(words, 2);',
    );
    expect(until(8, 0)).toBeGreaterThan(0);
    await ended(waker);
    const counter = beside(
      memory.buffer,
      'Atomics.store(words, 5, 1); Atomics.notify(words, 5); for (let k = 0; k < 300000; k++) Atomics.add(words, 4, 1);',
    );
    until(20, 0);
    for (let k = 0; k < 100; k++) count(16, 3000);
    await ended(counter);
    expect(new Int32Array(memory.buffer)[4]).toBe(600_000);
  });

  it('do not keep who is to stop', () => {
    expect(() => begin({ deadline: 60 }).until(8, 0)).toThrow('used up its time');
    // Without a clock, the fuel ends: it takes some for each time that nobody comes.
    expect(() => begin({ fuel: 3_000_000 }).until(8, 0)).toThrow('used up its fuel');
  });
});
