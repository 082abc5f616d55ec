// Runs a TypeScript file: bundles it with esbuild into node_modules/.cache and imports the result.
//   node scripts/run-ts.mjs [--small] file.ts [args...]     --small: with the parts that tswasm.min.js has
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { smallParts } from './small-parts.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cache = path.join(root, 'node_modules', '.cache', 'tswasm-ts');

// In parts, or it would be replaced in this file too when a bundle contains it.
const OWN_URL = ['import', 'meta', 'url'].join('.');

/** A bundle moves its modules elsewhere, so each file keeps its own `import.meta.url`. */
const ownUrls = {
  name: 'own-urls',
  setup(b) {
    b.onLoad({ filter: /\.m?[jt]s$/, namespace: 'file' }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replaceAll(OWN_URL, JSON.stringify(pathToFileURL(file).href)),
      loader: file.endsWith('ts') ? 'ts' : 'js',
    }));
  },
};

let bundles = 0;

/** Bundles `file` (packages stay external) and returns the path of the bundle. */
export async function bundleTs(file, { small = false } = {}) {
  const entry = path.resolve(file);
  const hash = createHash('sha1').update(entry).digest('hex').slice(0, 8);
  const name = `${path.basename(entry, '.ts')}-${hash}${small ? '-small' : ''}`;
  const outfile = path.join(cache, `${name}.mjs`);
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile,
    write: false,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    plugins: small ? [smallParts(), ownUrls] : [ownUrls],
  });
  // Whole, or not at all: another process may be making or reading the same one. The map is a file of its own, which few processes read.
  mkdirSync(cache, { recursive: true });
  for (const { path: written, contents } of outputFiles) {
    const unfinished = `${written}.${process.pid}.${bundles++}`;
    writeFileSync(unfinished, contents);
    renameSync(unfinished, written);
  }
  return outfile;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2);
  const small = given[0] === '--small';
  const [file, ...args] = small ? given.slice(1) : given;
  if (file === undefined) {
    console.error('usage: node scripts/run-ts.mjs [--small] file.ts [args...]');
    process.exit(2);
  }
  process.setSourceMapsEnabled(true);
  const outfile = await bundleTs(file, { small });
  process.argv = [process.argv[0], path.resolve(file), ...args];
  await import(pathToFileURL(outfile).href);
}
