/** NOTICE.md names every module of others that is in a file of the package, with its licence. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { expect, it } from 'vitest';
import { root } from './laws/files.ts';
import { FACTORIES, LIBRARY, QUICKJS } from './library.mjs';

/** Packages whose files are in the bundles of these files. */
async function bundledPackages(files: readonly string[], options: BuildOptions = {}): Promise<Set<string>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...files],
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // As in the build (library.mjs, min.ts).
    packages: 'external',
    // QuickJS' own modules are its host's.
    external: ['std', 'os'],
    logLevel: 'silent',
    ...options,
    metafile: true,
    write: false,
  });
  const names = Object.keys(metafile.inputs).flatMap((file) => {
    const inside = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
    // What is not below the root is none of ours either.
    return inside !== null ? [inside[1]] : file.startsWith('../') ? [file] : [];
  });
  return new Set(names);
}

/** Names in the section of NOTICE.md, as in "- name (licence): what for". */
function namedPackages(): string[] {
  const text = readFileSync(path.join(root, 'NOTICE.md'), 'utf8');
  const [, section] = /^## Modules of others in the package\n(.*?)^## /ms.exec(text)!;
  const lines = section.trim().split('\n');
  if (section.trim() === 'None.') return [];
  return lines.map((line) => {
    const [, name] = /^- (\S+) \([^)]+\): /.exec(line) ?? [];
    if (name === undefined) throw new Error(`NOTICE.md: expected "- name (licence): what for", not ${line}`);
    return name;
  });
}

it('every bundled module of others is named, and no other', async () => {
  const entries = Object.values<string>({ ...LIBRARY, ...FACTORIES, ...QUICKJS, cli: 'src/cli/main.ts' });
  expect([...(await bundledPackages(entries))].sort()).toEqual(namedPackages().sort());
});

it('and one would be found', async () => {
  const contents = "import { WebAssembly } from 'polywasm'; console.log(WebAssembly);";
  const found = await bundledPackages([], {
    stdin: { contents, resolveDir: root },
    splitting: false,
    packages: 'bundle',
  });
  expect([...found]).toEqual(['polywasm']);
});
