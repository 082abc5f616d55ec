/**
 * The library's JavaScript: what the package exports, as ES modules, and from these as CommonJS. Classes must be the same object in every
 * entry, so shared code lies in shared chunks.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { QUICKJS_PARTS, smallParts } from './small-parts.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Entries by the name of the built file. Those that are named after Node are what its condition in `exports` gives. */
export const LIBRARY = {
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
  browser: 'src/browser.ts',
  register: 'embed/node/register.ts',
  'register-always': 'embed/node/register-always.ts',
};
/** Alone in its file, which Node evaluates again and again (embed/node/fresh-factories.ts). */
export const FACTORIES = { factories: 'src/factories.ts' };
/** For QuickJS: one module each, which may be copied to a device alone. */
export const QUICKJS = { 'quickjs/tswasm': 'embed/quickjs/index.ts', 'quickjs/run': 'embed/quickjs/run.ts' };
const COMMANDS = { cli: 'src/cli/main.ts' };

const common = {
  absWorkingDir: root,
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'es2022',
  logLevel: 'warning',
};

/** Modules beside it stay imports, of the CommonJS files beside it. */
const siblings = {
  name: 'siblings',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/.*\.js$/ }, ({ path: imported, kind }) =>
      kind === 'entry-point' ? undefined : { path: imported.replace(/\.js$/, '.cjs'), external: true },
    );
  },
};

/** `import.meta.url` where there is none. A bundler may put the file where there is no `__filename` either. */
const OWN_URL = `typeof __filename === 'string' ? require('node:url').pathToFileURL(__filename).href : undefined`;

/** A CommonJS file for each of the ES modules. */
async function toCommonJs(out, files) {
  const entryPoints = files.map((file) => path.join(out, file));
  const { outputFiles } = await build({
    ...common,
    entryPoints,
    outdir: out,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': 'tswasmOwnUrl' },
    plugins: [siblings],
    write: false,
  });
  return outputFiles.map(({ path: file, text }) => {
    const usesUrl = text.includes('tswasmOwnUrl');
    const strict = '"use strict";\n';
    return {
      file,
      text: usesUrl ? text.replace(strict, `${strict}const tswasmOwnUrl = ${OWN_URL};\n`) : text,
    };
  });
}

/** Builds all of it into the folder. */
export async function buildLibrary(out, write) {
  const sourceMaps = { sourcemap: true, sourcesContent: true };
  const { metafile } = await build({
    ...common,
    ...sourceMaps,
    entryPoints: LIBRARY,
    outdir: out,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunk-[hash]',
    metafile: true,
  });
  const modules = Object.keys(metafile.outputs)
    .map((file) => path.relative(path.resolve(root, out), path.resolve(root, file)))
    .filter((file) => file.endsWith('.js'));
  for (const { file, text } of await toCommonJs(out, modules)) write(file, text);
  // A process of its own, which shares no classes with others: it begins sooner when there is less to read.
  await build({
    ...common,
    ...sourceMaps,
    entryPoints: COMMANDS,
    outdir: out,
    format: 'esm',
    splitting: true,
    chunkNames: 'cli-[hash]',
    minify: true,
  });
  for (const [format, extension] of [
    ['esm', '.js'],
    ['cjs', '.cjs'],
  ]) {
    await build({
      ...common,
      entryPoints: FACTORIES,
      outdir: out,
      format,
      minify: true,
      outExtension: { '.js': extension },
    });
  }
  await build({
    ...common,
    entryPoints: QUICKJS,
    outdir: out,
    format: 'esm',
    target: 'es2020',
    platform: 'neutral',
    minify: true,
    plugins: [smallParts(QUICKJS_PARTS)],
    // Every QuickJS that has modules has them.
    supported: { 'class-field': true, 'class-static-field': true },
  });
}
