/** The official suite on tswasm: one test a script. All in this one file, so that one worker loads the text parser once. */
import { readFileSync } from 'node:fs';
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
      if (results.length === scripts.length) console.log(showTotals(totals(results, expected)));
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
