/** The heavy runs, and what each needs that a machine may not have. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { locateTestsuite } from '../../spec-tests/locate.ts';
import { findEngine, findNodes, noEngine } from '../engines.mjs';
import { root } from '../laws/files.ts';
import type { Step } from './run.ts';

const script = (...args: string[]) => [process.execPath, 'scripts/run-ts.mjs', ...args];
/** Milliseconds that one test may take where it is given so much to do: vitest.config.ts allows five minutes. */
const TEST_TIMEOUT = 3_600_000;
const vitest = (...files: string[]) => [
  ...[process.execPath, 'node_modules/vitest/vitest.mjs', 'run', `--testTimeout=${TEST_TIMEOUT}`],
  ...files,
];

/** Every way in which the project runs a guest, and must come to the same. */
export const ENGINES = [
  'tswasm',
  'tswasm-full',
  'tswasm-step1',
  'tswasm-hot1',
  'mixed',
  'javascript',
  'javascript-mixed',
  'native',
  'native-mixed',
  'native-kept',
  'tiers3',
  'migrate1',
  'moves1',
];
/** Those that depend on the host's engine. */
export const ENGINES_ELSEWHERE = ['tswasm', 'javascript', 'native', 'native-mixed'];
/** Random modules for each engine: some 300 a minute where each safepoint is a snapshot, 2,000 elsewhere. */
const SEEDS: readonly (readonly [engine: string, seeds: number])[] = [
  ['tswasm', 20_000],
  ['tswasm-full', 20_000],
  ['tswasm-step1', 10_000],
  ['tswasm-hot1', 10_000],
  ['tswasm-hot2', 10_000],
  ['mixed', 5_000],
  ['javascript', 20_000],
  ['native', 20_000],
  ['native-mixed', 10_000],
  ['native-kept', 5_000],
  ['exact', 5_000],
  ['migrate1', 3_000],
];
/** Programs of binaryen's generator, some 250 a minute. */
const FOREIGN: readonly (readonly [engine: string, seeds: number])[] = [
  ['tswasm', 5_000],
  ['native', 5_000],
  ['javascript', 5_000],
  ['migrate1', 1_000],
];
const MUTANTS = 100_000;
const MUTATIONS = 100_000;
/** Stops that each of four programs makes while it travels: about an hour. */
const MOVES = 1000;

function noNodes(): string | undefined {
  return findNodes().length > 0 ? undefined : 'no other version of Node: TSWASM_NODES may name some';
}
function noSuite(): string | undefined {
  const suite = locateTestsuite();
  return 'missing' in suite ? `the official suite: ${suite.missing}` : undefined;
}

/** What the machine's owner names in a variable. */
function unnamed(variable: string, what: string): () => string | undefined {
  return () => {
    const place = process.env[variable];
    if (place === undefined || place === '') return `${variable} does not name ${what}`;
    const lost = place.split(path.delimiter).find((part) => !existsSync(part));
    return lost === undefined ? undefined : `${variable} names ${lost}, which does not exist`;
  };
}

function ownScripts(): string[] {
  const folder = 'spec-tests/own';
  const scripts = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.wast'));
  return scripts.map((name) => `${folder}/${name}`);
}

function suite(): Step[] {
  return ENGINES.flatMap((engine): Step[] => [
    {
      name: `official suite on ${engine}`,
      command: script('spec-tests/main.ts', '--engine', engine),
      missing: noSuite,
    },
    {
      name: `own scripts on ${engine}`,
      command: script('spec-tests/main.ts', '--engine', engine, ...ownScripts()),
    },
  ]);
}

/** Scripts whose values or control flow no other files have: vectors, and exceptions. */
const VECTORS_AND_EXCEPTIONS = ['simd_', 'relaxed', 'try_table', 'throw', 'tag.wast'];
/** The suite where nothing is compiled, and in QuickJS; there too each safepoint is a snapshot. */
function elsewhere(): Step[] {
  const suiteWith = (name: string, ...args: string[]): Step => ({
    name: `official suite ${name}`,
    command: script('spec-tests/main.ts', ...args),
    missing: noSuite,
  });
  return ['jitless', 'quickjs'].flatMap((host) => [
    suiteWith(`in ${host}`, '--host', host),
    suiteWith(`on migrate1 in ${host}`, '--host', host, '--engine', 'migrate1'),
    suiteWith(
      `of vectors and exceptions, each leg again in ${host}`,
      ...['--engine', `moves1-${host}`, ...VECTORS_AND_EXCEPTIONS],
    ),
  ]);
}

