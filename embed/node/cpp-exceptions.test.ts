/**
 * C++ with exceptions, compiled by clang, in both encodings: the legacy one that clang writes, and `try_table`, which wasm-opt makes of it.
 * V8 says what is right; here each runs in one go, and from snapshot to snapshot.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Func, instantiate, instantiatePaused, Module, Store, toJs } from '../../src/index';
import { Execution } from '../../src/interpreter';
import { restore, snapshot } from '../../src/snapshot';
import { hasClang, NO_WASM_OPT } from './wasi-tests/clang';

const source = new URL('./wasi-tests/c/exceptions.cpp', import.meta.url).pathname;
const wasmOpt = path.join(import.meta.dirname, '../../node_modules/.bin/wasm-opt');
if (!hasClang) process.stderr.write('SKIPPED: C++ with exceptions; it needs clang and lld\n');

const OPTIONS = [
  ...['--target=wasm32', '-O1', '-fwasm-exceptions', '-fno-rtti', '-nostdlib'],
  ...['-Wl,--no-entry', '-Wl,--export=run'],
];
const COUNT = 30;
let folder: string;
const at = (name: string) => path.join(folder, name);

function command(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { env: NO_WASM_OPT });
  if (status !== 0) throw new Error(stderr.toString());
}

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-exceptions-'));
  if (!hasClang) return;
  command('clang++', ...OPTIONS, '-o', at('legacy.wasm'), source);
  command(wasmOpt, '-all', '--emit-exnref', '-O1', at('legacy.wasm'), '-o', at('try_table.wasm'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What V8 of Node 20 computes; it knows the legacy encoding alone. */
async function expected(): Promise<unknown> {
  const { WebAssembly: native } = globalThis as unknown as {
    WebAssembly: {
      instantiate(bytes: Uint8Array): Promise<{ instance: { exports: { run(n: number): number } } }>;
    };
  };
  const { instance } = await native.instantiate(readFileSync(at('legacy.wasm')));
  return instance.exports.run(COUNT);
}

describe.skipIf(!hasClang).each(['legacy', 'try_table'])('C++ with exceptions, %s', (encoding) => {
  it('computes what V8 computes', async () => {
    const module = Module.decode(readFileSync(at(`${encoding}.wasm`)));
    const run = instantiate(new Store(), module, []).exports.get('run') as Func;
    expect(run.call(COUNT)).toBe(await expected());
  });

  it('moves in the middle', async () => {
    const module = Module.decode(readFileSync(at(`${encoding}.wasm`)));
    const first = instantiatePaused(new Store(), module, []);
    let execution = new Execution(first.exports.get('run') as Func, [COUNT]);
    let moves = 0;
    for (;;) {
      const outcome = execution.run({ fuel: 37 });
      if (outcome.kind === 'done') {
        expect(outcome.results.map(toJs)).toEqual([await expected()]);
        break;
      }
      expect(outcome.kind).toBe('paused');
      execution = restore(snapshot(execution), instantiatePaused(new Store(), module, []));
      moves++;
    }
    expect(moves).toBeGreaterThan(10);
  });
});
