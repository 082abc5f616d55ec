/**
 * Whether SIMD pays: each kernel of programs/vectors.c, compiled with -msimd128 and without, in the interpreter, interleaved.
 *   npm run bench:vectors -- [--rounds N] [--jitless] [kernel...]
 * Below 1 the vectors are faster. Exits with 1 when a kernel computes something else with vectors than without.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { cache, root } from './paths.ts';
import { median } from './protocol.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      jitless: { type: 'boolean', default: false },
      /** Milliseconds until a kernel counts as warm. */
      warm: { type: 'string', default: '400' },
    },
  },
  { rounds: 1, warm: 0 },
);
const source = path.join(root, 'bench', 'programs', 'vectors.c');
const wanted = positionals.length > 0 ? positionals : kernelsIn(readFileSync(source, 'utf8'));

function kernelsIn(text: string): string[] {
  return [...text.matchAll(/^KERNEL\((\w+)\)/gm)].map(([, name]) => name!);
}

function compiled(name: string, ...flags: string[]): string {
  const file = path.join(cache, `${name}.wasm`);
  mkdirSync(cache, { recursive: true });
  const args = ['--target=wasm32', '-O3', ...flags, '-nostdlib', '-Wl,--no-entry', '-o', file, source];
  const { status, stderr } = spawnSync('clang', args);
  if (status !== 0) throw new Error(`clang: ${stderr}`);
  return file;
}

const files = { plain: compiled('vectors-plain'), simd: compiled('vectors-simd', '-msimd128') };
const child = await bundleTs(path.join(root, 'bench', 'vectors-child.ts'));

function measure(file: string, kernel: string): { ms: number; checksum: number } {
  const args = [...(options.jitless ? ['--jitless'] : []), child, file, kernel, options.warm];
  const { stdout, stderr, status } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`${kernel}: ${stderr}`);
  return JSON.parse(stdout.toString());
}

const ratios = new Map<string, number[]>();
for (let round = 0; round < Number(options.rounds); round++) {
  for (const kernel of wanted) {
    const [plain, simd] = [measure(files.plain, kernel), measure(files.simd, kernel)];
    if (plain.checksum !== simd.checksum) {
      console.error(`${kernel}: ${simd.checksum} with vectors, ${plain.checksum} without`);
      process.exitCode = 1;
    }
    ratios.set(kernel, [...(ratios.get(kernel) ?? []), simd.ms / plain.ms]);
    if (round + 1 < Number(options.rounds)) continue;
    const all = ratios.get(kernel)!;
    const range = `(${Math.min(...all).toFixed(2)} .. ${Math.max(...all).toFixed(2)})`;
    const times = `last: ${(simd.ms * 1000).toFixed(0)} against ${(plain.ms * 1000).toFixed(0)} us`;
    console.log(`${kernel.padEnd(12)} ${median(all).toFixed(2).padStart(5)}  ${range}  ${times}`);
  }
}