const noJsApi = unnamed('TSWASM_JS_API', 'the folder test/js-api of a checkout of WebAssembly/spec');
const noWasiSuite = unnamed('TSWASM_WASI_TESTSUITE', 'a checkout of WebAssembly/wasi-testsuite');
const noOnnx = unnamed('TSWASM_ONNXRUNTIME', 'a folder with onnxruntime-node and models');
const noQuickjs = unnamed('TSWASM_QJS', 'a native QuickJS');

/** Asked when the step before has tried to bring them. */
function noEngines(): string | undefined {
  const names = ['bun', 'deno', 'hermes'] as const;
  const missing = names.filter((name) => findEngine(name) === undefined).map(noEngine);
  return missing.length === names.length ? missing.join('; ') : undefined;
}

export const STEPS: readonly Step[] = [
  { name: 'build', command: [process.execPath, 'scripts/build.mjs', '--if-needed'] },
  ...suite(),
  ...elsewhere(),
  {
    name: 'official suite on the parts of tswasm.min.js',
    command: script('--small', 'spec-tests/main.ts'),
    missing: noSuite,
  },
  ...SEEDS.map(
    ([engine, seeds]): Step => ({
      name: `differential on ${engine}`,
      command: script('spec-tests/differential.ts', '--engine', engine, '--seeds', String(seeds)),
    }),
  ),
  ...FOREIGN.map(
    ([engine, seeds]): Step => ({
      name: `programs of wasm-opt on ${engine}`,
      command: script(
        ...['spec-tests/differential.ts', '--generator', 'wasm-opt'],
        ...['--engine', engine, '--seeds', String(seeds)],
      ),
    }),
  ),
  { name: 'hostile modules, each in a process of its own', command: script('scripts/check-full/hostile.ts') },
  { name: 'mutants', command: script('spec-tests/mutation.ts', '--count', String(MUTANTS)) },
  {
    name: 'damaged snapshots',
    command: vitest('src/snapshot'),
    env: { TSWASM_SNAPSHOT_MUTATIONS: String(MUTATIONS) },
  },
  {
    name: 'a fleet in which things go wrong',
    command: vitest('fleet/orchestrator'),
    env: {
      TSWASM_FLEET_CHAOS: '200',
      TSWASM_FLEET_SCHEDULES: '100000',
      TSWASM_FLEET_MUTATIONS: String(MUTATIONS),
    },
  },
  {
    name: 'a real model in a fleet of processes',
    command: vitest('fleet/cli/models.test.ts'),
    missing: noOnnx,
  },
  {
    name: "the papers' own orchestrator, unmodified, with our agents",
    command: vitest('fleet/papers/orchestrator.test.ts'),
    missing: unnamed(
      'TSWASM_PAPERS_ORCHESTRATOR',
      'a checkout of LiquidAI-project/wasmiot-orchestrator with the packages of its folder fileserv',
    ),
  },
  {
    name: "the papers' WASI programs on an agent",
    command: vitest('fleet/papers/programs.test.ts'),
    missing: unnamed('TSWASM_PAPERS_PROGRAMS', 'a checkout of LiquidAI-project/wasm-comparison'),
  },
  {
    name: 'packages on the drop-in namespace',
    command: vitest('embed/node/drop-in.test.ts'),
    env: { TSWASM_HEAVY: '1' },
  },
  {
    name: 'packages that move',
    command: vitest('embed/node/packages-move.test.ts'),
    env: { TSWASM_HEAVY: '1' },
  },
  {
    name: 'SQLite in the middle of a transaction',
    command: vitest('embed/node/moves.test.ts'),
    env: { TSWASM_HEAVY: '1' },
  },
  {
    name: 'deep recursion stopped everywhere, and a memory above 2 GiB',
    command: vitest('spec-tests/own/own.test.ts', 'src/snapshot/chunks.test.ts'),
    env: { TSWASM_HEAVY: '1' },
  },
  {
    name: 'a fleet on hosts of its own',
    command: vitest('fleet/cli/namespaces.test.ts'),
    env: { TSWASM_HEAVY: '1' },
  },
  {
    name: 'tests in another order',
    command: vitest('--project', 'core', '--project', 'compiler', '--project', 'api', '--project', 'fleet'),
    env: { TSWASM_TEST_ORDER: String(Math.floor(Date.now() / 86_400_000)) },
  },
  {
    name: 'NaNs in every tier',
    command: vitest('src/compiler/native/nans.test.ts'),
    env: { TSWASM_EXACT_SEEDS: '200' },
  },
  {
    name: 'real models on onnxruntime',
    command: vitest('embed/node/wasi-nn.test.ts'),
    missing: noOnnx,
  },
  {
    name: 'damaged modules',
    command: vitest('src/decoder/mutation.test.ts'),
    env: { TSWASM_MUTATIONS: String(MUTATIONS) },
  },
  {
    name: 'frames of the snapshot draft',
    command: vitest('src/snapshot/draft-frames.test.ts'),
    missing: unnamed('TSWASM_SNAPSHOT_DRAFT', "the folder test/snapshot of the draft's repository"),
  },
  {
    name: 'checker of the snapshot draft',
    command: vitest('src/snapshot/tool.test.ts'),
    missing: unnamed('TSWASM_SNAPSHOT_TOOL', "extra/snapshot-tool.py of the draft's repository"),
  },
  {
    name: 'bundles of vite, rollup and webpack',
    command: vitest('scripts/bundlers.test.ts'),
    env: { TSWASM_BUNDLERS: 'all' },
  },
  {
    name: 'JS API tests',
    command: vitest('embed/node/js-api-tests.test.ts'),
    missing: noJsApi,
  },
  ...(['native', 'javascript'] as const).map((tier) => ({
    name: `JS API tests in the ${tier} tier`,
    command: vitest('embed/node/js-api-tests.test.ts'),
    env: { TSWASM_JS_API_ENGINE: `embed/node/js-api-tests/${tier}-tier.ts` },
    missing: noJsApi,
  })),
  {
    name: 'JS API tests on pages',
    command: vitest('embed/browser/js-api.test.ts'),
    missing: noJsApi,
  },
  {
    name: 'JS API tests on tswasm.min.js',
    command: vitest('embed/node/js-api-tests.test.ts'),
    env: { TSWASM_JS_API_ENGINE: 'dist/tswasm.min.js' },
    missing: noJsApi,
  },
  {
    name: 'WASI test suite on Node',
    command: vitest('embed/node/wasi-testsuite.test.ts'),
    missing: noWasiSuite,
  },
  {
    name: 'WASI test suite in QuickJS',
    command: vitest('embed/quickjs/wasi.test.ts'),
    missing: noWasiSuite,
  },
  { name: 'Bun, Deno and Hermes from npm', command: [process.execPath, 'scripts/engines.mjs'] },
  {
    name: 'the package in Bun, Deno and Hermes, and programs that travel there',
    command: vitest('embed/engines', 'embed/quickjs/contract.test.ts', 'embed/quickjs/moves.test.ts'),
    missing: noEngines,
  },
  { name: 'everything in a native QuickJS', command: vitest('embed/quickjs'), missing: noQuickjs },
  { name: 'other versions of Node from npm', command: [process.execPath, 'scripts/engines.mjs', '--nodes'] },
  {
    name: 'register and fetch without a JIT on other versions of Node',
    command: vitest('embed/node/register.test.ts', 'src/cli/launcher.test.ts'),
    missing: noNodes,
  },
  {
    name: 'official suite on other versions of Node, in Bun and Deno, and on pages',
    command: script('scripts/check-full/elsewhere.ts'),
    missing: noSuite,
  },
  {
    name: 'all programs of the benchmarks',
    command: vitest('bench'),
    env: { TSWASM_KERNELS: 'all' },
  },
  {
    name: 'programs of clang that travel',
    command: vitest('embed/quickjs/clang.test.ts'),
    env: { TSWASM_MOVES: '100' },
  },
  {
    name: 'programs that travel',
    command: vitest('embed/quickjs/moves.test.ts'),
    env: { TSWASM_MOVES: String(MOVES) },
  },
];
