/**
 * What a user downloads, by feature set, against budgets: `npm run size`. Exit code 1 when a set is over its budget or left out something
 * that its host would have to have. `npm run size -- --parts` shows what the small set is made of.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { root } from './laws/files.ts';
import { type Bundle, buildMin, bundle } from './min.ts';
import { optionsOf } from './options.ts';
import { smallParts, WITHOUT_EXCEPTIONS, WITHOUT_SIMD } from './small-parts.mjs';

/** Thousands of bytes. */
export const KB = 1000;

export interface FeatureSet {
  readonly name: string;
  /** The entries of the package that are in it. */
  readonly contains: string;
  readonly build: () => Promise<Bundle>;
  /** How the modules of its host begin, where it is for one. */
  readonly host?: string;
  /** KB after gzip -9: what is downloaded. */
  readonly gzip: number;
  /** KB of text: only where a device holds the text. */
  readonly raw?: number;
  /** Why these budgets. */
  readonly why: string;
}

const CORE = 'src/index.ts';
const SNAPSHOT = 'src/snapshot/index.ts';
const WASI = 'src/wasi/index.ts';

/** A file that the build writes. QuickJS' own modules are its host's. */
async function built(file: string): Promise<Bundle> {
  const place = path.join(root, 'dist', file);
  if (!existsSync(place)) throw new Error(`there is no dist/${file}: npm run build`);
  const text = readFileSync(place, 'utf8');
  return { text, external: [], files: [place], bytes: new Map([[file, text.length]]), exports: [] };
}

/** Each budget is a few percent above what the set had when its row was written. */
export const FEATURE_SETS: readonly FeatureSet[] = [
  {
    name: 'core',
    contains: 'tswasm',
    build: () => bundle([CORE]),
    gzip: 93.3,
    why: 'what every user has',
  },
  {
    name: 'core without SIMD',
    contains: 'tswasm, with what scripts/small-parts.mjs puts for SIMD',
    build: () => bundle([CORE], { plugins: [smallParts(WITHOUT_SIMD)] }),
    gzip: 69.5,
    why: 'what SIMD costs is the difference: 24 KB',
  },
  {
    name: 'core without SIMD and exceptions',
    contains: 'tswasm, with what scripts/small-parts.mjs puts for both',
    build: () => bundle([CORE], { plugins: [smallParts({ ...WITHOUT_SIMD, ...WITHOUT_EXCEPTIONS })] }),
    gzip: 67.6,
    why: 'what exceptions cost is the difference',
  },
  {
    name: 'drop-in',
    contains: 'tswasm/webassembly',
    build: () => bundle(['src/webassembly.ts']),
    gzip: 98.6,
    why: 'the core, and what the namespace adds',
  },
  {
    name: 'core + drop-in, small',
    contains: 'tswasm/min',
    build: buildMin,
    gzip: 62.8,
    why: 'what pages load at once; 42 KB are promised (issue 10)',
  },
  {
    name: 'core + snapshots',
    contains: 'tswasm, tswasm/snapshot',
    build: () => bundle([CORE, SNAPSHOT]),
    gzip: 121.5,
    why: 'what moves programs between pages',
  },
  {
    name: 'core + drop-in + snapshots',
    contains: 'tswasm, tswasm/webassembly-snapshot, tswasm/snapshot',
    build: () => bundle([CORE, 'src/webassembly-snapshot.ts', SNAPSHOT]),
    gzip: 129.9,
    why: 'all that needs no host interface',
  },
  {
    name: 'core + WASI',
    contains: 'tswasm, tswasm/wasi',
    build: () => bundle([CORE, WASI]),
    gzip: 119,
    why: 'C and Rust programs in a page',
  },
  {
    name: 'core + WASI + wasi-nn',
    contains: 'tswasm, tswasm/wasi, tswasm/wasi-nn',
    build: () => bundle([CORE, WASI, 'src/wasi-nn/index.ts']),
    gzip: 123.9,
    why: 'programs with models; the runtime of the models is not counted',
  },
  {
    name: 'programs on pages',
    contains: 'tswasm/browser',
    build: () => bundle(['src/browser.ts']),
    gzip: 135.7,
    why: 'the core, WASI, snapshots, and the event loop of a page',
  },
  {
    name: 'register',
    contains: 'tswasm/register, on Node',
    build: () => bundle(['embed/node/register.ts'], { platform: 'node' }),
    host: 'node:',
    gzip: 102.5,
    why: 'what a Node without a JIT parses before the first request: no compiled tier',
  },
  {
    name: 'in ECMAScript 5',
    contains: 'tswasm/es5 (dist/tswasm.es5.cjs)',
    build: () => built('tswasm.es5.cjs'),
    gzip: 72.4,
    why: 'the small set, for engines that parse no classes',
  },
  {
    name: 'full factories',
    contains: 'tswasm/factories',
    build: () => bundle(['src/factories.ts']),
    gzip: 13,
    why: 'comes on top of another set, for speed',
  },
  {
    name: 'QuickJS module',
    contains: 'tswasm/quickjs (dist/quickjs/tswasm.js)',
    build: () => built('quickjs/tswasm.js'),
    gzip: 147.4,
    raw: 517.4,
    why: 'all but the drop-in; a device holds the text in flash and parses it from memory',
  },
  {
    name: 'QuickJS runner',
    contains: 'dist/quickjs/run.js',
    build: () => built('quickjs/run.js'),
    gzip: 143.9,
    raw: 509.2,
    why: 'the same with a command line, less the API',
  },
  {
    name: 'QuickJS module, small',
    contains: 'dist/quickjs/tswasm.min.js',
    build: () => built('quickjs/tswasm.min.js'),
    gzip: 93.6,
    raw: 240,
    why: 'without SIMD and exceptions, with the compact factories; 240 KB are what is asked for (issue 13)',
  },
  {
    name: 'QuickJS runner, small',
    contains: 'dist/quickjs/run.min.js',
    build: () => built('quickjs/run.min.js'),
    gzip: 94.2,
    raw: 239.5,
    why: 'the same with a command line, less the API',
  },
];

