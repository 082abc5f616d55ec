/**
 * The library's JavaScript: what the package exports, as ES modules, and from these as CommonJS. Classes must be the same object in every
 * entry, so shared code lies in shared chunks.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { QUICKJS_OPTIONS } from './quickjs.mjs';
import { QUICKJS_PARTS, smallParts } from './small-parts.mjs';
import { shortForms, shortOptions } from './small-texts.mjs';
import { shortest } from './smaller.mjs';

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
  'wasi-nn': 'src/wasi-nn/index.ts',
  node: 'src/node.ts',
  browser: 'src/browser.ts',
  register: 'embed/node/register.ts',
  'register-always': 'embed/node/register-always.ts',
};
/** Alone in its file, which Node evaluates again and again (embed/node/fresh-factories.ts). */
export const FACTORIES = { factories: 'src/factories.ts' };
/** For QuickJS: one module each, which may be copied to a device alone. */
export const QUICKJS = { 'quickjs/tswasm': 'embed/quickjs/index.ts', 'quickjs/run': 'embed/quickjs/run.ts' };
const SMALL_QUICKJS = {
  'quickjs/tswasm.min': 'embed/quickjs/small.ts',
  'quickjs/run.min': 'embed/quickjs/run.ts',
};
const COMMANDS = { cli: 'src/cli/main.ts' };

