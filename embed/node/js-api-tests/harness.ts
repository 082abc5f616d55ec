/** Runs the JS API tests of the WebAssembly/spec repository (its folder `test/js-api`) against a namespace object. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import type { TestResult } from './shim';
import type { Job } from './worker';

export interface FileReport {
  readonly file: string;
  readonly results: readonly TestResult[];
  readonly milliseconds: number;
}

function bundle(entry: string, globalName?: string): string {
  const built = buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: globalName === undefined ? 'node' : 'neutral',
    format: globalName === undefined ? 'cjs' : 'iife',
    globalName,
    target: 'es2022',
  });
  return built.outputFiles[0].text;
}

/** A script whose value is tswasm's namespace object, made in the realm that runs it. Another entry: a built file of tswasm. */
export function tswasmEngine(entry = join(import.meta.dirname, '../../../src/webassembly.ts')): string {
  return `${bundle(entry, '__tswasm')};__tswasm.WebAssembly`;
}

export function testFiles(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.any.js'))
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .sort();
}

/** `META: script=` addresses are those of web-platform-tests, where this folder is `/wasm/jsapi`. */
const MOUNT = '/wasm/jsapi/';

/** What a file runs, in order, the file itself at the end: paths below the folder. */
export function scriptsOf(root: string, file: string): string[] {
  const wanted = [...readFileSync(join(root, file), 'utf8').matchAll(/^\/\/ META: script=(.*)$/gm)].map(
    ([, script]) =>
      script.startsWith(MOUNT)
        ? script.slice(MOUNT.length)
        : join(dirname(file), script).split(sep).join('/'),
  );
  return [...wanted, file];
}

/** One after the other, each in a worker of its own. */
export async function runFiles(
  root: string,
  files: readonly string[],
  options: { engine?: string; retired?: boolean } = {},
): Promise<FileReport[]> {
  const worker = bundle(join(import.meta.dirname, 'worker.ts'));
  const reports: FileReport[] = [];
  for (const file of files) {
    const start = performance.now();
    const job: Job = {
      root,
      scripts: scriptsOf(root, file),
      engine: options.engine,
      retired: options.retired ?? true,
    };
    const results = unique(await runWorker(worker, job));
    reports.push({ file, results, milliseconds: performance.now() - start });
  }
  return reports;
}

function runWorker(code: string, workerData: Job): Promise<TestResult[]> {
  return new Promise((resolve) => {
    const worker = new Worker(code, {
      eval: true,
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 8192 },
    });
    const crashed = (failure: string) => resolve([{ name: '(worker)', failure }]);
    worker.on('message', resolve);
    worker.on('error', (error) => crashed(String(error)));
    worker.on('exit', (code) => crashed(`exited with code ${code}`));
  });
}

/** Some tests of a file share a name: the second becomes `name #2`. */
export function unique(results: readonly TestResult[]): TestResult[] {
  const seen = new Map<string, number>();
  return results.map(({ name, failure }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { name: count === 1 ? name : `${name} #${count}`, failure };
  });
}

/** A line `file | test name | reason` of the list of expected failures; a `*` at the end of file or name matches any rest. */
export interface Expectation {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

export function readExpectations(path: string): Expectation[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [file, name, reason] = line.split(' | ').map((part) => part.trim());
      if (!reason) throw new Error(`an expected failure needs a reason: ${line}`);
      return { file, name, reason };
    });
}

export function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** What differs from the list: failures that are not on it, passes that are, and lines that match no test of the files run. */
export function differences(reports: readonly FileReport[], expectations: readonly Expectation[]): string[] {
  const found: string[] = [];
  const used = new Set<Expectation>();
  for (const { file, results } of reports) {
    for (const { name, failure } of results) {
      const expected = expectations.find((one) => matches(one.file, file) && matches(one.name, name));
      if (expected) used.add(expected);
      if (failure !== undefined && !expected) found.push(`fails: ${file} | ${name} | ${failure}`);
      if (failure === undefined && expected) found.push(`passes unexpectedly: ${file} | ${name}`);
    }
  }
  for (const one of expectations) {
    const ran = reports.some(({ file }) => matches(one.file, file));
    if (ran && !used.has(one)) found.push(`matches no test: ${one.file} | ${one.name}`);
  }
  return found;
}

export function totals(reports: readonly FileReport[]): { passed: number; total: number } {
  const results = reports.flatMap((report) => report.results);
  return { passed: results.filter((result) => result.failure === undefined).length, total: results.length };
}
