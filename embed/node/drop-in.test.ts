/** Real programs on `globalThis.WebAssembly = WebAssembly`: their output must be that on the host's own `WebAssembly`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compileAssemblyScript } from '../../scripts/asc.mjs';
import { compare } from './drop-in/run';

it('runs sql.js (Emscripten)', async () => {
  const { native, dropIn } = await compare('sql-js');
  expect(dropIn).toEqual(native);
  expect(dropIn).toMatchObject({
    aggregate: [{ values: { length: 7 } }],
    check: [{}, { values: [[12502500]] }],
  });
});

it('runs web-tree-sitter with a grammar (Emscripten, dynamic linking)', async () => {
  const { native, dropIn } = await compare('tree-sitter');
  expect(dropIn).toEqual(native);
  expect(dropIn).toMatchObject({ nodes: 9003, numbers: 200 });
});

it('runs QuickJS (Emscripten)', async () => {
  const { native, dropIn } = await compare('quickjs');
  expect(dropIn).toEqual(native);
  expect(dropIn).toContain('987');
});

it('runs brotli-wasm (wasm-bindgen)', async () => {
  const { native, dropIn } = await compare('brotli');
  expect(dropIn).toEqual(native);
  expect(dropIn).toMatchObject({ failure: expect.stringContaining('Brotli decompress failed') });
});

it('runs an image codec with SIMD, @jsquash/webp (Emscripten)', async () => {
  const { native, dropIn } = await compare('webp');
  expect(dropIn).toEqual(native);
  const size = { width: 40, height: 24 };
  expect(dropIn).toMatchObject([size, size, { ...size, worst: 0 }]);
}, 300_000);

it('runs a physics engine with SIMD, rapier2d (wasm-bindgen)', async () => {
  const { native, dropIn } = await compare('rapier');
  expect(dropIn).toEqual(native);
  expect((dropIn as { places: unknown[] }).places).toHaveLength(15);
}, 300_000);

/** Seven megabytes, and a start that takes some twenty seconds: a run of the heavy tests sets the variable. */
const heavy = process.env['TSWASM_HEAVY'] === '1';
if (!heavy) process.stderr.write('SKIPPED: RDKit on the drop-in namespace. TSWASM_HEAVY=1 runs it.\n');
it.skipIf(!heavy)(
  'runs C++ with exceptions, RDKit (Emscripten)',
  async () => {
    const { native, dropIn } = await compare('rdkit');
    expect(dropIn).toEqual(native);
    expect(dropIn).toMatchObject({ right: { length: 2 }, wrong: [null, null, null] });
  },
  300_000,
);

/** Folder of `wasm_exec.js`: it moved with Go 1.24. Undefined without Go. */
function goSupport(): string | undefined {
  try {
    const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
    return [join(root, 'misc/wasm'), join(root, 'lib/wasm')].find((folder) =>
      existsSync(join(folder, 'wasm_exec.js')),
    );
  } catch {
    return undefined;
  }
}
const go = goSupport();
if (!go) process.stderr.write('SKIPPED: the Go program on the drop-in namespace. There is no `go` here.\n');

it.skipIf(!go)('runs a Go program', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tswasm-go-'));
  try {
    const module = join(folder, 'program.wasm');
    const source = join(import.meta.dirname, 'drop-in/programs/program.go');
    const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm', GOFLAGS: '', GO111MODULE: 'off' };
    execFileSync('go', ['build', '-o', module, source], { env });
    const { native, dropIn } = await compare('go', { module, wasmExec: join(go!, 'wasm_exec.js') });
    expect(dropIn).toEqual(native);
    expect(dropIn).toMatchObject({ exitCode: 3, printed: expect.stringContaining('from JavaScript: 2-4-6') });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const assemblyScript = `
@external('host', 'log')
declare function log(text: string): void;
export const Int32ArrayId = idof<Int32Array>();

export function greet(name: string): string {
  log('greeting ' + name);
  return 'hello, ' + name + '!';
}
export function primes(limit: i32): Array<i32> {
  const composite = new Uint8Array(limit);
  const found = new Array<i32>();
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue;
    found.push(i);
    for (let j = i * 2; j < limit; j += i) composite[j] = 1;
  }
  return found;
}
export function sum(values: Int32Array): i32 {
  return values.reduce<i32>((total, value) => total + value, 0);
}
export function mix(a: i64, b: i64): i64 {
  return ((a * 31) ^ rotl(b, 7)) - (b >> 3);
}
export function failing(): void {
  throw new RangeError('not today');
}
export function allocate(count: i32): i32 {
  const kept = new Array<string>();
  for (let i = 0; i < count; i++) if (i % 10 == 0) kept.push(i.toString());
  return kept.length;
}
`;

it('runs a module of asc with @assemblyscript/loader', async () => {
  const binary = await compileAssemblyScript(assemblyScript, ['--exportRuntime', '-O2']);
  const { native, dropIn } = await compare('assemblyscript', binary);
  expect(dropIn).toEqual(native);
  expect(dropIn).toMatchObject({
    greeting: 'hello, wörld 🌍!',
    primes: [49_991, 49_993, 49_999],
    sum: 39_999_999,
  });
});
