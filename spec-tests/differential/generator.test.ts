import { print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { Module } from '../../src/decoder/index';
import { INSTRUCTIONS } from '../../src/decoder/instructions';
import { Native } from '../engines/native-api';
import { available, check, enableNativeFeatures } from './check';
import { generate, variantOf } from './generate';
import { BASE, countNodes, encodeModule } from './ir';
import { nativeTarget } from './native-target';
import type { Target } from './target';

/** Not numbers, memory, tables, references or calls of today's proposals: nothing native can run. */
const NOT_GENERATED = new Set([
  'else',
  'end',
  'atomic.fence',
  'memory.atomic.wait32',
  'memory.atomic.wait64',
]);
const FEATURES = [
  'mvp',
  'signExtension',
  'saturatingFloatToInt',
  'bulkMemory',
  'referenceTypes',
  'tailCalls',
  'simd',
  'relaxedSimd',
  'exceptionHandling',
  'legacyExceptions',
  'threads',
];

/** Native, but a division by zero traps as if it were memory. */
const wrongDivision: Target = {
  ...nativeTarget,
  trapKind(error) {
    const kind = nativeTarget.trapKind(error);
    return kind === 'divide' ? 'memory' : kind;
  },
};

describe('generator', () => {
  beforeAll(enableNativeFeatures);

  it('makes the same module of the same seed', () => {
    const features = available();
    expect(encodeModule(generate(5, features).module)).toEqual(encodeModule(generate(5, features).module));
    expect(encodeModule(generate(6, features).module)).not.toEqual(
      encodeModule(generate(5, features).module),
    );
  });

  it('makes valid modules', () => {
    const features = available();
    for (let seed = 0; seed < 200; seed++) {
      expect(Native.validate(encodeModule(generate(seed, features).module)), `seed ${seed}`).toBe(true);
    }
  });

  it('says the same in several memories, 64-bit tables and pages of one byte', () => {
    const features = available();
    const seen = { memories: 0, tables: 0, pages: 0 };
    for (let seed = 0; seed < 100; seed++) {
      const module = Module.decode(encodeModule(generate(seed, features).module, variantOf(seed)));
      if (module.memories.length === 2) seen.memories++;
      if (module.tables.some((t) => t.address === 'i64')) seen.tables++;
      if (module.memories.some((m) => m.pageBits === 0)) seen.pages++;
    }
    expect(Math.min(seen.memories, seen.tables, seen.pages)).toBeGreaterThan(10);
  });

  it('reaches every instruction', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 500; seed++) {
      const variant = { ...BASE, relaxed: true, exnref: seed % 2 === 0 };
      const text = await print(encodeModule(generate(seed, available()).module, variant));
      for (const [word] of text.matchAll(/[a-z][a-z0-9_.]*/g)) seen.add(word);
      if (/select \(result/.test(text)) seen.add('select t');
    }
    const wanted = INSTRUCTIONS.filter(
      (row) => FEATURES.includes(row.feature) && !NOT_GENERATED.has(row.name),
    );
    expect(wanted.map((row) => row.name).filter((name) => !seen.has(name))).toEqual([]);
  });

  it('finds a wrong trap and shrinks the module that shows it', async () => {
    const features = available();
    for (let seed = 0; seed < 100; seed++) {
      const failure = await check(seed, features, wrongDivision);
      if (!failure) continue;
      const size = Number(/shrunk to (\d+) nodes/.exec(failure.shrunk)?.[1]);
      expect(size).toBeLessThan(countNodes(generate(seed, features).module));
      expect(size).toBeLessThan(40);
      expect(failure.shrunk).toMatch(/(div|rem)_[su]/);
      expect(failure.shrunk).toContain('expected f');
      return;
    }
    expect.fail('no division by zero in 100 seeds');
  });
});
