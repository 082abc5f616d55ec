/** `dist/tswasm.min.js`: the core and the drop-in namespace in one ES module, small, for pages and small engines. */
import { type BuildOptions, build } from 'esbuild';
import { root } from './laws/files.ts';
import { mangling } from './own-names.mjs';
import { smallParts } from './small-parts.mjs';
import { smaller } from './smaller.mjs';

/** One minified module. */
export interface Bundle {
  readonly text: string;
  /** Imports that the bundle leaves to its host: a core without run-time dependencies has none. */
  readonly external: readonly string[];
  /** The files that are in it, from the root of the repository. */
  readonly files: readonly string[];
  /** Bytes of text that each of them has become in esbuild's hands. */
  readonly bytes: ReadonlyMap<string, number>;
  /** What it exports, if it is a module. */
  readonly exports: readonly string[];
}

/** Everything that these files of the repository export, minified by esbuild alone. */
export async function bundle(files: readonly string[], options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: files.map((file) => `export * from './${file}';`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    packages: 'external',
    logLevel: 'silent',
    ...options,
    write: false,
    metafile: true,
    absWorkingDir: root,
  });
  const outputs = Object.values(metafile.outputs);
  const external = outputs.flatMap((output) => output.imports.map(({ path }) => path));
  const exports = outputs.flatMap((output) => output.exports);
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
  const bytes = new Map(inputs.map(([file, { bytesInOutput }]) => [file, bytesInOutput]));
  return { text: outputFiles[0].text, external, files: Object.keys(metafile.inputs), bytes, exports };
}

/** What is in it. */
export const MIN_ENTRIES = ['src/index.ts', 'src/webassembly.ts'];

/** Of which parts, and with which names. */
export const minOptions = (): BuildOptions => ({ plugins: [smallParts()], ...mangling(MIN_ENTRIES) });

export async function buildMin(): Promise<Bundle> {
  const made = await bundle(MIN_ENTRIES, minOptions());
  return { ...made, text: await smaller(made.text) };
}
