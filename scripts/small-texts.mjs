/** What the compiler finds for the small modules for QuickJS, and what esbuild makes of it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ownNames, programOf, shortening } from './own-names.mjs';
import { presences, withPresences } from './presence.mjs';
import { QUICKJS_OPTIONS } from './quickjs.mjs';
import { SMALL_QUICKJS_PARTS, smallParts } from './small-parts.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** For a bundle of these files of the repository; JSON can hold it. */
export async function shortForms(entries) {
  const program = programOf(entries);
  return { names: ownNames(entries, program, await bundledFiles(entries)), found: presences(program) };
}

export function shortOptions({ names, found }) {
  return { ...shortening(names), plugins: [smallParts(SMALL_QUICKJS_PARTS), withPresences(found)] };
}

/** The files of the repository of which something is in the bundle. */
async function bundledFiles(entries) {
  const { metafile } = await build({
    ...QUICKJS_OPTIONS,
    absWorkingDir: root,
    entryPoints: entries,
    outdir: root,
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    plugins: [smallParts(SMALL_QUICKJS_PARTS)],
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file));
}
