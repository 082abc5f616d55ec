import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Func, type Instance, instantiate, Memory, Module, Store } from '../index';
import { wat } from '../testing';

afterEach(() => void vi.unstubAllGlobals());

const TYPE = { address: 'i32', min: 1, max: undefined, shared: false, pageBits: 16 } as const;
const CALLER = `(module (import "host" "f" (func $f)) (memory (export "memory") 1)
  (func (export "run") (call $f))
  (func (export "read") (result i32) (i32.load (i32.const 0))))`;
/** An instance whose memory's buffer is in the host's hands, and which calls the host. */
function exposed(store: Store, host: (memory: Memory) => void = () => {}) {
  const instance: Instance = instantiate(store, Module.decode(wat(CALLER)), [
    Func.host(store, { params: [], results: [] }, () => host(instance.memory('memory'))),
  ]);
  void instance.memory('memory').buffer;
  return instance;
}
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('buffers in the host’s hands', () => {
  it('are held one for each memory, until it has another or loses it', () => {
    const store = new Store();
    const memory = new Memory(store, TYPE);
    expect(store.exposures.count).toBe(0);
    for (let k = 0; k < 3; k++) {
      void memory.buffer;
      expect(store.exposures.count).toBe(1);
      memory.grow(1);
      expect(store.exposures.count).toBe(0);
    }
    const other = new Memory(store, TYPE);
    void memory.buffer;
    void other.buffer;
    structuredClone(null, { transfer: [memory.buffer] });
    store.exposures.look();
    expect([store.exposures.count, memory.byteLength, other.byteLength]).toEqual([1, 0, 65536]);
    expect(memory.grow(1)).toBe(-1);
  });

  it('are noticed wherever the host transfers them away', () => {
    const store = new Store();
    const instance = exposed(store, (memory) => structuredClone(null, { transfer: [memory.buffer] }));
    const other = exposed(store);
    instance.func('run').call();
    expect(() => instance.func('read').call()).toThrow('out of bounds memory access');
    structuredClone(null, { transfer: [other.memory('memory').buffer] });
    expect(() => other.func('read').call()).toThrow('out of bounds memory access');
  });

  it('are looked at without the memories, which that would keep alive', () => {
    let looks = 0;
    const Original = WeakRef;
    vi.stubGlobal(
      'WeakRef',
      class<T extends WeakKey> extends Original<T> {
        override deref() {
          looks++;
          return super.deref();
        }
      },
    );
    const instance = exposed(new Store());
    for (let k = 0; k < 100; k++) instance.func('run').call();
    expect(looks).toBe(0);
  });

  it('go with their memories, also when all collections are in the middle of a job', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const store = new Store();
    const most: number[] = [];
    for (let k = 0; k < 20; k++) {
      exposed(store).func('run').call();
      gc();
      most.push(store.exposures.count);
      await turn();
    }
    expect(Math.max(...most.slice(5))).toBeLessThan(5);
  });

  it('go also when other stores have gone in the moment in which their memories had', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    let other: Store | undefined = new Store();
    const begin = (store: Store) => void exposed(store).func('run').call();
    begin(other);
    // The stack keeps the last one.
    const store = new Store();
    begin(store);
    await turn();
    gc();
    other = undefined;
    gc();
    await turn();
    for (let k = 0; k < 3; k++) begin(store);
    for (let k = 0; k < 50 && store.exposures.count > 1; k++) {
      await turn();
      gc();
    }
    expect(store.exposures.count).toBeLessThan(2);
  });
});
