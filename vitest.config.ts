import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { SOURCES } from './fleet/sources.mjs';

/** A file for vitest's JSON results; .ci/run counts the tests there. */
const results = process.env['TSWASM_TEST_RESULTS'];

/** A word that puts the test files in another order: files that share modules must not depend on which of them ran before. */
const order = process.env['TSWASM_TEST_ORDER'];

/** What takes longest begins first, so that no worker is left alone with it at the end. */
const LONG = [
  'embed/node/moves.test.ts',
  'embed/quickjs/moves.test.ts',
  'bench/programs.test.ts',
  'spec-tests/own/own.test.ts',
  'spec-tests/moves.test.ts',
  'embed/node/drop-in.test.ts',
  'embed/quickjs/deterministic.test.ts',
  'spec-tests/tiers/suite.test.ts',
  'embed/node/vectors.test.ts',
  'src/cli/messages.test.ts',
  'scripts/laws/fixture-rows.test.ts',
  'scripts/types.test.ts',
  'spec-tests/differential/differential.test.ts',
  'examples/examples.test.ts',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    if (order !== undefined) {
      const key = ({ moduleId }: TestSpecification) =>
        createHash('sha1').update(`${order} ${moduleId}`).digest('hex');
      return [...files].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    }
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.endsWith(name));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/** The fleet imports `tswasm` as a user does; its tests run on the sources. */
const fleetOnSources = {
  name: 'fleet-on-sources',
  enforce: 'pre' as const,
  resolveId: (source: string, importer: string | undefined) =>
    importer?.includes('/fleet/') && Object.hasOwn(SOURCES, source)
      ? fileURLToPath(new URL(SOURCES[source], import.meta.url))
      : undefined,
};

const tests = (folders: readonly string[]) => folders.map((folder) => `${folder}/**/*.test.ts`);
/** Rooms whose tests leave nothing changed in what they import: the files of each project run on one set of modules, which are made once. */
const SHARED = {
  core: ['decoder', 'runtime', 'lowering', 'interpreter', 'snapshot', 'wasi'].map((room) => `src/${room}`),
  compiler: ['src/compiler'],
  api: ['src/js-api', 'src/wasi-nn', 'src/debug', 'spec-tests', 'bench'],
  /** All of these run on Node's entry. */
  fleet: ['fleet'],
  cli: ['src/cli'],
  /** They start programs and read files. */
  outside: ['docs', 'embed/browser', 'embed/engines', 'embed/quickjs', 'examples', 'scripts'],
};
/** It looks at how V8 has the fields of objects, which whatever runs in the same module changes. */
const ALONE = 'src/interpreter/factories.test.ts';
const ALL = ['src', 'embed', 'spec-tests', 'bench', 'scripts', 'examples', 'docs', 'fleet'];

export default defineConfig({
  plugins: [fleetOnSources],
  test: {
    projects: [
      // Each file with modules of its own takes a fifth longer.
      ...Object.entries(SHARED).map(([name, rooms]) => ({
        extends: true as const,
        test: { name, include: tests(rooms), exclude: [ALONE], isolate: false },
      })),
      { extends: true, test: { name: 'alone', include: [ALONE] } },
      {
        extends: true,
        test: { name: 'all', include: tests(ALL), exclude: tests(Object.values(SHARED).flat()) },
      },
    ],
    // vitest leaves one processor free, which of two is half. Many tests only wait for programs that they have started.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFirst },
    // What one project has transformed is there for the next one.
    experimental: { fsModuleCache: true },
    // They end what hangs, and measure nothing: a machine that does much else at once is waited for.
    testTimeout: 300_000,
    // Runs of the command leave nothing behind for each other, and nothing with who runs the tests.
    env: { TSWASM_CACHE: 'off' },
    hookTimeout: 300_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
