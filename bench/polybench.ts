/**
 * PolyBench/C, 30 programs that nobody here wrote: the time of each kernel, as the program prints it. TSWASM_POLYBENCH names a checkout (as
 * MatthiasJReisinger/PolyBenchC-4.2.1); needs a clang with wasi-libc. Engines take turns, each run is a process; medians over the rounds.
 *   npm run bench:polybench -- [--rounds 3] [--size small,medium] [--json file] [part of a name...]
 * node:wasi: the host's WebAssembly; command: `tswasm run`; library: `runWasi` in a process without flags; wasm3: where TSWASM_WASM3 names it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { misused, optionsOf } from '../scripts/options.ts';
import { bundleTs } from '../scripts/run-ts.mjs';
import { cache, dist, root } from './paths.ts';
import { geomean, median } from './protocol.ts';

const { values: options, positionals } = optionsOf(
  import.meta.url,
  {
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      size: { type: 'string', default: 'small,medium' },
      json: { type: 'string' },
    },
  },
  { rounds: 1 },
);
const checkout = process.env['TSWASM_POLYBENCH'] ?? '';
const list = path.join(checkout, 'utilities', 'benchmark_list');
if (!existsSync(list)) misused(import.meta.url, 'TSWASM_POLYBENCH names no checkout of PolyBench/C');
const SIZES = ['mini', 'small', 'medium', 'large', 'extralarge'];
const sizes = options.size.split(',');
for (const size of sizes) {
  if (!SIZES.includes(size)) misused(import.meta.url, `--size ${size}: one or more of ${SIZES.join(',')}`);
}

/** Sources, relative to the checkout. */
const sources = readFileSync(list, 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('.c'))
  .filter(
    (line) => positionals.length === 0 || positionals.some((part) => path.basename(line).includes(part)),
  );
if (sources.length === 0) misused(import.meta.url, `no program has ${positionals.join(' or ')} in its name`);

function build(source: string, size: string): string {
  const folder = path.join(cache, 'polybench');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${path.basename(source, '.c')}.${size}.wasm`);
  if (existsSync(file)) return file;
  const words = ['--target=wasm32-wasi', '-O3', '-DPOLYBENCH_TIME', `-D${size.toUpperCase()}_DATASET`];
  words.push('-I', 'utilities', '-I', path.dirname(source), 'utilities/polybench.c', source);
  // PolyBench includes a header that wasi-libc has only with this, and calls nothing of it.
  words.push('-D_WASI_EMULATED_PROCESS_CLOCKS', '-lwasi-emulated-process-clocks', '-lm', '-o', file);
  const { status, stderr } = spawnSync('clang', words, { cwd: checkout, encoding: 'utf8' });
  if (status !== 0) throw new Error(`clang ${words.join(' ')}: ${stderr}`);
  return file;
}

const child = await bundleTs(path.join(root, 'bench', 'polybench-child.ts'));
const wasm3 = process.env['TSWASM_WASM3'];
/** The command that runs a file in each engine; the first is what the others are compared with. */
const ENGINES: Readonly<Record<string, readonly string[]>> = {
  // Node 20.20 aborts here when V8 calls the functions of node:wasi directly. The kernels call nothing.
  'node:wasi': [process.execPath, '--no-warnings', '--no-turbo-fast-api-calls', child, 'node:wasi'],
  command: [process.execPath, path.join(dist, 'cli.cjs'), 'run'],
  library: [process.execPath, '--no-warnings', child, 'tswasm'],
  ...(wasm3 === undefined ? {} : { wasm3: [wasm3] }),
};
const names = Object.keys(ENGINES);

/** Milliseconds that the program says it took. */
function timeOf([command, ...words]: readonly string[], file: string): number {
  const { stdout, stderr, status } = spawnSync(command!, [...words, file], { encoding: 'utf8' });
  const ms = 1000 * Number.parseFloat(stdout);
  if (status !== 0 || !(ms >= 0))
    throw new Error(`${command} ${words.join(' ')} ${file}: ${stdout}${stderr}`);
  return ms;
}

if (wasm3 === undefined) console.log('wasm3 is left out: TSWASM_WASM3 does not name it');
const report: { program: string; size: string; engine: string; ms: number }[] = [];
for (const size of sizes) {
  console.log(`\n${size}: kernel in ms, and how often what node:wasi takes; medians of ${options.rounds}\n`);
  console.log(`| program | ${names.join(' | ')} |\n|---|${names.map(() => '--:').join('|')}|`);
  const ratios: number[][] = names.map(() => []);
  for (const source of sources) {
    const file = build(source, size);
    const times: number[][] = names.map(() => []);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (let k = 0; k < names.length; k++) {
        const which = (round + k) % names.length;
        times[which]!.push(timeOf(ENGINES[names[which]!]!, file));
      }
    }
    const medians = times.map(median);
    const program = path.basename(source, '.c');
    const cells = medians.map((ms, k) => {
      ratios[k]!.push(ms / medians[0]!);
      report.push({ program, size, engine: names[k]!, ms });
      return k === 0 ? ms.toFixed(2) : `${ms.toFixed(2)} (${(ms / medians[0]!).toFixed(2)})`;
    });
    console.log(`| ${program} | ${cells.join(' | ')} |`);
  }
  console.log(
    `| geometric mean of ${sources.length} | ${ratios.map((of) => geomean(of).toFixed(2)).join(' | ')} |`,
  );
}
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(report));
