import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';
import { QUICKJS_PARTS, smallParts } from './scripts/small-parts.mjs';

/**
 * Public entries. The core, the drop-in namespace and WASI name no host; `node` does, and so do the variants of the first two that
 * Node gets through the `node` condition.
 */
const LIBRARY = {
  index: 'src/index.ts',
  'index.node': 'embed/node/index.ts',
  webassembly: 'src/webassembly.ts',
  'webassembly.node': 'embed/node/webassembly.ts',
  'webassembly-snapshot': 'src/webassembly-snapshot.ts',
  'webassembly-snapshot.node': 'embed/node/webassembly-snapshot.ts',
  snapshot: 'src/snapshot/index.ts',
  debug: 'src/debug/index.ts',
  wasi: 'src/wasi/index.ts',
  node: 'src/node.ts',
};
/** Alone in its file, which Node evaluates again and again (embed/node/fresh-factories.ts). */
const FACTORIES = { factories: 'src/factories.ts' };
/** For QuickJS: one module each, which may be copied to a device alone. */
const QUICKJS = { 'quickjs/tswasm': 'embed/quickjs/index.ts', 'quickjs/run': 'embed/quickjs/run.ts' };
const present = (entry: Record<string, string>) =>
  Object.fromEntries(Object.entries(entry).filter(([, file]) => existsSync(file)));

const common = {
  // scripts/build.mjs moves it to dist when all of it is there.
  outDir: process.env['TSWASM_OUT'] ?? 'dist',
  target: 'es2022',
  platform: 'node',
  // Classes must be the same object in every entry: shared code goes into shared chunks.
  splitting: true,
  treeshake: true,
  sourcemap: false,
  clean: false,
  silent: true,
  // `import.meta.url` in the CommonJS build.
  shims: true,
} as const;

export default defineConfig([
  { ...common, entry: FACTORIES, format: ['esm', 'cjs'], minify: true, splitting: false, shims: false },
  { ...common, entry: { ...present(LIBRARY), ...present({ cli: 'src/cli/main.ts' }) }, format: 'esm' },
  { ...common, entry: present(LIBRARY), format: 'cjs' },
  { ...common, entry: { ...present(LIBRARY), ...FACTORIES }, format: ['esm', 'cjs'], dts: { only: true } },
  {
    ...common,
    entry: QUICKJS,
    format: 'esm',
    target: 'es2020',
    platform: 'neutral',
    minify: true,
    splitting: false,
    shims: false,
    esbuildPlugins: [smallParts(QUICKJS_PARTS)],
    // Every QuickJS that has modules has them.
    esbuildOptions: (options) => {
      options.supported = { 'class-field': true, 'class-static-field': true };
    },
  },
  { ...common, entry: { 'quickjs/tswasm': 'embed/quickjs/index.ts' }, format: 'esm', dts: { only: true } },
]);
