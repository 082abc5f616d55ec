import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SOURCES } from './fleet/sources.mjs';

/** A file for vitest's JSON results; .ci/run counts the tests there. */
const results = process.env['TSWASM_TEST_RESULTS'];

/** The fleet imports `tswasm` as a user does; its tests run on the sources. */
const fleetOnSources = {
  name: 'fleet-on-sources',
  enforce: 'pre' as const,
  resolveId: (source: string, importer: string | undefined) =>
    importer?.includes('/fleet/') && Object.hasOwn(SOURCES, source)
      ? fileURLToPath(new URL(SOURCES[source], import.meta.url))
      : undefined,
};

export default defineConfig({
  plugins: [fleetOnSources],
  test: {
    include: ['src', 'embed', 'spec-tests', 'bench', 'scripts', 'examples', 'docs', 'fleet'].map(
      (d) => `${d}/**/*.test.ts`,
    ),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
