/**
 * What runs a module in QuickJS, side by side in the engine's own program:
 *   npm run bench:quickjs -- [--rounds N] [--qjs FILE] [program...]
 * The closures of `tswasm/quickjs`, what `tswasm compile --target quickjs` makes (with safepoints and fuel, and without), and polywasm. `--qjs`,
 * else TSWASM_QJS, names `qjs` of bellard's QuickJS or of quickjs-ng; TSWASM_COREMARK adds CoreMark. Processor time (Linux alone tells it there).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { optionsOf } from '../scripts/options.ts';
import { CLOCK } from './coremark-clock.ts';
import { cache, dist, root } from './paths.ts';
import { buildProgram, PROGRAMS } from './programs.ts';
import { median } from './protocol.ts';
import type { Told } from './quickjs-child.ts';
import { estimate, type Pair } from './statistics.ts';

const { values, positionals } = optionsOf(
  import.meta.url,
  { options: { rounds: { type: 'string', default: '3' }, qjs: { type: 'string' } }, allowPositionals: true },
  { rounds: 1 },
);
const qjs = values.qjs ?? process.env['TSWASM_QJS'];
if (!qjs) {
  console.error('neither --qjs nor TSWASM_QJS names a QuickJS');
  process.exit(2);
}
const coreMark = process.env['TSWASM_COREMARK'];
const SAMPLE_MS = 200;
const folder = path.join(cache, 'quickjs');
mkdirSync(folder, { recursive: true });

/** The text of a module that exports `load(bytes, imports)`, for a program in `file`. */
type Way = (file: string) => string;

const tswasm = JSON.stringify(path.join(dist, 'quickjs', 'tswasm.js'));
const polywasm = JSON.stringify(path.join(root, 'node_modules', 'polywasm', 'index.js'));
/** Names of imports and exports are ASCII here, and QuickJS has no coder of text. */
const CODERS = `globalThis.TextDecoder ??= class { decode(bytes) { return String.fromCharCode(...bytes); } };
globalThis.TextEncoder ??= class { encode(text) { return Uint8Array.from(text, (c) => c.charCodeAt(0)); } };`;

function compiled(file: string, ...more: string[]): string {
  const to = path.join(folder, `${path.basename(file, '.wasm')}${more.join('')}.mjs`);
  const command = [path.join(dist, 'cli.cjs'), 'compile', '--target', 'quickjs', ...more, '-o', to, file];
  const { status, stderr } = spawnSync(process.execPath, command);
  if (status !== 0) throw new Error(stderr.toString().trim().replaceAll(/\n\s*/g, '; '));
  return `import { instantiate } from ${JSON.stringify(to)};
export const load = (_, imports) => instantiate(imports).exports;`;
}

const WAYS: Readonly<Record<string, Way>> = {
  closures: () => `import { Func, imports as found, instantiate, Memory, Module, Store } from ${tswasm};
export function load(bytes, imports) {
  const module = Module.decode(bytes);
  const { exports } = instantiate(new Store(), module, found(module, imports));
  const given = {};
  for (const [name, value] of exports) {
    if (value instanceof Func) given[name] = (...args) => value.call(...args);
    else if (value instanceof Memory) given[name] = { get buffer() { return value.buffer; } };
  }
  return given;
}`,
  compiled: (file) => compiled(file, '--pausable'),
  'compiled without stops': (file) => compiled(file),
  polywasm: () => `import { WebAssembly } from ${polywasm};
export const load = (bytes, imports) => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;`,
};

const child = path.join(folder, 'child.mjs');
await build({
  entryPoints: [path.join(root, 'bench', 'quickjs-child.ts')],
  outfile: child,
  bundle: true,
  format: 'esm',
  target: 'es2020',
});

interface Work {
  readonly name: string;
  readonly file: string;
  readonly sampleMs: number;
}

/** The file that QuickJS runs. */
function written(name: string, way: Way, { name: program, file, sampleMs }: Work): string {
  const of = `${program}-${name.replaceAll(' ', '-')}`;
  const load = path.join(folder, `load-${of}.mjs`);
  writeFileSync(load, way(file));
  const main = path.join(folder, `main-${of}.mjs`);
  writeFileSync(
    main,
    `${CODERS}
const { measured } = await import(${JSON.stringify(child)});
const { load } = await import(${JSON.stringify(load)});
const bytes = new Uint8Array([${[...readFileSync(file)]}]);
const told = measured({ std, bytes, load, sampleMs: ${sampleMs}, clock: ${JSON.stringify(CLOCK)} });
console.log(JSON.stringify(told));
`,
  );
  return main;
}

function told(main: string): Told {
  const { stdout, stderr } = spawnSync(qjs!, ['--std', '-m', main]);
  const line = stdout.toString().trim();
  if (!line.startsWith('{')) throw new Error(`${stdout}${stderr}`.trim().split('\n')[0]);
  return JSON.parse(line);
}

const chosen = PROGRAMS.filter(({ name, group }) =>
  positionals.length === 0 ? group === 'basic' : positionals.includes(name),
);
const works: Work[] = [];
for (const program of chosen)
  works.push({ name: program.name, file: await buildProgram(program), sampleMs: SAMPLE_MS });
if (coreMark && (positionals.length === 0 || positionals.includes('coremark')))
  works.push({ name: 'coremark', file: coreMark, sampleMs: 0 });

/** Times of each way and round, and the ways that do not run a program. */
const [base, ...others] = Object.keys(WAYS) as [string, ...string[]];
const version = spawnSync(qjs, ['--help']).stdout.toString().split('\n')[0];
console.log(`${version}, ${values.rounds} rounds: how many times as fast as closures\n`);
console.log(`| program | ${base}, us | ${others.join(' | ')} |`);
console.log(`| --- | ---: |${others.map(() => ' ---: |').join('')}`);
const pairs = new Map<string, Pair[][]>();
for (const work of works) {
  const times = new Map<string, number[]>();
  const refused = new Map<string, string>();
  const checksums = new Set<number>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, way] of Object.entries(WAYS)) {
      if (refused.has(name)) continue;
      try {
        const { repMs, checksum } = told(written(name, way, work));
        checksums.add(checksum);
        times.set(name, [...(times.get(name) ?? []), repMs]);
      } catch (error) {
        if (name === base) throw error;
        refused.set(name, (error as Error).message);
      }
    }
  }
  if (checksums.size > 1) {
    console.error(`${work.name}: ways compute different things: ${[...checksums]}`);
    process.exitCode = 1;
  }
  const bases = times.get(base)!;
  const cells = others.map((name) => {
    const mine = times.get(name);
    if (mine === undefined) return '-';
    const rounds = mine.map((after, k) => ({ before: after, after: bases[k]! }));
    pairs.set(name, [...(pairs.get(name) ?? []), rounds]);
    return estimate([rounds]).ratio.toFixed(2);
  });
  for (const [name, reason] of refused) console.error(`${work.name}: ${name}: ${reason}`);
  console.log(`| ${work.name} | ${(median(bases) * 1000).toFixed(0)} | ${cells.join(' | ')} |`);
}
console.log();
for (const [name, all] of pairs) {
  const { ratio, low, high } = estimate(all);
  const interval = `${ratio.toFixed(2)} (${low.toFixed(2)} .. ${high.toFixed(2)})`;
  console.log(`${name}: geometric mean of ${all.length} programs ${interval}`);
}
