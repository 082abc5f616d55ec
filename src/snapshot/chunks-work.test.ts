/** How much chunks of memory cost. In a file of its own: what is counted runs slower. */
import { describe, expect, it, vi } from 'vitest';
import { workOf } from '../../scripts/count-work';
import { chunksOf, expandMemory } from './chunks';
import type { MemoryChunk } from './document';

describe('chunks of a memory', () => {
  it('applies a hundred thousand wide fills with the work of one', async () => {
    const pages = 16 << 20;
    const chunks = Array.from(
      { length: 100000 },
      (_, i): MemoryChunk => ({ kind: 'ones', offset: i % 1000, length: pages - 2000 }),
    );
    const fill = vi.spyOn(Uint8Array.prototype, 'fill');
    const work = await workOf(() => expandMemory({ sameAs: undefined, pageBits: 0, pages, chunks }));
    const filled = fill.mock.calls.reduce((sum, [, from = 0, to = pages]) => sum + to - from, 0);
    fill.mockRestore();
    expect(filled).toBeLessThanOrEqual(pages);
    expect(work).toBeLessThan(40 * chunks.length);
  });

  it('reads each byte a bounded number of times, whatever there is', async () => {
    const size = 4 << 20;
    const kinds: [string, (bytes: Uint8Array) => void][] = [
      ['zeros', () => {}],
      ['ones', (bytes) => bytes.fill(0xff)],
      [
        'noise',
        (bytes) =>
          bytes.forEach((_, i) => {
            bytes[i] = (i * 2654435761) >>> 11;
          }),
      ],
      [
        'small integers',
        (bytes) => {
          for (let i = 0; i < size; i += 4) bytes[i] = 1 + (i % 200);
        },
      ],
      [
        'runs of 127',
        (bytes) => {
          for (let i = 0; i < size; i += 128) bytes[i] = 1;
        },
      ],
    ];
    for (const [name, fill] of kinds) {
      const bytes = new Uint8Array(size);
      fill(bytes);
      const page = await workOf(() => chunksOf(bytes.subarray(0, 65536)));
      const whole = await workOf(() => chunksOf(bytes));
      expect(page, name).toBeLessThan(2 * 65536);
      expect(whole, name).toBeLessThan(2 * size);
    }
  });
});
