/**
 * The JS API tests of the WebAssembly/spec repository on tswasm's namespace. Environment:
 * `TSWASM_JS_API`: the folder `test/js-api` of a checkout (else `../peers/spec` beside the project is looked for);
 * `TSWASM_JS_API_FILES`: a part of the file names, to run fewer; `TSWASM_JS_API_ENGINE`: `native` for the host's own namespace, for
 * comparison, or the path of a built file (`dist/tswasm.min.js`).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  differences,
  type Expectation,
  type FileReport,
  readExpectations,
  runFiles,
  testFiles,
  totals,
  tswasmEngine,
} from './js-api-tests/harness';

const root = process.env.TSWASM_JS_API ?? join(import.meta.dirname, '../../../peers/spec/test/js-api');
const engine = process.env.TSWASM_JS_API_ENGINE;
const native = engine === 'native';
const filter = process.env.TSWASM_JS_API_FILES ?? '';
const present = existsSync(join(root, 'wasm-module-builder.js'));

if (!present) {
  process.stderr.write(
    `SKIPPED: the JS API tests. ${root} is not test/js-api of WebAssembly/spec; set TSWASM_JS_API.`,
  );
}

const PASSES = 'pass: ';
/** The small bundle lacks what some of them use. */
function expectations(): Expectation[] {
  const listed = (name: string) => readExpectations(join(import.meta.dirname, 'js-api-tests', name));
  const all = listed('expected-failures.txt');
  if (engine === undefined || !engine.endsWith('.min.js')) return all;
  const others = listed('expected-of-min.txt');
  const passes = others.filter(({ file }) => file.startsWith(PASSES));
  const fails = (one: Expectation) =>
    !passes.some(({ file, name }) => file === PASSES + one.file && name === one.name);
  return [...all, ...others.filter((one) => !passes.includes(one))].filter(fails);
}

function printReport(reports: readonly FileReport[]): void {
  for (const report of reports) {
    const { passed, total } = totals([report]);
    const seconds = (report.milliseconds / 1000).toFixed(1);
    process.stdout.write(`${report.file}: ${passed} of ${total} (${seconds} s)\n`);
  }
  const { passed, total } = totals(reports);
  process.stdout.write(`JS API tests, ${native ? 'native' : 'tswasm'}: ${passed} of ${total} pass\n`);
}

it.skipIf(!present)(
  'passes the JS API tests except for the listed ones',
  async () => {
    const files = testFiles(root).filter((file) => file.includes(filter));
    const reports = await runFiles(root, files, native ? {} : { engine: tswasmEngine(engine) });
    printReport(reports);
    if (native) return;
    expect(differences(reports, expectations())).toEqual([]);
  },
  600_000,
);
