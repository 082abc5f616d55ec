/** The benchmark programs: their sources, and binaries built on demand into node_modules/.cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileAssemblyScript } from '../scripts/asc.mjs';
import { manySource } from './many.ts';
import { cache, root } from './paths.ts';

export interface Program {
  readonly name: string;
  /** What the program spends its time on. */
  readonly about: string;
  /** A file of bench/programs, or the function that writes an AssemblyScript source. */
  readonly source: string | (() => string);
  /** AssemblyScript's runtime, when the program allocates. */
  readonly runtime?: 'incremental';
}

/** Each exports `run(n: i32): i32`: n repetitions of a fixed piece of work; the result is a checksum. */
export const PROGRAMS: readonly Program[] = [
  { name: 'fib', about: 'recursive calls', source: 'fib.ts' },
  { name: 'sieve', about: 'byte loads and stores, nested loops', source: 'sieve.ts' },
  { name: 'matmul', about: 'f64 matrix product', source: 'matmul.ts' },
  { name: 'nbody', about: 'f64 arithmetic on records', source: 'nbody.ts' },
  { name: 'quicksort', about: 'branches on data, recursion', source: 'quicksort.ts' },
  { name: 'sha256', about: 'i32 rotations and xors', source: 'sha256.ts' },
  { name: 'int64', about: '64-bit xorshift, mul, rotl, div', source: 'int64.ts' },
  { name: 'div64', about: '64-bit division, small and large', source: 'div64.ts' },
  { name: 'indirect', about: 'call_indirect and br_table', source: 'indirect.wat' },
  { name: 'throws', about: 'exceptions caught ten frames above', source: 'throws.wat' },
  {
    name: 'strings',
    about: 'strings, Map, allocation, collector',
    source: 'strings.ts',
    runtime: 'incremental',
  },
  { name: 'mixed', about: 'lists, matrices, state machine, CRC', source: 'mixed.ts' },
  { name: 'many', about: '400 functions, none dominant', source: manySource },
];

async function assemble(program: Program, text: string): Promise<Uint8Array> {
  if (typeof program.source === 'string' && program.source.endsWith('.wat')) {
    const { parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
    return parse(text);
  }
  const runtime = program.runtime ?? 'stub';
  return compileAssemblyScript(text, [
    '-O3',
    '--converge',
    '--noAssert',
    '--use',
    'abort=',
    '--runtime',
    runtime,
  ]);
}

/** Path of the program's binary; compiles it first if its source is newer than the cache. */
export async function buildProgram(program: Program): Promise<string> {
  const { source } = program;
  const text =
    typeof source === 'string'
      ? readFileSync(path.join(root, 'bench', 'programs', source), 'utf8')
      : source();
  const key = createHash('sha256').update(`${program.runtime} ${text}`).digest('hex').slice(0, 16);
  const file = path.join(cache, `${program.name}-${key}.wasm`);
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true });
    writeFileSync(file, await assemble(program, text));
  }
  return file;
}
