import { defineConfig } from 'vitest/config';

/** A file for vitest's JSON results; .ci/run counts the tests there. */
const results = process.env['TSWASM_TEST_RESULTS'];

export default defineConfig({
  test: {
    include: ['src', 'embed', 'spec-tests', 'bench', 'scripts', 'examples', 'docs'].map(
      (d) => `${d}/**/*.test.ts`,
    ),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