export interface Size {
  readonly set: FeatureSet;
  readonly raw: number;
  readonly gzip: number;
  readonly external: readonly string[];
}

export async function measure(set: FeatureSet): Promise<Size> {
  const { text, external } = await set.build();
  const contents = new TextEncoder().encode(text);
  return { set, raw: contents.length, gzip: gzipSync(contents, { level: 9 }).length, external };
}

/** What is wrong with a size; nothing is. */
export function complaints({ set, raw, gzip, external }: Size): string[] {
  const foreign = external.filter((name) => set.host === undefined || !name.startsWith(set.host));
  const found = foreign.map((name) => `${set.name}: imports ${name}, and the package has no dependencies`);
  if (gzip > set.gzip * KB) found.push(`${set.name}: ${gzip} bytes of gzip, more than ${set.gzip} KB`);
  if (set.raw !== undefined && raw > set.raw * KB)
    found.push(`${set.name}: ${raw} bytes of text, more than ${set.raw} KB`);
  return found;
}

export function showSizes(sizes: readonly Size[]): string {
  const kilobytes = (bytes: number) => (bytes / KB).toFixed(1);
  const rows = sizes.map(({ set, raw, gzip }) => [
    set.name,
    kilobytes(gzip),
    String(set.gzip),
    kilobytes(raw),
    String(set.raw ?? ''),
    set.contains,
    set.why,
  ]);
  const table = [['feature set', 'gzip KB', 'budget', 'raw KB', 'budget', 'contains', 'why'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const isNumber = (column: number) => column >= 1 && column <= 4;
  const cell = (text: string, column: number) =>
    isNumber(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]);
  return table.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

/** Rooms of a bundle, and the heaviest files of each: bytes of text, and their share of what is downloaded. */
export function showParts({ text, bytes }: Bundle): string {
  const whole = gzipSync(text, { level: 9 }).length;
  const all = [...bytes.values()].reduce((sum, size) => sum + size, 0);
  const line = (name: string, size: number) =>
    `${String(size).padStart(7)} ${((whole / KB) * (size / all)).toFixed(1).padStart(6)}  ${name}`;
  const roomOf = (file: string) => path.dirname(file).split('/').slice(0, 2).join('/');
  const rooms = new Map<string, number>();
  for (const [file, size] of bytes) rooms.set(roomOf(file), (rooms.get(roomOf(file)) ?? 0) + size);
  const heaviest = (entries: Iterable<[string, number]>) => [...entries].sort((a, b) => b[1] - a[1]);
  const lines = heaviest(rooms).flatMap(([room, size]) => [
    line(room, size),
    ...heaviest([...bytes].filter(([file]) => roomOf(file) === room))
      .filter(([, of]) => of >= KB)
      .map(([file, of]) => `  ${line(file, of)}`),
  ]);
  return ['  bytes   gzip KB', ...lines, line('all', all)].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = optionsOf(import.meta.url, { options: { parts: { type: 'boolean' } } });
  if (values.parts) console.log(`${showParts(await buildMin())}\n`);
  const sizes = await Promise.all(FEATURE_SETS.map(measure));
  console.log(showSizes(sizes));
  const wrong = sizes.flatMap(complaints);
  for (const complaint of wrong) console.error(`OVER BUDGET ${complaint}`);
  if (wrong.length > 0) process.exitCode = 1;
}
