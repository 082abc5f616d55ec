/** Lines of sources: what clang writes, what source maps say, and what is broken. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasClang, NO_WASM_OPT } from '../../embed/node/wasi-tests/clang';
import { Random } from '../decoder/testing';
import { Module } from '../index';
import { lineTable, sourceFinder } from './index';

const place = mkdtempSync(path.join(tmpdir(), 'tswasm-debug-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const SOURCE = `int table[4];
__attribute__((noinline)) int crash(int k) {
  if (k > 3)
    __builtin_trap();
  return table[k];
}
int unused_and_gone(int k) { return k * 3; }
__attribute__((export_name("enter"))) int enter(int k) {
  int sum = 0;
  for (int i = 0; i < k; i++)
    sum += crash(i);
  return sum;
}
`;

function compile(...flags: string[]): Uint8Array<ArrayBuffer> {
  writeFileSync(path.join(place, 'crash.c'), SOURCE);
  const out = path.join(place, 'crash.wasm');
  const words = ['--target=wasm32', '-nostdlib', '-Wl,--no-entry', '-ffunction-sections', ...flags];
  const { status, stderr } = spawnSync('clang', [...words, '-o', out, path.join(place, 'crash.c')], {
    env: NO_WASM_OPT,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return new Uint8Array(readFileSync(out));
}

/** Lines by the bytes of `unreachable` that the module has, `unreachable` being the trap of line 4. */
function trapLines(bytes: Uint8Array): string[] {
  const module = Module.decode(bytes);
  const find = sourceFinder();
  const found = new Set<string>();
  module.codeStart.forEach((start, k) => {
    for (let at = start; at < module.codeEnd[k]; at++) {
      const source = bytes[at] === 0x00 ? find(module, at) : undefined;
      if (source !== undefined) found.add(`${path.basename(source.file)}:${source.line}`);
    }
  });
  return [...found];
}

describe.skipIf(!hasClang)('DWARF of clang', () => {
  it.each([
    ['version 4', ['-g', '-gdwarf-4', '-O0']],
    ['version 4, optimised', ['-g', '-gdwarf-4', '-O1']],
    ['version 5', ['-g', '-gdwarf-5', '-O0']],
    ['version 5, optimised', ['-g', '-gdwarf-5', '-O1']],
    ['version 2', ['-g', '-gdwarf-2', '-O0']],
    ['lines alone', ['-gline-tables-only', '-O0']],
  ])('%s', (_, flags) => {
    const bytes = compile(...flags);
    expect(trapLines(bytes)).toContain('crash.c:4');
    const table = lineTable(Module.decode(bytes));
    const lines = new Set([...table.positions()].map(({ line }) => line));
    for (const line of [4, 5, 11, 12]) expect([...lines]).toContain(line);
    // What the linker threw away is nowhere.
    expect([...lines]).not.toContain(7);
  });

  it('gives the whole way to the file, as version 5 has it', () => {
    const [first] = lineTable(Module.decode(compile('-g', '-gdwarf-5'))).positions();
    expect(first.file).toBe(path.join(place, 'crash.c'));
  });

  it('gives nothing for code without lines, and for bytes that are no code', () => {
    const bytes = compile('-g');
    const find = sourceFinder();
    expect(find(Module.decode(bytes), 3)).toBeUndefined();
    expect(find(Module.decode(bytes), bytes.length - 1)).toBeUndefined();
    expect(find(Module.decode(compile('-g0')), 60)).toBeUndefined();
  });

  it('survives damage: no answer, or one, but no exception and no endless work', () => {
    const random = new Random(7);
    for (const version of ['-gdwarf-4', '-gdwarf-5']) {
      const bytes = compile('-g', version);
      const { customs } = Module.decode(bytes);
      const ranges = customs.filter(({ name }) => name.startsWith('.debug_')).map((custom) => custom.bytes);
      for (let round = 0; round < 300; round++) {
        const broken = bytes.slice();
        for (let k = 0; k < 4; k++) {
          const { start, end } = ranges[random.below(ranges.length)];
          broken[start + random.below(end - start)] = random.below(256);
        }
        const table = lineTable(Module.decode(broken));
        let count = 0;
        for (const { line } of table.positions()) count += line > 0 ? 1 : 0;
        expect(count).toBeLessThan(bytes.length);
      }
    }
  });

  it('is found in a file of its own', () => {
    const whole = compile('-g');
    const bare = compile('-g', '-Wl,--strip-debug');
    const module = withCustom(bare, 'external_debug_info', 'crash.debug.wasm');
    const table = lineTable(Module.decode(module), (url) => (url === 'crash.debug.wasm' ? whole : undefined));
    expect([...table.positions()].map(({ line }) => line)).toContain(4);
    expect(lineTable(Module.decode(module)).isEmpty).toBe(true);
  });
});

const text = (value: string) => [...new TextEncoder().encode(value)];
function withCustom(module: Uint8Array, name: string, value: string): Uint8Array {
  const named = (string: string) => [...size(text(string).length), ...text(string)];
  const contents = [...named(name), ...named(value)];
  return Uint8Array.from([...module, 0, ...size(contents.length), ...contents]);
}
function size(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...size(value >>> 7)];
}

/** A function at byte 24: `unreachable` stands at 23, after its local declarations. */
const BARE = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0, 0x0b,
]);

describe('source maps', () => {
  // Byte 23 is line 3, column 5 of the first source; byte 24 has no source.
  const map = { version: 3, sourceRoot: '/src', sources: ['main.ts'], names: [], mappings: 'uBAEI,C' };
  const expected = { file: '/src/main.ts', line: 3, column: 5 };

  it.each([
    ['in the module', `data:application/json;base64,${btoa(JSON.stringify(map))}`],
    ['in the module, as text', `data:application/json,${encodeURIComponent(JSON.stringify(map))}`],
    ['in a file', './main.wasm.map'],
  ])('%s', (_, url) => {
    const module = Module.decode(withCustom(BARE, 'sourceMappingURL', url));
    const read = (wanted: string) =>
      wanted === './main.wasm.map' ? Uint8Array.from(text(`)]}'\n${JSON.stringify(map)}`)) : undefined;
    const find = sourceFinder(read);
    expect(find(module, 23)).toEqual(expected);
    expect(find(module, 22)).toBeUndefined();
    expect(find(module, 24)).toEqual(expected);
  });

  it.each([
    'data:application/json;base64,%%%',
    'data:application/json,{',
    'data:application/json,null',
    'data:application/json,{"mappings":5,"sources":[]}',
    'data:application/json,{"mappings":"A!","sources":[]}',
    'data:application/json,{"mappings":"zzzzzzzzzzzzzzzz","sources":["a"]}',
    'nowhere',
  ])('%s is none', (url) => {
    expect(lineTable(Module.decode(withCustom(BARE, 'sourceMappingURL', url))).isEmpty).toBe(true);
  });
});
