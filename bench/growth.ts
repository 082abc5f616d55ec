/**
 * How much longer the native tier makes code: bytes of the code sections that it emits for a module, in all parts together, for a byte of the
 * module's own.
 *   node scripts/run-ts.mjs bench/growth.ts [file.wasm...]      the bench programs and big modules, or those files
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PART_SIZES } from '../src/compiler/native/groups.ts';
import type { HostWebAssembly } from '../src/compiler/native/host.ts';
import { Program } from '../src/compiler/native/program.ts';
import { whyNotModule } from '../src/compiler/native/refusals.ts';
import { Reader } from '../src/decoder/reader.ts';
import { SECTIONS } from '../src/decoder/sections.ts';
import { Module } from '../src/index.ts';
import { defaultFiles } from './modules.ts';
import { buildProgram, isBuildable, PROGRAMS } from './programs.ts';

const HEADER = 8;
function codeBytes(bytes: Uint8Array): number {
  const reader = new Reader(bytes, HEADER);
  while (reader.pos < bytes.length) {
    const id = reader.u8();
    const size = reader.u32();
    if (id === SECTIONS.code) return size;
    reader.pos += size;
  }
  return 0;
}

/** Compiles nothing, and counts what it is given. */
class Counting {
  bytes = 0;
  readonly host: HostWebAssembly;

  constructor() {
    const count = (bytes: Uint8Array) => {
      this.bytes += codeBytes(bytes);
    };
    const Module = class {
      constructor(bytes: Uint8Array) {
        count(bytes);
      }
    };
    const { WebAssembly } = globalThis as unknown as { WebAssembly: HostWebAssembly };
    this.host = Object.assign(Object.create(WebAssembly), { Module });
  }
}

/** Undefined where nothing runs natively. */
function growthOf(file: string): { before: number; after: number } | undefined {
  const module = Module.decode(readFileSync(file));
  if (whyNotModule(module) !== undefined) return undefined;
  const counting = new Counting();
  const program = new Program(module, counting.host, PART_SIZES, { isShared: false, isExact: false });
  for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++)
    program.group(funcidx);
  return { before: codeBytes(module.bytes), after: counting.bytes };
}

async function files(): Promise<string[]> {
  const named = process.argv.slice(2);
  if (named.length > 0) return named;
  const programs: string[] = [];
  for (const program of PROGRAMS.filter(isBuildable)) programs.push(await buildProgram(program));
  return [...programs, ...(await defaultFiles())];
}

let before = 0;
let after = 0;
const ratios: number[] = [];
for (const file of await files()) {
  const growth = growthOf(file);
  if (growth === undefined) continue;
  const ratio = growth.after / growth.before;
  before += growth.before;
  after += growth.after;
  ratios.push(ratio);
  console.log(
    `${path.basename(file).padEnd(56)}${growth.before.toString().padStart(9)}${growth.after.toString().padStart(9)}${ratio.toFixed(2).padStart(7)}`,
  );
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
console.log(
  `all together ${(after / before).toFixed(2)}; geometric mean of ${ratios.length} ${mean.toFixed(2)}`,
);
