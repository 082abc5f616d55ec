/** QuickJS for tests: the binaries that TSWASM_QJS names (with `:` between them), and quickjs-emscripten in a process of its own, which looks like one. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { buildGuests } from '../build.mjs';

const folder = path.resolve('node_modules/.cache', `fleet-qjs-${process.pid}`);

/** A program that is started as `qjs` is. It lies in node_modules, where it finds its packages. */
async function emscripten(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const outfile = path.join(folder, 'qjs.mjs');
  await build({
    // A bench that uses this is bundled into another folder.
    entryPoints: [path.resolve('fleet/testing/qjs.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: `#!${process.execPath}` },
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}

export const qjsBinaries = (process.env['TSWASM_QJS'] ?? '').split(path.delimiter).filter(Boolean);
if (qjsBinaries.length === 0)
  console.warn('SKIPPED: a native QuickJS; name its binary in TSWASM_QJS to test it too');

/** Programs that run as `qjs`: the binaries first. */
export async function findQjs(): Promise<readonly string[]> {
  return [...qjsBinaries, await emscripten()];
}

/** What they run beside an agent. */
export function guestsFile(): Promise<string> {
  return buildGuests(folder);
}

/** They are needed no more. */
export function forgetQjs(): void {
  rmSync(folder, { recursive: true, force: true });
}
