/**
 * The bundles that the tests run: for QuickJS one ES2020 module that imports nothing, for Node one that starts fast, for a page one without the rest, for Hermes a script in
 * ECMAScript 5.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { bundleScript, toEs5 } from '../../../scripts/es5';
import { root } from '../../../scripts/laws/files';
import { QUICKJS_OPTIONS } from '../../../scripts/quickjs.mjs';
import { QUICKJS_PARTS, smallParts } from '../../../scripts/small-parts.mjs';
import { shortForms, shortOptions } from '../../../scripts/small-texts.mjs';
import { shortest } from '../../../scripts/smaller.mjs';

/** A file of this folder. */
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const folder = here('../../../node_modules/.cache/tswasm-quickjs');

const NODE: BuildOptions = { target: 'node20', platform: 'node', packages: 'external' };
const PAGE: BuildOptions = { target: 'es2022', platform: 'browser' };

async function bundle(name: string, options: BuildOptions): Promise<{ name: string; text: string }> {
  const common = { bundle: true, format: 'esm', minify: true, logLevel: 'warning', write: false } as const;
  const { outputFiles } = await build({ entryPoints: [here(name)], ...common, ...options });
  const [{ text }] = outputFiles ?? [];
  return { name: `${path.basename(name, '.ts')}.mjs`, text };
}
const textOf = (script: string) => readFileSync(here(`../../../scripts/${script}`), 'utf8');

/**
 * The file of what becomes of a text. It is named by the text and `by`, so that who runs an older one is not disturbed. Whoever comes first makes
 * it, and others wait: some of these take a processor for ten seconds.
 */
async function kept(
  name: string,
  text: string,
  become: (text: string) => string | Promise<string> = (same) => same,
  by = '',
): Promise<string> {
  const hash = createHash('sha256').update(by).update(text).digest('hex').slice(0, 12);
  const { name: stem, ext } = path.parse(name);
  const file = path.join(folder, `${stem}-${hash}${ext}`);
  mkdirSync(folder, { recursive: true });
  while (!existsSync(file)) {
    if (!takeLock(`${file}.lock`)) {
      await sleep(100);
      continue;
    }
    try {
      writeFileSync(`${file}.${process.pid}`, await become(text));
      renameSync(`${file}.${process.pid}`, file);
    } finally {
      rmSync(`${file}.lock`, { force: true });
    }
  }
  return file;
}

/** Whether this process may make the file now. A lock whose process is gone is taken away. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isHeld(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isHeld(lock: string): boolean {
  try {
    return process.kill(Number(readFileSync(lock, 'utf8')), 0);
  } catch {
    return false;
  }
}

async function forQuickjs(file: string, options: BuildOptions, variables = false): Promise<string> {
  const { name, text } = await bundle(file, { ...QUICKJS_OPTIONS, ...options });
  const become = (of: string) => shortest(of, { variables });
  return kept(name, text, become, String(variables) + textOf('smaller.mjs') + textOf('shorter-forms.mjs'));
}

/** Bundle a file of this folder. Give the path of the result. */
export function bundleForQuickjs(name: string): Promise<string> {
  return forQuickjs(name, { plugins: [smallParts(QUICKJS_PARTS)] });
}
/** The same with what the small files for QuickJS have. */
export async function smallBundleForQuickjs(name: string): Promise<string> {
  const entry = path.relative(root, here(name));
  const find = async () => JSON.stringify(await shortForms([entry]));
  const forms = await kept(`${path.basename(name, '.ts')}-forms.json`, sources(), find, entry);
  return forQuickjs(name, shortOptions(JSON.parse(readFileSync(forms, 'utf8'))), true);
}
/** What the forms are found in. */
function sources(): string {
  const files = ['src', 'embed', 'scripts'].flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map((file) =>
      path.join(root, top, file),
    ),
  );
  return files
    .filter((file) => /\.m?[jt]s$/.test(file))
    .sort()
    .map((file) => readFileSync(file, 'utf8'))
    .join('\0');
}
export async function bundleForNode(file: string): Promise<string> {
  const { name, text } = await bundle(file, NODE);
  return kept(name, text);
}
export async function bundleForPage(file: string): Promise<string> {
  const { name, text } = await bundle(file, PAGE);
  return kept(name, text);
}
/** A script whose global `carrier` has the exports of `embed/engines/tests/hermes-entry.ts`. */
export async function bundleForHermes(): Promise<string> {
  const plugins = [smallParts(QUICKJS_PARTS)];
  const script = await bundleScript(['embed/engines/tests/hermes-entry.ts'], 'carrier', { plugins });
  return kept('hermes.js', script, toEs5, textOf('es5.ts') + textOf('smaller.mjs'));
}
