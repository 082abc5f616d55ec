/** What runs before a release, one after the other. */
import path from 'node:path';
import { locateTestsuite } from '../../spec-tests/locate.ts';
import type { Step } from '../check-full/run.ts';
import { root } from '../laws/files.ts';

/** Where `npm test` leaves its results when it is asked to (vitest.config.ts), and `.ci/run` asks. */
export const TEST_RESULTS = path.join(root, 'node_modules/.cache/tswasm-test-results.json');

const npm = (...args: string[]) => ['npm', 'run', '--silent', ...args];

/** Tests whose results are in files beside them. */
export const GOLDEN_TESTS = [
  'scripts/laws.test.ts',
  'src/cli/messages.test.ts',
  'src/lowering/lowering.test.ts',
];

const TESTS: Step = {
  name: 'tests',
  command: ['npm', 'test'],
  env: { TSWASM_TEST_RESULTS: TEST_RESULTS },
};

const ALWAYS: readonly Step[] = [
  { name: 'build', command: npm('build') },
  {
    name: 'golden files',
    command: [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...GOLDEN_TESTS],
    // A golden file that is missing or differs fails there; elsewhere vitest writes it.
    env: { CI: 'true' },
  },
  { name: 'package: attw and publint', command: npm('lint:package') },
  { name: 'sizes', command: npm('size') },
  {
    name: 'conformance',
    command: npm('spec'),
    missing: () => {
      const found = locateTestsuite();
      return 'missing' in found ? found.missing : undefined;
    },
  },
  { name: 'examples', command: [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', 'examples'] },
  { name: 'documentation, followed by users of the packed file', command: npm('trial') },
];

/** The tests are left out when they have passed on this commit. */
export function stepsAfter(withTests: boolean): readonly Step[] {
  return withTests ? [TESTS, ...ALWAYS] : ALWAYS;
}
