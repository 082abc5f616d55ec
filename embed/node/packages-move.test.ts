/**
 * Issue 11, acceptance 3: npm packages with SIMD and with exceptions on a namespace whose calls are paused and moved in the middle, between Node,
 * Node without a compiler and QuickJS. Their output must be that on the host's own `WebAssembly`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type EngineCommand, findEngines } from '../quickjs/tests/engines';
import { compareMoved } from './drop-in/run';

/** A leg in QuickJS decodes a large module and has a large heap. */
const VM_BYTES = 2 ** 30;
const TIMEOUT = 1_800_000;
const HEAVY = process.env['TSWASM_HEAVY'] === '1';
if (!HEAVY) {
  process.stderr.write(
    'SKIPPED: rapier2d and RDKit that move, and most moves of webp. TSWASM_HEAVY=1 runs them.\n',
  );
}

let engines: EngineCommand[];
beforeAll(async () => {
  engines = await findEngines({ vmBytes: VM_BYTES });
});

describe.each([
  {
    name: 'an image codec with SIMD, @jsquash/webp',
    program: 'webp',
    count: HEAVY ? 24 : 3,
    stay: 400,
    away: 3000,
    heavy: false,
  },
  {
    name: 'a physics engine with SIMD, rapier2d',
    program: 'rapier',
    count: 12,
    stay: 100,
    away: 100,
    heavy: true,
  },
  { name: 'C++ with exceptions, RDKit', program: 'rdkit', count: 6, stay: 400, away: 3000, heavy: true },
])('$name', ({ program, count, stay, away, heavy }) => {
  it.skipIf(heavy && !HEAVY)('computes the same when it moves', { timeout: TIMEOUT }, async () => {
    const { native, moving, moved } = await compareMoved(program, { engines, count, stay, away });
    expect(moving).toEqual(native);
    const { visited, stopped, waited, done } = moved;
    expect(visited).toHaveLength(count);
    for (const { name } of engines.slice(0, count)) expect(visited).toContain(name);
    expect(stopped + waited + done).toBe(count);
    expect(stopped).toBeGreaterThan(0);
  });
});
