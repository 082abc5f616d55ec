/**
 * Runs the precompiled preview 1 programs of WebAssembly/wasi-testsuite (branch prod/testsuite-base).
 *   node scripts/run-ts.mjs embed/node/wasi-testsuite.ts [--memory | --overlay | --native] [--filter TEXT] [checkout]
 * The checkout may also be named by TSWASM_WASI_TESTSUITE. Programs run through dist/cli.cjs (--source: through src/cli as it is
 * now); with --memory and --overlay their directory is in memory; with --native they run on Node's own WebAssembly with our WASI.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The specification beside a program (the suite's doc/specification.md; all of preview 1 uses the legacy form). */
interface Spec {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly root: string | null;
  readonly exit_code: number;
  readonly stdout: string | null;
  readonly stderr: string | null;
}
const DEFAULT_SPEC: Spec = { args: [], env: {}, root: null, exit_code: 0, stdout: null, stderr: null };

export interface TestProgram {
  readonly suite: string;
  readonly name: string;
  readonly wasm: string;
  readonly spec: Spec;
}

/** What is wrong; undefined when the program passed. */
export interface Verdict {
  readonly program: TestProgram;
  readonly failure: string | undefined;
}

/** Words of a Node command line that runs a program in a directory. */
export type Way = (program: TestProgram, root: string | undefined) => readonly string[];

const SUITES = ['assemblyscript', 'c', 'rust'] as const;
export const PROGRAM_COUNT = 72;

export function findPrograms(checkout: string): TestProgram[] {
  return SUITES.flatMap((suite) => {
    const folder = path.join(checkout, 'tests', suite, 'testsuite', 'wasm32-wasip1');
    const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
    return names.sort().map((file) => {
      const wasm = path.join(folder, file);
      const json = wasm.replace(/\.wasm$/, '.json');
      const given = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Partial<Spec>) : {};
      return { suite, name: file.replace(/\.wasm$/, ''), wasm, spec: { ...DEFAULT_SPEC, ...given } };
    });
  });
}

/** Through the command line at `script`. `mode` is the MODE of --dir. */
export function throughCli(script: string, mode = 'rw'): Way {
  return ({ wasm, spec }, root) => {
    const env = Object.entries(spec.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const dir = root === undefined ? [] : ['--dir', `${root}::/::${mode}`];
    return [script, 'run', ...env, ...dir, wasm, ...spec.args];
  };
}

/** Through the bundle of wasi-tests/native-main.ts. */
function throughNative(script: string): Way {
  return ({ wasm, spec }, root) => {
    const env = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
    return [script, wasm, root ?? '', ...env, '--', ...spec.args];
  };
}

/** Runs one program in a copy of its directory. */
export function runProgram(program: TestProgram, way: Way): Verdict {
  const { spec, wasm } = program;
  const root = spec.root === null ? undefined : mkdtempSync(path.join(tmpdir(), 'tswasm-wasi-'));
  try {
    if (root !== undefined) cpSync(path.join(path.dirname(wasm), spec.root!), root, { recursive: true });
    const options = { encoding: 'utf8', input: '', timeout: 300_000 } as const;
    return { program, failure: judge(spec, spawnSync(process.execPath, way(program, root), options)) };
  } finally {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  }
}

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function judge(spec: Spec, result: Result): string | undefined {
  if (result.status !== spec.exit_code) {
    return `exit code ${result.status}, expected ${spec.exit_code}\n${result.stderr.trim()}`;
  }
  for (const name of ['stdout', 'stderr'] as const) {
    const expected = spec[name];
    if (expected !== null && result[name] !== expected) {
      return `${name} is ${JSON.stringify(result[name])}, expected ${JSON.stringify(expected)}`;
    }
  }
  return undefined;
}

async function main(words: string[]): Promise<number> {
  const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
  const filterAt = words.indexOf('--filter');
  const filter = filterAt < 0 ? '' : words.splice(filterAt, 2)[1];
  const checkout = words.find((word) => !word.startsWith('--')) ?? process.env.TSWASM_WASI_TESTSUITE;
  if (checkout === undefined) {
    console.error('name a checkout of WebAssembly/wasi-testsuite (branch prod/testsuite-base)');
    return 2;
  }
  const { bundleTs } = (await import(path.join(root, 'scripts/run-ts.mjs'))) as {
    bundleTs(file: string): Promise<string>;
  };
  const cli = words.includes('--source')
    ? await bundleTs(path.join(root, 'src/cli/main.ts'))
    : path.join(root, 'dist/cli.cjs');
  const mode = words.includes('--memory') ? 'copy' : words.includes('--overlay') ? 'overlay' : 'rw';
  const way = words.includes('--native')
    ? throughNative(await bundleTs(path.join(root, 'embed/node/wasi-tests/native-main.ts')))
    : throughCli(cli, mode);
  const programs = findPrograms(checkout).filter(({ name }) => name.includes(filter));
  let passed = 0;
  for (const program of programs) {
    const { failure } = runProgram(program, way);
    if (failure === undefined) passed++;
    else console.log(`FAIL ${program.suite}/${program.name}: ${failure}`);
  }
  console.log(`${passed} of ${programs.length} programs pass`);
  return passed === programs.length ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Not awaited here: main imports run-ts.mjs, which waits for this module.
  void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
