/**
 * How much longer the native tier makes code: bytes of the code sections that it emits for a module, in all parts together, for a byte of the
 * module's own.
 *   node scripts/run-ts.mjs bench/growth.ts [file.wasm...]      the bench programs and big modules, or those files
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { optionsOf } from '../scripts/options.ts';
import { whyNotModule } from '../src/compiler/native/refusals.ts';
import { codeGrowth } from '../src/compiler/native/testing.ts';
import { Module } from '../src/index.ts';
import { defaultFiles } from './modules.ts';
import { buildProgram, isBuildable, PROGRAMS } from './programs.ts';
import { geomean } from './protocol.ts';

async function files(): Promise<string[]> {
  const { positionals: named } = optionsOf(import.meta.url, { allowPositionals: true });
  if (named.length > 0) return named;
  const programs: string[] = [];
  for (const program of PROGRAMS.filter(isBuildable)) programs.push(await buildProgram(program));
  return [...programs, ...(await defaultFiles())];
}

const ratios: number[] = [];
const sum = { before: 0, after: 0 };
for (const file of await files()) {
  const module = Module.decode(readFileSync(file));
  if (whyNotModule(module) !== undefined) continue;
  const { before, after } = codeGrowth(module);
  sum.before += before;
  sum.after += after;
  ratios.push(after / before);
  const bytes = [before, after].map((count) => count.toString().padStart(9)).join('');
  console.log(`${path.basename(file).padEnd(56)}${bytes}${(after / before).toFixed(2).padStart(7)}`);
}
console.log(
  `all together ${(sum.after / sum.before).toFixed(2)}; geometric mean of ${ratios.length} ${geomean(ratios).toFixed(2)}`,
);
