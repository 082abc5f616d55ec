/** Memories: growth copies little, buffers tell the truth, and stores are given back what is not used any more. */
import { afterEach, describe, expect, it } from 'vitest';
import { FUNCREF } from '../decoder';
import { RuntimeError } from '../errors';
import { Store } from '../interpreter';
import { compile } from '../testing';
import { Func, instantiate, Memory, Table } from '.';
import { type MemoryBacking, PortableBacking, useMemoryBacking } from './backing';

const PAGE = 65_536;
const type = (min: number, max?: number, pageBits = 16) =>
  ({ address: 'i32', min, max, shared: false, pageBits }) as const;

afterEach(() => useMemoryBacking(undefined));

describe('growth', () => {
  it.each([
    ['by one page', 1, 2000, 1],
    ['by three pages', 1, 500, 3],
    ['from nothing', 0, 1000, 1],
  ])('%s copies no more bytes than twice those in the end', (_, min, turns, delta) => {
    const backing = new PortableBacking(min * PAGE, 2 ** 32);
    for (let k = 1; k <= turns; k++) expect(backing.grow((min + k * delta) * PAGE, false)).toBe(true);
    expect(backing.copied).toBeLessThanOrEqual(2 * (min + turns * delta) * PAGE);
  });

  it('of one-byte pages copies no more than twice what there is in the end', () => {
    const backing = new PortableBacking(1, 2 ** 20);
    for (let k = 2; k <= 50_000; k++) backing.grow(k, false);
    expect(backing.copied).toBeLessThanOrEqual(2 * 50_000);
  });

  it('keeps the bytes, adds zeros, and no room beyond the maximum', () => {
    const memory = new Memory(new Store(), type(1, 5));
    memory.bytes.fill(7);
    for (let pages = 1; pages < 5; pages++) expect(memory.grow(1)).toBe(pages);
    expect(memory.grow(1)).toBe(-1);
    expect(memory.bytes.length).toBe(5 * PAGE);
    expect(memory.bytes.subarray(0, PAGE).every((byte) => byte === 7)).toBe(true);
    expect(memory.bytes.subarray(PAGE).every((byte) => byte === 0)).toBe(true);
    expect(memory.bytes.buffer.byteLength).toBeLessThanOrEqual(5 * PAGE);
  });

  it('checks bounds against the length, not against the room', () => {
    const instance = instantiate(
      new Store(),
      compile(`(module (memory (export "m") 3) (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))`),
      [],
    );
    const load = instance.exports.get('load') as Func;
    (instance.exports.get('grow') as Func).call();
    expect(load.call(4 * PAGE - 1)).toBe(0);
    expect(() => load.call(4 * PAGE)).toThrow('out of bounds memory access');
  });
});

