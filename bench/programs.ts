/** The benchmark programs: their sources, and binaries built on demand into node_modules/.cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileAssemblyScript } from '../scripts/asc.mjs';
import { manySource } from './many.ts';
import { cache, root } from './paths.ts';

/** What a program is one of, for means over programs that are alike. */
export type Group = 'basic' | 'kernel' | 'kernel in C';

/** Where its binary comes from: a file of bench/programs, or text that somebody writes. */
export type Source =
  | { readonly language: 'wat'; readonly file: string }
  | {
      readonly language: 'assemblyscript';
      readonly file: string | (() => string);
      /** What stands behind the file's text. */
      readonly more?: string;
      /** AssemblyScript's runtime, when the program allocates. */
      readonly runtime?: 'incremental';
    }
  /** Built where there is a clang. */
  | { readonly language: 'c'; readonly file: string; readonly define?: string };

export interface Program {
  readonly name: string;
  /** What the program spends its time on. */
  readonly about: string;
  readonly group: Group;
  readonly source: Source;
}

function basic(name: string, about: string, source: Partial<Source> = {}): Program {
  const full = { language: 'assemblyscript', file: `${name}.ts`, ...source } as Source;
  return { name, about, group: 'basic', source: full };
}

/** Kernels in the manner of PolyBench: of kernels.ts and of kernels.c. */
const KERNELS: readonly (readonly [name: string, about: string])[] = [
  ['gemm', 'matrix product, by rows'],
  ['syrk', 'symmetric rank-k update'],
  ['doitgen', 'many small matrix products'],
  ['atax', 'matrix, transposed and not, times vector'],
  ['mvt', 'matrix times vector, by rows and columns'],
  ['gesummv', 'sum of two matrix-vector products'],
  ['trisolv', 'triangular solver'],
  ['durbin', 'Toeplitz solver'],
  ['lu', 'LU decomposition'],
  ['cholesky', 'Cholesky decomposition'],
  ['covariance', 'covariance of columns'],
  ['floyd-warshall', 'shortest paths, i32'],
  ['nussinov', 'dynamic programming, i32'],
  ['jacobi-1d', 'stencil of three'],
  ['jacobi-2d', 'stencil of five'],
  ['seidel-2d', 'stencil of nine, in place'],
  ['fdtd-2d', 'three fields that drive each other'],
  ['heat-3d', 'stencil in three dimensions'],
];

const camelCase = (name: string): string =>
  name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function kernels(): Program[] {
  return KERNELS.flatMap(([name, about]): Program[] => [
    {
      name,
      about,
      group: 'kernel',
      source: {
        language: 'assemblyscript',
        file: 'kernels.ts',
        more: `function kernel(): void {\n  ${camelCase(name)}();\n}\n`,
      },
    },
    {
      name: `${name}.c`,
      about,
      group: 'kernel in C',
      source: { language: 'c', file: 'kernels.c', define: `KERNEL=${name.replaceAll('-', '_')}` },
    },
  ]);
}

/** Each exports `run(n: i32): i32`: n repetitions of a fixed piece of work; the result is a checksum. */
export const PROGRAMS: readonly Program[] = [
  basic('fib', 'recursive calls'),
  basic('sieve', 'byte loads and stores, nested loops'),
  basic('matmul', 'f64 matrix product'),
  basic('nbody', 'f64 arithmetic on records'),
  basic('quicksort', 'branches on data, recursion'),
  basic('sha256', 'i32 rotations and xors', {
    file: () => programText('sha256-block.ts') + programText('sha256.ts'),
  }),
  basic('int64', '64-bit xorshift, mul, rotl, div'),
  basic('div64', '64-bit division, small and large'),
  basic('indirect', 'call_indirect and br_table', { language: 'wat', file: 'indirect.wat' }),
  basic('throws', 'exceptions caught ten frames above', { language: 'wat', file: 'throws.wat' }),
  basic('strings', 'strings, Map, allocation, collector', { runtime: 'incremental' }),
  basic('mixed', 'lists, matrices, state machine, CRC'),
  basic('many', '400 functions, none dominant', { file: manySource }),
  ...kernels(),
];

const CLANG = [
  '--target=wasm32',
  '-O2',
  '-nostdlib',
  '-mbulk-memory',
  '-Wno-unused-function',
  '-Wl,--no-entry',
  '-Wl,--export=run',
];

let clang: boolean | undefined;
/** Whether this machine can build C for WebAssembly. */
export function hasClang(): boolean {
  clang ??= spawnSync('clang', ['--target=wasm32', '--version']).status === 0;
  return clang;
}

/** Whether the program can be built here. */
export function isBuildable({ source }: Program): boolean {
  return source.language !== 'c' || hasClang();
}

function programText(file: string): string {
  return readFileSync(path.join(root, 'bench', 'programs', file), 'utf8');
}

function textOf(source: Source): string {
  const { file } = source;
  const text = typeof file === 'string' ? programText(file) : file();
  return source.language === 'assemblyscript' ? text + (source.more ?? '') : text;
}

async function assemble(source: Exclude<Source, { language: 'c' }>, text: string): Promise<Uint8Array> {
  if (source.language === 'wat') {
    const { parse } = await import('@bytecodealliance/jco-transpile/wasm-tools');
    return parse(text);
  }
  const runtime = source.runtime ?? 'stub';
  const flags = ['-O3', '--converge', '--noAssert', '--use', 'abort=', '--runtime', runtime];
  return compileAssemblyScript(text, flags);
}

function compileC({ file, define }: Extract<Source, { language: 'c' }>, to: string): void {
  const input = path.join(root, 'bench', 'programs', file);
  const defines = define === undefined ? [] : [`-D${define}`];
  const { status, stderr } = spawnSync('clang', [...CLANG, ...defines, '-o', to, input]);
  if (status !== 0) throw new Error(`clang ${file}: ${stderr}`);
}

/** Path of the program's binary; compiles it first if its source is newer than the cache. */
export async function buildProgram({ name, source }: Program): Promise<string> {
  const text = textOf(source);
  const kind = source.language === 'c' ? `${CLANG.join()} ${source.define}` : JSON.stringify(source);
  const key = createHash('sha256').update(`${kind} ${text}`).digest('hex').slice(0, 16);
  const file = path.join(cache, `${name}-${key}.wasm`);
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true });
    if (source.language === 'c') compileC(source, file);
    else writeFileSync(file, await assemble(source, text));
  }
  return file;
}

const TESTS_ALL = process.env['TSWASM_KERNELS'] === 'all';
/**
 * What tests take of them: all with `TSWASM_KERNELS=all` (`npm run check:full`), else the basic ones and every twelfth kernel, as each takes
 * seconds to build, and `many` half a minute.
 */
export const TESTED: readonly Program[] = PROGRAMS.filter(isBuildable).filter(
  ({ name, group }, k) => TESTS_ALL || (group === 'basic' ? name !== 'many' : k % 12 === 0),
);
