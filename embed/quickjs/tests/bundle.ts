/**
 * The bundles that the tests run: for QuickJS one ES2020 module that imports nothing, for Node one that starts fast, for Hermes a script in
 * ECMAScript 5.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { bundleScript, toEs5 } from '../../../scripts/es5';
import { root } from '../../../scripts/laws/files';
import { mangling } from '../../../scripts/own-names.mjs';
import { QUICKJS_PARTS, SMALL_QUICKJS_PARTS, smallParts } from '../../../scripts/small-parts.mjs';
import { shortest } from '../../../scripts/smaller.mjs';

/** A file of this folder. */
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const folder = here('../../../node_modules/.cache/tswasm-quickjs');

/** As scripts/library.mjs has it for dist/quickjs. */
const QUICKJS: BuildOptions = {
  target: 'es2020',
  platform: 'neutral',
  supported: { 'class-field': true, 'class-static-field': true, 'logical-assignment': true },
};
const NODE: BuildOptions = { target: 'node20', platform: 'node', packages: 'external' };

async function bundle(name: string, options: BuildOptions): Promise<{ name: string; text: string }> {
  const common = { bundle: true, format: 'esm', minify: true, logLevel: 'warning', write: false } as const;
  const { outputFiles } = await build({ entryPoints: [here(name)], ...common, ...options });
  const [{ text }] = outputFiles ?? [];
  return { name: `${path.basename(name, '.ts')}.mjs`, text };
}
const textOf = (script: string) => readFileSync(here(`../../../scripts/${script}`), 'utf8');

/** The file of what becomes of a text. It is named by the text and `by`, so that who runs an older one is not disturbed. */
async function kept(
  name: string,
  text: string,
  become: (text: string) => string | Promise<string> = (same) => same,
  by = '',
): Promise<string> {
  const hash = createHash('sha256').update(by).update(text).digest('hex').slice(0, 12);
  const { name: stem, ext } = path.parse(name);
  const file = path.join(folder, `${stem}-${hash}${ext}`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, await become(text));
    renameSync(`${file}.${process.pid}`, file);
  }
  return file;
}

async function forQuickjs(file: string, options: BuildOptions): Promise<string> {
  const { name, text } = await bundle(file, { ...QUICKJS, ...options });
  return kept(name, text, shortest, textOf('smaller.mjs'));
}

/** Bundle a file of this folder. Give the path of the result. */
export function bundleForQuickjs(name: string): Promise<string> {
  return forQuickjs(name, { plugins: [smallParts(QUICKJS_PARTS)] });
}
/** The same with what the small files for QuickJS have. */
export function smallBundleForQuickjs(name: string): Promise<string> {
  const names = mangling([path.relative(root, here(name))]);
  return forQuickjs(name, { plugins: [smallParts(SMALL_QUICKJS_PARTS)], ...names });
}
export async function bundleForNode(file: string): Promise<string> {
  const { name, text } = await bundle(file, NODE);
  return kept(name, text);
}
/** A script whose global `carrier` has the exports of `embed/engines/tests/hermes-entry.ts`. */
export async function bundleForHermes(): Promise<string> {
  const plugins = [smallParts(QUICKJS_PARTS)];
  const script = await bundleScript(['embed/engines/tests/hermes-entry.ts'], 'carrier', { plugins });
  return kept('hermes.js', script, toEs5, textOf('es5.ts') + textOf('smaller.mjs'));
}
