// The last line of .ci/run, from vitest's JSON results: "N passed, N failed, N skipped".
import { existsSync, readFileSync } from 'node:fs';

const [file] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log('the tests did not run\n0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, 'utf8'));
// A file that could not be loaded has failed, but counts no tests.
const broken = results.testResults.filter(
  (t) => t.status === 'failed' && t.assertionResults.length === 0,
).length;
const failed = results.numFailedTests + broken;
console.log(
  `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`,
);
process.exit(failed > 0 ? 1 : 0);
