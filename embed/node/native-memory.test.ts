/** Memories in V8's own: the same bytes wherever they lie, true buffers, and nobody else's. */
import { afterAll, expect, it } from 'vitest';
import { Memory, Store, useMemoryBacking } from '../../src/index';
import { createWebAssembly } from '../../src/webassembly';
import './native-memory';

const PAGE = 65_536;
const type = { address: 'i32', min: 1, max: 200, shared: false, pageBits: 16 } as const;
afterAll(() => useMemoryBacking(undefined));

it('keeps every byte while it grows, and moves, and is looked at', () => {
  for (const asked of [[], [1], [20], [150], [1, 3, 17, 18, 19, 40, 199]]) {
    const memory = new Memory(new Store(), type);
    for (let pages = 1; pages < 200; pages++) {
      memory.bytes[pages * PAGE - 1] = pages;
      if (asked.includes(pages)) {
        expect(memory.buffer.byteLength).toBe(pages * PAGE);
        expect(new Uint8Array(memory.buffer)[pages * PAGE - 1]).toBe(pages);
      }
      expect(memory.grow(1)).toBe(pages);
      expect(memory.bytes.length).toBe((pages + 1) * PAGE);
    }
    expect(memory.grow(1)).toBe(-1);
    const { bytes } = memory;
    for (let pages = 1; pages < 200; pages++)
      expect([bytes[pages * PAGE - 1], bytes[pages * PAGE]]).toEqual([pages, 0]);
  }
});

it('does not move when it is large and native code or somebody else wants it', () => {
  const large = { ...type, min: 256, max: 2000 };
  const uses: Record<string, (memory: Memory) => unknown> = {
    'native code': (memory) => memory.holdHost(() => {}),
    'native code of a program': (memory) => {
      memory.isPrivate = true;
      return memory.holdHost(() => {});
    },
    'its buffer': (memory) => memory.buffer,
  };
  for (const use of Object.values(uses)) {
    const made = new Memory(new Store(), large);
    // As a snapshot that is restored makes it.
    const grown = new Memory(new Store(), type);
    grown.grow(63);
    grown.grow(136);
    for (const memory of [made, grown]) {
      const { buffer } = memory.bytes;
      expect(use(memory)).toBeDefined();
      if (memory === made || use !== uses['native code of a program'])
        expect(memory.bytes.buffer).toBe(buffer);
      memory.bytes[5] = 9;
      memory.grow(1);
      expect(memory.bytes[5]).toBe(9);
      expect(memory.bytes.length).toBe(memory.pages * PAGE);
    }
  }
});

it('has a buffer that growing detaches, and nobody can transfer', () => {
  const WebAssembly = createWebAssembly();
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { buffer } = memory;
  // Node 20 copies what cannot be detached; others throw.
  try {
    structuredClone(buffer, { transfer: [buffer] });
  } catch {}
  expect(buffer.byteLength).toBe(2 * PAGE);
  memory.grow(0);
  expect(buffer.byteLength).toBe(0);
  expect(memory.buffer.byteLength).toBe(2 * PAGE);
});

it('serves more memories than one process needs', () => {
  const store = new Store({ maxMemoryBytes: Number.POSITIVE_INFINITY });
  const memories = Array.from({ length: 1500 }, () => new Memory(store, type));
  for (const memory of memories) expect(memory.buffer.byteLength).toBe(PAGE);
});
