/** What `tswasm` keeps of a run for the next one, in a copy of the built command line. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNodes } from '../../scripts/engines.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const place = mkdtempSync(path.join(tmpdir(), 'tswasm-launcher-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** (module (func (export "_start"))) */
const NOTHING = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[7, 10, 1, 6, ...Buffer.from('_start'), 0, 0, 10, 4, 1, 2, 0, 0x0b],
];
/** (module (func (import "wasi_snapshot_preview1" "sched_yield") (result i32)) (func (export "_start") call 0 drop)) */
const CALLING = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 2, 0x60, 0, 1, 0x7f, 0x60, 0, 0],
  ...[2, 38, 1, 22, ...Buffer.from('wasi_snapshot_preview1'), 11, ...Buffer.from('sched_yield'), 0, 0],
  ...[3, 2, 1, 1, 7, 10, 1, 6, ...Buffer.from('_start'), 0, 1, 10, 7, 1, 5, 0, 0x10, 0, 0x1a, 0x0b],
];
/** (module (func (export "_start") (local i32) ...)) with a loop of 20,000,000 turns */
const LONG = [
  ...NOTHING.slice(0, -6),
  ...[10, 25, 1, 23, 1, 1, 0x7f, 0x41, 0x80, 0xda, 0xc4, 0x09, 0x21, 0],
  ...[3, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b],
];
const at = (name: string) => path.join(place, name);
const kept = () => readdirSync(place).filter((name) => name.includes('.bytecode'));

function tswasm(
  words: readonly string[],
  variables: Record<string, string> = {},
  flags: readonly string[] = [],
  program = 'nothing.wasm',
  node = process.execPath,
) {
  const { NODE_OPTIONS: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
  const all = [...flags, at('cli.cjs'), ...words, at(program)];
  const { status, stderr } = spawnSync(node, all, {
    env: { ...env, ...variables },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}

const files = () => kept().map((name) => `${name} ${statSync(at(name)).ino}`);
/** Some runs add to what is kept; then none does. */
function settle(run: () => void): void {
  for (let most = 6; most > 0; most--) {
    const before = files();
    run();
    if (String(files()) === String(before)) return;
  }
  throw new Error('each run writes');
}

const others = findNodes();
if (others.length === 0)
  console.warn('SKIPPED: other versions of Node; node scripts/engines.mjs --nodes brings some');

describe.skipIf(!existsSync(path.join(dist, 'cli.cjs')))('what is kept', () => {
  beforeAll(() => {
    for (const name of readdirSync(dist)) {
      if (/^cli.*\.cjs$/.test(name)) copyFileSync(path.join(dist, name), at(name));
    }
    writeFileSync(at('nothing.wasm'), Uint8Array.from(NOTHING));
    writeFileSync(at('calling.wasm'), Uint8Array.from(CALLING));
    writeFileSync(at('long.wasm'), Uint8Array.from(LONG));
  });

  it('is bytecode, of a typical run alone, and no matter when it is damaged', () => {
    tswasm(['validate']);
    tswasm(['run'], { NODE_DISABLE_COMPILE_CACHE: '1' });
    tswasm(['run'], { NODE_OPTIONS: '--no-warnings' });
    tswasm(['run'], {}, ['--max-old-space-size=400']);
    tswasm(['run', '--tier', 'interpret']);
    expect(kept()).toEqual([]);

    tswasm(['run']);
    const [name, ...others] = kept();
    expect(others).toEqual([]);
    settle(() => tswasm(['run']));
    const bytes = readFileSync(at(name));

    for (const length of [0, 1, bytes.length >> 1]) {
      writeFileSync(at(name), bytes.subarray(0, length));
      tswasm(['run']);
      expect(readFileSync(at(name)).length).toBeGreaterThan(bytes.length >> 1);
    }
    expect(kept()).toEqual([name]);

    // A program that makes another call adds what runs for that, once.
    settle(() => tswasm(['run']));
    const withoutCalls = files();
    const sizeWithout = readFileSync(at(name)).length;
    tswasm(['run'], {}, [], 'calling.wasm');
    const withCalls = files();
    expect(withCalls).not.toEqual(withoutCalls);
    expect(readFileSync(at(name)).length).toBeGreaterThan(sizeWithout + 'sched_yield'.length);
    tswasm(['run'], {}, [], 'calling.wasm');
    tswasm(['run']);
    expect(files()).toEqual(withCalls);

    // The first runs in tiers add to that of all files what has run by then, and later ones use it.
    settle(() => tswasm(['run']));
    const ofStart = readFileSync(at(name)).length;
    tswasm(['run'], {}, [], 'long.wasm');
    const all = kept();
    expect(all).toContain(name);
    expect(all.length).toBeGreaterThan(1);
    expect(readFileSync(at(name)).length).toBeGreaterThan(ofStart);
    settle(() => tswasm(['run'], {}, [], 'long.wasm'));
    const before = files();
    tswasm(['run']);
    tswasm(['run', '--tier', 'native']);
    expect(files()).toEqual(before);
    for (const one of all) rmSync(at(one));
    tswasm(['run', '--tier', 'native']);
    expect(kept()).toEqual(all);
  });

  it.runIf(others.length > 0)('is so on other versions of Node, which say nothing about it', () => {
    for (const node of others) {
      for (const one of kept()) rmSync(at(one));
      const run = (program: string, ...words: string[]) => tswasm(['run', ...words], {}, [], program, node);
      settle(() => run('nothing.wasm'));
      const [main] = kept();
      const { length } = readFileSync(at(main));
      settle(() => run('long.wasm'));
      expect(kept().length).toBeGreaterThan(1);
      expect(readFileSync(at(main)).length).toBeGreaterThan(length);
      const before = files();
      run('nothing.wasm');
      run('long.wasm', '--tier', 'javascript');
      expect(files()).toEqual(before);
      run('nothing.wasm', '--tier', 'interpret');
    }
  });
});
