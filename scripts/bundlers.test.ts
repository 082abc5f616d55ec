/**
 * Bundles of the package run where no file of it is left: in a folder of their own, loaded by a fresh process that may read nothing of this
 * repository. esbuild always; vite, webpack and rollup where `npm run check:full` asks for them (TSWASM_BUNDLERS=all).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { root } from './laws/files.ts';

type Format = 'esm' | 'cjs';
interface Bundler {
  readonly name: string;
  readonly format: Format;
  /** Whether it is for Node, which has another variant of some entries, or for pages. */
  readonly platform: 'node' | 'browser';
  readonly bundle: (entry: string, out: string, bundler: Bundler) => Promise<void>;
}

const place = path.join(root, 'node_modules/.cache/tswasm-bundlers');
const elsewhere = mkdtempSync(path.join(tmpdir(), 'bundles-'));
afterAll(() => rmSync(elsewhere, { recursive: true }));

const bytes = (await wabt())
  .parseWat(
    'sum.wat',
    `(module (func (export "f") (param i32) (result i32) (local i32)
      (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))`,
  )
  .toBinary({}).buffer;

/** Says what a bundle could do. Hot enough for what Node takes from files beside the package. */
const PORTABLE = `
import { Execution, instantiate, Module, Store } from 'tswasm';
import { restore, snapshot } from 'tswasm/snapshot';
import { createWebAssembly, WebAssembly } from 'tswasm/webassembly';
import { MemoryFileSystem } from 'tswasm/wasi';
const bytes = Uint8Array.from([${bytes.join()}]);
const module = Module.decode(bytes);
const instance = instantiate(new Store(), module);
const results = [instance.func('f').call(100000)];
const execution = new Execution(instance.func('f'), [1000]);
execution.run({ fuel: 10 });
results.push(restore(snapshot(execution), instantiate(new Store(), module)).run().results[0].lo);
results.push(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f(4));
results.push(typeof createWebAssembly({ fuel: 5 }), MemoryFileSystem.name);
`;
const NODE = `${PORTABLE}
import { runWasi } from 'tswasm/node';
runWasi(bytes).catch((error) => console.log([...results, error.message].join(' ')));
`;
const PAGE = `${PORTABLE}
console.log(results.join(' '));
`;
const SAID = '705082704 500500 10 object MemoryFileSystem';

const external = (platform: Bundler['platform']) => (platform === 'node' ? [/^node:/] : []);

const esbuild: Bundler['bundle'] = async (entry, outfile, { format, platform }) => {
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: [entry],
    outfile,
    format,
    platform,
    bundle: true,
    logLevel: 'silent',
  });
  // A CommonJS bundle has no import.meta, and the package must not mind.
  expect(result.errors).toEqual([]);
};

const vite: Bundler['bundle'] = async (entry, out, { format, platform }) => {
  const { build } = await import('vite');
  await build({
    root: place,
    logLevel: 'error',
    ssr: platform === 'node' ? { noExternal: true, target: 'node' } : {},
    build: {
      ssr: platform === 'node',
      outDir: path.dirname(out),
      emptyOutDir: false,
      lib: { entry, formats: [format === 'esm' ? 'es' : 'cjs'], fileName: () => path.basename(out) },
      rollupOptions: { external: external(platform), output: { entryFileNames: path.basename(out) } },
    },
  });
};

const rollup: Bundler['bundle'] = async (entry, file, { format, platform }) => {
  const { rollup: bundle } = await import('rollup');
  const { nodeResolve } = await import('@rollup/plugin-node-resolve');
  const conditions = platform === 'node' ? ['node'] : ['browser'];
  const built = await bundle({
    input: entry,
    external: external(platform),
    plugins: [nodeResolve({ exportConditions: conditions })],
  });
  await built.write({ file, format, inlineDynamicImports: true });
  await built.close();
};

const webpack: Bundler['bundle'] = async (entry, out, { format, platform }) => {
  const { default: pack } = await import('webpack');
  const stats = await new Promise<{ hasErrors(): boolean; toString(): string }>((resolve, reject) => {
    pack(
      {
        mode: 'production',
        target: platform === 'node' ? 'node20' : 'web',
        entry,
        experiments: { outputModule: format === 'esm' },
        output: {
          path: path.dirname(out),
          filename: path.basename(out),
          module: format === 'esm',
          globalObject: 'globalThis',
          ...(format === 'esm' ? { library: { type: 'module' } } : {}),
        },
      },
      (error, result) => (error || !result ? reject(error) : resolve(result)),
    );
  });
  if (stats.hasErrors()) throw new Error(stats.toString());
};

const all = process.env['TSWASM_BUNDLERS'] === 'all';
const variants = (name: string, bundle: Bundler['bundle']): Bundler[] => [
  { name, bundle, format: 'esm', platform: 'node' },
  { name, bundle, format: 'cjs', platform: 'node' },
  { name, bundle, format: 'esm', platform: 'browser' },
];
const BUNDLERS: Bundler[] = [
  ...variants('esbuild', esbuild),
  ...variants('vite', vite),
  ...variants('rollup', rollup),
  ...variants('webpack', webpack),
];

beforeAll(() => {
  rmSync(place, { recursive: true, force: true });
  const installed = path.join(place, 'node_modules/tswasm');
  mkdirSync(installed, { recursive: true });
  cpSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
  cpSync(path.join(root, 'dist'), path.join(installed, 'dist'), { recursive: true });
  writeFileSync(path.join(place, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(place, 'node.js'), NODE);
  writeFileSync(path.join(place, 'browser.js'), PAGE);
});

describe.each(BUNDLERS)('$name, $format for $platform', (bundler) => {
  const { name, format, platform } = bundler;

  it.skipIf(name !== 'esbuild' && !all)('the bundle runs alone', { timeout: 300_000 }, async () => {
    const folder = path.join(elsewhere, `${name}-${format}-${platform}`);
    mkdirSync(folder, { recursive: true });
    const out = path.join(folder, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
    await bundler.bundle(path.join(place, `${platform}.js`), out, bundler);
    expect(readdirSync(folder)).toEqual([path.basename(out)]);
    const { stdout, stderr } = spawnSync(process.execPath, [out], { cwd: folder, encoding: 'utf8' });
    const ending = platform === 'node' ? ' the module exports no function "_start"' : '';
    // The error itself: what is above it may be a line with the whole bundle.
    expect(/^\w*Error.*$/m.exec(stderr)?.[0]).toBe(undefined);
    expect(stdout.slice(0, 200)).toContain(SAID + ending);
  });
});
