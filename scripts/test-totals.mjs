// The last line of .ci/run: "N passed, N failed, N skipped", from vitest's JSON results and from the names of the other checks that failed
// (lint, types, the package, its sizes), each of which counts as one failure: a run that fails never ends with "0 failed".
import { existsSync, readFileSync } from 'node:fs';

const [file, ...otherChecks] = process.argv.slice(2);
if (!existsSync(file)) {
  console.log('the tests did not run\n0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const results = JSON.parse(readFileSync(file, 'utf8'));
// A file that could not be loaded has failed, but counts no tests.
const broken = results.testResults.filter(
  (t) => t.status === 'failed' && t.assertionResults.length === 0,
).length;
for (const name of otherChecks) console.log(`failed: ${name}`);
const failed = results.numFailedTests + broken + otherChecks.length;
console.log(
  `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`,
);
process.exit(failed > 0 ? 1 : 0);
