/**
 * The official suite on tswasm: one test a script. All in this one file, so that one worker loads the text parser once. The totals are
 * printed, and written to the file that TSWASM_SUITE_TOTALS names: .ci/run shows them at its end.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tswasmEngine } from './engines/tswasm';
import { listScripts, locateTestsuite, missingNotice } from './locate';
import { readExpectedFailures, showTotals, totals, verdict } from './report';
import { type FileResult, runScript } from './runner';

const suite = locateTestsuite();
const expected = readExpectedFailures();

if ('missing' in suite) {
  console.warn(missingNotice(suite.missing));
  describe.skip('official suite', () => {
    it(`skipped: ${suite.missing}`, () => undefined);
  });
} else {
  const scripts = listScripts(suite.path);
  const results: FileResult[] = [];

  describe('official suite', () => {
    afterAll(() => {
      if (results.length !== scripts.length) return;
      const told = showTotals(totals(results, expected));
      console.log(told);
      const file = process.env['TSWASM_SUITE_TOTALS'];
      if (file) writeFileSync(file, `${told}\n`);
    });

    it('has every file that expected-failures.txt names', () => {
      expect([...expected.keys()].filter((file) => !scripts.includes(file))).toEqual([]);
    });

    it.each(scripts)('%s', async (name) => {
      const result = await runScript(tswasmEngine, name, readFileSync(path.join(suite.path, name), 'utf8'));
      results.push(result);
      const wrong = verdict(result, expected);
      if (wrong) expect.fail(wrong);
    });
  });
}
