/** The bundles that the tests run: for QuickJS one ES2020 module that imports nothing, for Node one that starts fast. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { QUICKJS_PARTS, smallParts } from '../../../scripts/small-parts.mjs';

/** A file of this folder. */
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const folder = here('../../../node_modules/.cache/tswasm-quickjs');

/** As scripts/library.mjs has it for dist/quickjs. */
const QUICKJS: BuildOptions = {
  target: 'es2020',
  platform: 'neutral',
  supported: { 'class-field': true, 'class-static-field': true },
  plugins: [smallParts(QUICKJS_PARTS)],
};
const NODE: BuildOptions = { target: 'node20', platform: 'node', packages: 'external' };

/** Named by its contents, so that who runs an older one is not disturbed. */
async function bundle(name: string, options: BuildOptions): Promise<string> {
  const common = { bundle: true, format: 'esm', minify: true, logLevel: 'warning', write: false } as const;
  const { outputFiles } = await build({ entryPoints: [here(name)], ...common, ...options });
  const [{ contents }] = outputFiles ?? [];
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const file = path.join(folder, `${path.basename(name, '.ts')}-${hash}.mjs`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, contents);
    renameSync(`${file}.${process.pid}`, file);
  }
  return file;
}

/** Bundle a file of this folder. Give the path of the result. */
export function bundleForQuickjs(name: string): Promise<string> {
  return bundle(name, QUICKJS);
}
export function bundleForNode(name: string): Promise<string> {
  return bundle(name, NODE);
}
