/**
 * Issue 11, acceptance 3: programs of clang, a C program whose loops are vectors (filters of pictures, a hash) and C++ with exceptions in both
 * encodings, stopped at random safepoints and moved to a fresh process every time: Node, Node without a compiler, QuickJS. V8 says what is
 * right, where it knows the encoding.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Module } from '../../src/index';
import { hasClang, NO_WASM_OPT } from '../node/wasi-tests/clang';
import { askFresh, type EngineCommand, findEngines } from './tests/engines';
import { travel } from './tests/travel';
import { toHex } from './tests/wire';

/** As in moves.test.ts; in each run of the tests only once through the engines. */
const STOPS = Number(process.env['TSWASM_MOVES'] ?? 3);
const TIMEOUT = 600_000 + STOPS * 60_000;
if (!hasClang) process.stderr.write('SKIPPED: programs of clang that travel; they need clang and lld\n');

const root = path.join(import.meta.dirname, '../..');
const KERNELS = path.join(root, 'bench/programs/vectors.c');
const THROWING = path.join(root, 'embed/node/wasi-tests/c/exceptions.cpp');
/** Some of the kernels, one after the other. */
const FILTERS = `#include "${KERNELS}"
__attribute__((export_name("run"))) uint32_t run(uint32_t n) {
  prepare();
  uint32_t sum = 0;
  for (uint32_t k = 1; k <= n; k++) {
    sum = sum * 31 + brighten(k);
    sum = sum * 31 + blur(k);
    sum = sum * 31 + gray(k);
    sum = sum * 31 + hash(k);
    sum = sum * 31 + scale(k);
    sum = sum * 31 + hexadecimal(k);
  }
  return sum;
}
`;

let folder: string;
let engines: EngineCommand[];
const at = (name: string) => path.join(folder, name);

function command(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { env: NO_WASM_OPT });
  if (status !== 0) throw new Error(stderr.toString());
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-clang-'));
  if (!hasClang) return;
  const wasm = ['--target=wasm32', '-nostdlib', '-Wl,--no-entry'];
  writeFileSync(at('filters.c'), FILTERS);
  command('clang', ...wasm, '-O3', '-o', at('scalar.wasm'), at('filters.c'));
  command('clang', ...wasm, '-O3', '-msimd128', '-o', at('vectors.wasm'), at('filters.c'));
  const throwing = ['-O1', '-fwasm-exceptions', '-fno-rtti', '-Wl,--export=run'];
  command('clang++', ...wasm, ...throwing, '-o', at('legacy.wasm'), THROWING);
  const wasmOpt = path.join(root, 'node_modules/.bin/wasm-opt');
  command(wasmOpt, '-all', '--emit-exnref', '-O1', at('legacy.wasm'), '-o', at('try_table.wasm'));
  engines = await findEngines();
}, TIMEOUT);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface NativeApi {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { run(size: number): number } } }>;
}
async function onV8(name: string, size: number): Promise<number> {
  const native = (globalThis as unknown as { WebAssembly: NativeApi }).WebAssembly;
  const { instance } = await native.instantiate(readFileSync(at(`${name}.wasm`)));
  return instance.exports.run(size);
}

/** `like`: the same program without what is tested. */
describe.skipIf(!hasClang).each([
  { name: 'C with vectors', file: 'vectors', feature: 'simd', like: 'scalar', size: 2 },
  {
    name: 'C++ with exceptions as they were',
    file: 'legacy',
    feature: 'legacyExceptions',
    like: 'legacy',
    size: 30,
  },
  { name: 'C++ with try_table', file: 'try_table', feature: 'exceptionHandling', like: 'legacy', size: 30 },
])('$name', ({ file, feature, like, size }) => {
  it('travels', { timeout: TIMEOUT }, async () => {
    const bytes = readFileSync(at(`${file}.wasm`));
    expect(() => Module.decode(bytes, { features: { [feature]: false } })).toThrow();
    const program = { module: toHex(bytes), entry: 'run', args: [['i32', size, 0]] } as const;
    const unmoved = await askFresh(engines[0], { kind: 'leg', ...program });
    if (unmoved.kind !== 'done') throw new Error(JSON.stringify(unmoved));
    expect(unmoved.results).toEqual([['i32', await onV8(like, size), 0]]);
    const options = { engines, stops: STOPS, seed: 1, compareEvery: 8 };
    const moved = await travel(program, unmoved.fuelUsed, options);
    expect(moved.ending).toMatchObject({ kind: 'done', results: unmoved.results });
    expect(moved).toMatchObject({ stops: STOPS, fuelUsed: unmoved.fuelUsed });
  });
});
