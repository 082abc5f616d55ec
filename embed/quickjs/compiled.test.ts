/**
 * Issue 11, acceptance 3: what clang makes of C with vectors and of C++ with exceptions, stopped at random safepoints and moved to a fresh
 * process every time, in turn Node, Node without a compiler, QuickJS, and the `qjs` that TSWASM_QJS names. V8 says what is right, where it
 * knows the encoding. TSWASM_MOVES says how many stops each program makes (4: Node, without a compiler, and QuickJS at least once).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Module } from '../../src/index';
import { hasClang, NO_WASM_OPT } from '../node/wasi-tests/clang';
import { askFresh, type EngineCommand, findEngines, missingNotice } from './tests/engines';
import { travel } from './tests/travel';
import { toHex } from './tests/wire';

const STOPS = Number(process.env['TSWASM_MOVES'] ?? 4);
const TIMEOUT = 600_000 + STOPS * 6000;
if (!hasClang) process.stderr.write('SKIPPED: compiled programs that travel; they need clang and lld\n');

const FREESTANDING = ['--target=wasm32', '-nostdlib', '-Wl,--no-entry'];
const source = (name: string) => path.join(import.meta.dirname, '../node/wasi-tests/c', name);
const wasmOpt = path.join(import.meta.dirname, '../../node_modules/.bin/wasm-opt');

let folder: string;
let engines: EngineCommand[];
const at = (name: string) => path.join(folder, `${name}.wasm`);

function command(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { env: NO_WASM_OPT });
  if (status !== 0) throw new Error(stderr.toString());
}
beforeAll(async () => {
  missingNotice();
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-compiled-'));
  if (!hasClang) return;
  engines = await findEngines();
  command('clang', ...FREESTANDING, '-O3', '-msimd128', '-o', at('vectors'), source('filters.c'));
  command('clang', ...FREESTANDING, '-O3', '-o', at('no vectors'), source('filters.c'));
  const exceptions = ['-O1', '-fwasm-exceptions', '-fno-rtti', '-Wl,--export=run'];
  command('clang++', ...FREESTANDING, ...exceptions, '-o', at('legacy'), source('exceptions.cpp'));
  command(wasmOpt, '-all', '--emit-exnref', '-O1', at('legacy'), '-o', at('try_table'));
}, TIMEOUT);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface NativeApi {
  instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { run(count: number): number } } }>;
}
async function onV8(name: string, count: number): Promise<number> {
  const native = (globalThis as unknown as { WebAssembly: NativeApi }).WebAssembly;
  const { instance } = await native.instantiate(readFileSync(at(name)));
  return instance.exports.run(count);
}

describe.skipIf(!hasClang)('compiled programs that travel', () => {
  it.each([
    { name: 'vectors', same: 'no vectors', feature: 'simd', count: 4 },
    { name: 'legacy', same: 'legacy', feature: 'legacyExceptions', count: 4 },
    { name: 'try_table', same: 'legacy', feature: 'exceptionHandling', count: 4 },
  ])('$name', { timeout: TIMEOUT }, async ({ name, same, feature, count }) => {
    const bytes = readFileSync(at(name));
    expect(() => Module.decode(bytes, { features: { [feature]: false } })).toThrow();
    const program = { module: toHex(bytes), entry: 'run', args: [['i32', count, 0]] } as const;
    const unmoved = await askFresh(engines[0], { kind: 'leg', ...program });
    if (unmoved.kind !== 'done') throw new Error(JSON.stringify(unmoved));
    expect(unmoved.results).toEqual([['i32', await onV8(same, count), 0]]);
    const options = { engines, stops: STOPS, seed: 1, compareEvery: 8 };
    const moved = await travel(program, unmoved.fuelUsed, options);
    expect(moved.ending).toMatchObject({ kind: 'done', results: unmoved.results });
    expect(moved.stops).toBe(STOPS);
  });
});