describe('the buffer', () => {
  it('is as long as the memory, shares its bytes, and is left behind by growth', () => {
    const memory = new Memory(new Store(), type(1));
    memory.grow(1);
    memory.grow(1);
    const { buffer } = memory;
    expect(buffer.byteLength).toBe(3 * PAGE);
    new Uint8Array(buffer)[5] = 9;
    memory.bytes[6] = 8;
    expect([memory.bytes[5], new Uint8Array(buffer)[6]]).toEqual([9, 8]);
    expect(memory.buffer).toBe(buffer);
    const left: ArrayBuffer[] = [];
    memory.onGrow = (old) => left.push(old);
    memory.grow(0);
    expect(left).toEqual([buffer]);
    expect(memory.buffer).not.toBe(buffer);
    expect([memory.bytes[5], memory.bytes[6]]).toEqual([9, 8]);
  });

  it('that is transferred away leaves a memory whose every access traps', () => {
    const store = new Store();
    const away = Func.host(store, { params: [], results: [] }, () => {
      const { buffer } = instance.exports.get('m') as Memory;
      // Hosts differ in what they say of one that has gone already.
      if (buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] });
    });
    const accesses = [
      '(drop (i32.load (i32.const 0)))',
      '(i32.store8 (i32.const 0) (i32.const 1))',
      '(drop (i64.load (i32.const 8)))',
      '(memory.fill (i32.const 0) (i32.const 1) (i32.const 1))',
      '(memory.copy (i32.const 0) (i32.const 1) (i32.const 1))',
    ];
    const module = compile(`(module (import "h" "away" (func $away)) (memory (export "m") 1)
      ${accesses.map((access, k) => `(func (export "${k}") (call $away) ${access})`).join('')}
      (func (export "grow") (result i32) (call $away) (memory.grow (i32.const 1))))`);
    let instance = instantiate(store, module, [away]);
    for (let k = 0; k < accesses.length; k++) {
      instance = instantiate(store, module, [away]);
      const access = instance.exports.get(`${k}`) as Func;
      expect(() => access.call()).toThrow('out of bounds memory access');
      expect(() => access.call()).toThrow(RuntimeError);
    }
    instance = instantiate(store, module, [away]);
    expect((instance.exports.get('grow') as Func).call()).toBe(-1);
  });

  it('comes from the host where it has true ones', () => {
    let made = 0;
    class TrueBacking implements MemoryBacking {
      readonly kind = 'true';
      buffer: ArrayBuffer;
      constructor(bytes: number) {
        this.buffer = new ArrayBuffer(bytes);
        made++;
      }
      grow(bytes: number): boolean {
        const { buffer } = this;
        this.buffer = new ArrayBuffer(bytes);
        new Uint8Array(this.buffer).set(new Uint8Array(buffer));
        return true;
      }
      expose(): ArrayBuffer {
        return this.buffer;
      }
    }
    useMemoryBacking((_, bytes, kind) => (kind === 'true' ? new TrueBacking(bytes) : undefined));
    const memory = new Memory(new Store(), type(1));
    memory.bytes[3] = 4;
    expect(made).toBe(0);
    expect(new Uint8Array(memory.buffer)[3]).toBe(4);
    memory.grow(2);
    expect(new Uint8Array(memory.buffer)[3]).toBe(4);
    expect([made, memory.buffer.byteLength, memory.bytes.length]).toEqual([1, 3 * PAGE, 3 * PAGE]);
  });
});

describe('a store', () => {
  it('is given back what a failed instantiation had', () => {
    const store = new Store({ maxMemoryBytes: 4 * PAGE, maxTableElements: 100 });
    const failing = [
      '(module (memory 2) (memory 1) (table 90 funcref) (table 90 funcref))',
      '(module (memory 3) (memory 3))',
      '(module (memory 2) (data (i32.const 131072) "x"))',
      '(module (table 10 funcref) (func $f) (elem (i32.const 10) $f))',
    ];
    for (let k = 0; k < 20; k++) {
      const text = failing[k % failing.length];
      expect(() => instantiate(store, compile(text), [])).toThrow(RuntimeError);
      expect([store.memories.used, store.tables.used]).toEqual([0, 0]);
    }
  });

  it('keeps what a failed instantiation has left in a table of others', () => {
    const store = new Store();
    const shared = new Table(store, { address: 'i32', element: FUNCREF, min: 4, max: undefined });
    const module = compile(`(module (import "h" "t" (table 4 funcref)) (memory 1)
      (func $size (result i32) (memory.size)) (elem (i32.const 0) $size) (data (i32.const 65536) "x"))`);
    expect(() => instantiate(store, module, [shared])).toThrow('out of bounds memory access');
    expect((shared.get(0) as Func).call()).toBe(1);
    expect(store.memories.used).toBe(PAGE);
  });

  it('gives no more than its limit, however it is asked', () => {
    const store = new Store({ maxMemoryBytes: 10 * PAGE });
    const memory = new Memory(store, type(1));
    let pages = 1;
    for (let k = 0; k < 100; k++) if (memory.grow(k % 4) >= 0) pages += k % 4;
    expect([pages, store.memories.used]).toEqual([10, 10 * PAGE]);
    expect(() => new Memory(store, type(1))).toThrow(RangeError);
  });
});
