import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type * as Core from '../src/index.ts';
import type * as DropIn from '../src/webassembly.ts';
import { compileAssemblyScript } from './asc.mjs';
import { root } from './laws/files.ts';
import { buildMin, bundle } from './min.ts';
import { SMALL_PARTS, smallParts } from './small-parts.mjs';

const FLAGS = ['--optimizeLevel', '2', '--runtime', 'stub', '--use', 'abort='];
const PROGRAM = `
export function hash(text: i32): u64 {
  const map = new Map<string, f64>();
  for (let k = 0; k < text; k++) map.set(k.toString(), Math.sqrt(k) / 3);
  let sum: u64 = 0xcbf29ce484222325;
  const keys = map.keys();
  for (let k = 0; k < keys.length; k++) {
    for (let c = 0; c < keys[k].length; c++) sum = (sum ^ keys[k].charCodeAt(c)) * 0x100000001b3;
    sum = rotl(sum, 7) ^ reinterpret<u64>(map.get(keys[k])) ^ (sum >> 40);
    if (<i64>sum < 0) sum = ~sum / 3;
  }
  return sum;
}
export function trap(index: i32): i32 { return load<i32>(index); }
`;

type Min = typeof Core & typeof DropIn;
let min: Min;
let program: Uint8Array;
/** What V8's own WebAssembly says. */
let native: { hash(text: number): bigint };

beforeAll(async () => {
  const folder = path.join(root, 'node_modules/.cache/tswasm-min');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${process.pid}.mjs`);
  writeFileSync(file, (await buildMin()).text);
  min = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Min;
  program = await compileAssemblyScript(PROGRAM, FLAGS);
  const { WebAssembly } = globalThis as unknown as { WebAssembly: typeof DropIn.WebAssembly };
  native = new WebAssembly.Instance(new WebAssembly.Module(program)).exports as unknown as typeof native;
});

describe('dist/tswasm.min.js', () => {
  it('runs a program through the drop-in namespace', () => {
    const { WebAssembly } = min;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
    const { hash, trap } = exports as unknown as { hash(text: number): bigint; trap(index: number): number };
    expect(hash(200)).toBe(native.hash(200));
    expect(() => trap(-4)).toThrow(WebAssembly.RuntimeError);
  });

  it('stops and goes on through the core', () => {
    const instance = min.instantiate(new min.Store(), min.Module.decode(program), []);
    const execution = new min.Execution(instance.exports.get('hash') as Core.Func, [min.i32(200)]);
    let stops = 0;
    let outcome = execution.run({ fuel: 500 });
    for (; outcome.kind === 'paused'; stops++) outcome = execution.run({ fuel: 500 });
    expect(stops).toBeGreaterThan(5);
    const result = outcome.kind === 'done' ? (min.toJs(outcome.results[0]) as bigint) : undefined;
    expect(result).toBe(native.hash(200));
  });

  it('exports what its two entries export, under the same names', async () => {
    const entries = await Promise.all([import('../src/index.ts'), import('../src/webassembly.ts')]);
    const names = entries.flatMap((entry) => Object.keys(entry)).filter((name) => name !== 'default');
    expect(Object.keys(min).sort()).toEqual(names.sort());
    for (const key of Object.getOwnPropertyNames(entries[0].Store.prototype))
      expect(min.Store.prototype).toHaveProperty(key);
  });

  it('takes the full set of factories', async () => {
    const instance = min.instantiate(new min.Store(), min.Module.decode(program), []);
    min.useFactories((await import('../src/factories.ts')).createFactories as Core.FactoryMaker);
    const again = min.instantiate(new min.Store(), min.Module.decode(program), []);
    for (const { exports } of [instance, again])
      expect((exports.get('hash') as Core.Func).call(50)).toBe(native.hash(50));
  });

  it('goes without SIMD, and says so', async () => {
    const vectors = await compileAssemblyScript(
      'export function all(x: i32): bool { return v128.any_true(i32x4.splat(x)); }',
      [...FLAGS, '--enable', 'simd'],
    );
    expect(() => min.Module.decode(vectors)).toThrow('SIMD is not supported');
    expect(() => min.v128(new Uint8Array(16))).toThrow(TypeError);
  });

  it('goes without exceptions, and says so', () => {
    const empty = [0, 97, 115, 109, 1, 0, 0, 0];
    // (type (func)) (func ...): a function whose body is that.
    const body = (...code: number[]) => [
      ...[...empty, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
      ...[10, code.length + 4, 1, code.length + 2, 0, ...code, 11],
    ];
    const modules = {
      'a tag': [...empty, 1, 4, 1, 96, 0, 0, 13, 3, 1, 0, 0],
      'an import of a tag': [...empty, 1, 4, 1, 96, 0, 0, 2, 8, 1, 1, 97, 1, 98, 4, 0, 0],
      'a parameter exnref': [...empty, 1, 5, 1, 96, 1, 0x69, 0],
      try_table: body(0x1f, 0x40, 0, 11),
      try: body(0x06, 0x40, 0x19, 11),
      throw_ref: body(0x00, 0x0a),
      delegate: body(0x06, 0x40, 0x18, 0),
    };
    for (const [name, bytes] of Object.entries(modules)) {
      expect(() => min.Module.decode(Uint8Array.from(bytes)), name).toThrow(
        'exception handling is not supported',
      );
    }
  });

  it('rejects what the core rejects, in the same words', () => {
    const bytes = Uint8Array.from([...program.subarray(0, 8), 1, 200]);
    expect(() => min.Module.decode(bytes)).toThrow('unexpected end of section or function');
    expect(() => min.Module.decode(bytes)).toThrow(min.CompileError);
  });
});

describe('the small parts', () => {
  it('are in the bundle, and what they stand for is not', async () => {
    const { files, external } = await buildMin();
    expect(external).toEqual([]);
    for (const [file, part] of Object.entries(SMALL_PARTS)) {
      expect(files).toContain(part);
      expect(files).not.toContain(file);
    }
  });

  it('have to stand for something', async () => {
    const parts = { ...SMALL_PARTS, 'src/decoder/gone.ts': 'src/decoder/codewalk.min.ts' };
    await expect(bundle(['src/index.ts'], { plugins: [smallParts(parts)] })).rejects.toThrow(
      'nothing imports src/decoder/gone.ts',
    );
  });
});
