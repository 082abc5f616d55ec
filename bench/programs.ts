/** The benchmark programs: their sources, and binaries built on demand into node_modules/.cache. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
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
  {
    name: 'strings',
    about: 'strings, Map, allocation, collector',
    source: 'strings.ts',
    runtime: 'incremental',
  },
  { name: 'mixed', about: 'lists, matrices, state machine, CRC', source: 'mixed.ts' },
  { name: 'many', about: '400 functions, none dominant', source: manySource },
];

/** The part of asc that is used. Its own types declare globals (`i32`, `console`) that would leak into the whole project. */
interface Asc {
  main(
    args: readonly string[],
    host: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

async function assemble(program: Program, text: string): Promise<Uint8Array> {
  if (typeof program.source === 'string' && program.source.endsWith('.wat')) {
    const wabt = await (await import('wabt')).default();
    const module = wabt.parseWat(program.source, text, {});
    return module.toBinary({}).buffer;
  }
  const specifier: string = 'assemblyscript/asc';
  const asc = (await import(specifier)) as Asc;
  let binary: Uint8Array | undefined;
  const flags = [
    '-O3',
    '--converge',
    '--noAssert',
    '--use',
    'abort=',
    '--runtime',
    program.runtime ?? 'stub',
  ];
  const { error, stderr } = await asc.main(['program.ts', ...flags, '--outFile', 'program.wasm'], {
    readFile: (name) => (name === 'program.ts' ? text : null),
    writeFile: (name, contents) => {
      if (name === 'program.wasm') binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || binary === undefined)
    throw new Error(`${program.name}: ${error?.message}\n${stderr.toString().slice(0, 2000)}`);
  return binary;
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