/** A name that changes with everything that is built: what one build has kept between processes is for the same one (embed/node/kept-module.ts). */
function buildName() {
  const hash = createHash('sha256');
  for (const folder of ['src', 'embed', 'scripts']) {
    const place = path.join(root, folder);
    for (const name of readdirSync(place, { recursive: true }).sort())
      if (/\.(ts|mjs|js|json)$/.test(name) && !/\.test\.ts$/.test(name))
        hash.update(name).update(readFileSync(path.join(place, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

const common = {
  define: { TSWASM_BUILD: JSON.stringify(buildName()) },
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
  setup({ onResolve }, isBeside = () => true) {
    onResolve({ filter: /^\.\/.*\.js$/ }, ({ path: imported, kind }) =>
      kind === 'entry-point' || !isBeside(imported.slice(2))
        ? undefined
        : { path: imported.replace(/\.js$/, '.cjs'), external: true },
    );
  },
};

/**
 * `import.meta.url` where there is none, made when it is asked for. A bundler may put the file where there is no `__filename` either.
 */
const OWN_URL = `const tswasmOwn = {
  get url() { return typeof __filename === 'string' ? require('node:url').pathToFileURL(__filename).href : undefined; }
};`;

/** A CommonJS file for each of the ES modules. */
async function toCommonJs(out, files, options = {}) {
  const entryPoints = files.map((file) => path.join(out, file));
  const { outputFiles } = await build({
    ...common,
    entryPoints,
    outdir: out,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { 'import.meta.url': 'tswasmOwn.url' },
    plugins: [siblings],
    write: false,
    ...options,
  });
  return outputFiles.map(({ path: file, text }) => {
    const usesUrl = text.includes('tswasmOwn.url');
    const strict = '"use strict";\n';
    return {
      file,
      text: usesUrl ? text.replace(strict, `${strict}${OWN_URL}\n`) : text,
    };
  });
}

/**
 * The command line: a process of its own, which shares no classes with others. It begins sooner when there is less to read, when all that a
 * run needs is one file (src/cli/launcher.ts runs it), and without the machinery of ES modules, which takes Node 10 ms. What other commands
 * need stays in chunks, which take what they share with the main file from there.
 */
async function buildCommandLine(out, write) {
  const { metafile } = await build({
    ...common,
    entryPoints: COMMANDS,
    outdir: out,
    format: 'esm',
    splitting: true,
    chunkNames: 'cli-[hash]',
    minify: true,
    metafile: true,
  });
  const modules = modulesOf(metafile, out);
  const parts = loadedWith(metafile, out, 'cli.js');
  const inMain = (file) => parts.includes(file.replace(/\.cjs$/, '.js'));
  /** `require` of a chunk that is loaded when it is used. */
  const late = (text) =>
    text.replace(
      /\bimport\("\.\/(cli-\w+\.cjs)"\)/g,
      (_, file) => `Promise.resolve().then(()=>${chunk(file)})`,
    );
  const chunk = (file) => (inMain(file) ? `require("./cli.cjs").chunks["${file}"]` : `require("./${file}")`);

  const text = late(await mainOf(out, parts, metafile));
  const main = `cli-main-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.cjs`;
  write(path.join(out, main), text);
  const others = modules.filter((file) => !inMain(file));
  for (const { file, text } of await toCommonJs(out, others, { minifyWhitespace: true })) {
    write(
      file,
      late(text).replace(/\brequire\("\.\/(cli-\w+\.cjs)"\)/g, (_, file) => chunk(file)),
    );
  }
  for (const file of modules) rmSync(path.join(out, file));
  await build({
    ...common,
    entryPoints: { cli: 'src/cli/launcher.ts' },
    outdir: out,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    define: { MAIN_FILE: JSON.stringify(main) },
    minify: true,
  });
}

/** The chunks that are loaded with one. */
function loadedWith(metafile, out, file) {
  const { outputs } = metafile;
  const found = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const { path: imported, kind } of outputs[name].imports) {
      if (kind === 'import-statement' && imported in outputs) visit(imported);
    }
  };
  visit(Object.keys(outputs).find((name) => path.basename(name) === file));
  return [...found].map((name) => path.relative(path.resolve(root, out), path.resolve(root, name)));
}

/** These chunks as one function, which is called when the file is run. What others take of them is put together when they ask for it. */
async function mainOf(out, parts, { outputs }) {
  const names = parts.filter((file) => file !== 'cli.js');
  const exportsOf = (file) => outputs[path.relative(root, path.resolve(root, out, file))].exports;
  const contents = [
    ...names.map(
      (file, k) =>
        `import { ${exportsOf(file).map((name) => `${name} as c${k}_${name}`)} } from './${file}';`,
    ),
    `export * from './cli.js';`,
    'export const chunks = {',
    ...names.map((file, k) => {
      const getters = exportsOf(file).map((name) => `get ${name}() { return c${k}_${name}; }`);
      return `get '${file.replace(/js$/, 'cjs')}'() { return { ${getters} }; },`;
    }),
    '};',
  ];
  const bundled = {
    ...siblings,
    setup: (esbuild) => siblings.setup(esbuild, (file) => !parts.includes(file)),
  };
  const { outputFiles } = await build({
    ...common,
    stdin: { contents: contents.join('\n'), resolveDir: path.resolve(root, out) },
    format: 'cjs',
    define: { 'import.meta.url': 'tswasmOwn.url' },
    banner: { js: `(function(module,require,__filename,importPackage){${OWN_URL}` },
    footer: { js: '})' },
    plugins: [bundled],
    // The package's list of files with side effects is about the library.
    ignoreAnnotations: true,
    minify: true,
    write: false,
  });
  // src/cli/packages.ts
  const pieces = outputFiles[0].text.split(/\bimport\((?=\w+\))/);
  if (pieces.length !== 2) throw new Error('the main file of the command line imports packages in one place');
  return pieces.join('importPackage(');
}

/** What a build has written, as seen from the folder. */
function modulesOf(metafile, out) {
  return Object.keys(metafile.outputs)
    .map((file) => path.relative(path.resolve(root, out), path.resolve(root, file)))
    .filter((file) => file.endsWith('.js'));
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
  for (const { file, text } of await toCommonJs(out, modulesOf(metafile, out))) write(file, text);
  await buildCommandLine(out, write);
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
  mkdirSync(path.join(out, 'quickjs'), { recursive: true });
  for (const { path: file, text } of await buildQuickjs(out, QUICKJS, {
    plugins: [smallParts(QUICKJS_PARTS)],
  }))
    write(file, await shortest(text));
  for (const { path: file, text } of await buildSmallQuickjs(out))
    write(file, await shortest(text, { variables: true }));
}

/** Each with names of its own: the command exports nothing. */
async function buildSmallQuickjs(out) {
  const files = [];
  for (const [name, file] of Object.entries(SMALL_QUICKJS))
    files.push(...(await buildQuickjs(out, { [name]: file }, shortOptions(await shortForms([file])))));
  return files;
}

async function buildQuickjs(out, entryPoints, options) {
  const { outputFiles } = await build({
    ...common,
    ...QUICKJS_OPTIONS,
    entryPoints,
    outdir: out,
    format: 'esm',
    minify: true,
    write: false,
    ...options,
  });
  return outputFiles;
}
