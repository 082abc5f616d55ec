/** Size of the core and the drop-in namespace, bundled together and minified: `npm run size`. Fails above the budget. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from './laws/files.ts';

const KB = 1024;
export const BUDGET = 96 * KB;
const ENTRIES = ['./src/index.ts', './src/webassembly.ts'];

export interface Size {
  readonly bytes: number;
  readonly gzipped: number;
  /** Imports that the bundle leaves to its host: a core without run-time dependencies has none. */
  readonly external: readonly string[];
}

export async function measureSize(entries: readonly string[] = ENTRIES): Promise<Size> {
  const present = entries.filter((e) => existsSync(path.join(root, e)));
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: present.map((e, i) => `export * as entry${i} from '${e}';`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    packages: 'external',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const [{ contents }] = outputFiles;
  const external = Object.values(metafile.outputs).flatMap((o) => o.imports.map((i) => i.path));
  return { bytes: contents.length, gzipped: gzipSync(contents).length, external };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { bytes, gzipped } = await measureSize();
  const show = (n: number) => `${(n / KB).toFixed(1)} KB`;
  console.log(`core + drop-in, minified: ${show(bytes)} of ${show(BUDGET)} (${show(gzipped)} gzipped)`);
  if (bytes > BUDGET) process.exit(1);
}
