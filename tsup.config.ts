import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

/** Public entries. The core, the drop-in namespace and WASI name no host; `node` does. */
const LIBRARY = {
  index: 'src/index.ts',
  webassembly: 'src/webassembly.ts',
  wasi: 'src/wasi/index.ts',
  node: 'src/node.ts',
};
const present = (entry: Record<string, string>) =>
  Object.fromEntries(Object.entries(entry).filter(([, file]) => existsSync(file)));

const common = {
  outDir: 'dist',
  target: 'es2022',
  platform: 'node',
  // Classes must be the same object in every entry: shared code goes into shared chunks.
  splitting: true,
  treeshake: true,
  sourcemap: false,
  clean: false,
  silent: true,
} as const;

export default defineConfig([
  { ...common, entry: { ...present(LIBRARY), ...present({ cli: 'src/cli/main.ts' }) }, format: 'esm' },
  { ...common, entry: present(LIBRARY), format: 'cjs' },
  { ...common, entry: present(LIBRARY), format: ['esm', 'cjs'], dts: { only: true } },
]);
