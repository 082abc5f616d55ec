/** The JS API tests of WebAssembly/spec (embed/node/js-api-tests) on pages, each file on its own, against tswasm's namespace. */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_NAMES } from '../../scripts/engines.mjs';
import { root } from '../../scripts/laws/files';
import {
  differences,
  type Expectation,
  type FileReport,
  matches,
  readExpectations,
  scriptsOf,
  testFiles,
  tswasmEngine,
  unique,
} from '../node/js-api-tests/harness';
import type { TestResult } from '../node/js-api-tests/shim';
import { browserOrNotice, startBrowser } from './tests/browsers';
import type { Browser } from './tests/page';
import { PageServer, SHARING } from './tests/server';

const tests = process.env['TSWASM_JS_API'] ?? path.join(root, '../peers/spec/test/js-api');
const present = existsSync(path.join(tests, 'wasm-module-builder.js'));
if (!present) console.warn(`SKIPPED: ${tests} is not test/js-api of WebAssembly/spec; set TSWASM_JS_API`);

const HERE = BROWSER_NAMES.flatMap((name) => {
  const program = browserOrNotice(name);
  return program === undefined ? [] : [{ name, program }];
});
/** Whether nothing of a file is there yet. */
const isWhole = (file: string, list: readonly Expectation[]) =>
  list.some((one) => one.name === '*' && matches(one.file, file));
/** They take minutes, and test sizes of modules, which no host has a part in. */
const SLOW = 'limits.any.js';

describe.skipIf(!present).each(HERE)('in $name', ({ name, program }) => {
  let folder: string;
  let server: PageServer;
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'js-api-pages-'));
    cpSync(tests, path.join(folder, 'js-api'), { recursive: true });
    writeFileSync(
      path.join(folder, 'engine.js'),
      `globalThis.WebAssembly = (() => {${tswasmEngine().replace(/;__tswasm\.WebAssembly$/, ';return __tswasm.WebAssembly')}})();`,
    );
    const begin = path.join(import.meta.dirname, 'tests/js-api-begin.ts');
    buildSync({ entryPoints: [begin], outfile: path.join(folder, 'begin.js'), bundle: true });
    writeFileSync(
      path.join(folder, 'end.js'),
      'harness.finished().then(() => { document.title = "done"; });',
    );
    server = await PageServer.start(folder, SHARING);
    browser = startBrowser(name, program);
  });
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  });

  async function report(file: string): Promise<FileReport> {
    const own = scriptsOf(tests, file).map((script) => `js-api/${script}`);
    const scripts = ['engine.js', 'begin.js', ...own, 'end.js'];
    const tags = scripts.map((script) => `<script src="${script}"></script>`);
    writeFileSync(path.join(folder, 'page.html'), `<!doctype html><meta charset="utf-8">${tags.join('\n')}`);
    const page = await browser.open(`${server.url}/page.html`);
    await page.titled('done');
    const results = JSON.parse(String(await page.evaluate('JSON.stringify(window.harness.results)')));
    return { file, results: unique(results as TestResult[]), milliseconds: 0 };
  }

  it('passes what Node passes', { timeout: 600_000 }, async () => {
    const reports: FileReport[] = [];
    const list = readExpectations(path.join(root, 'embed/node/js-api-tests/expected-failures.txt'));
    const files = testFiles(tests).filter((file) => file !== SLOW && !isWhole(file, list));
    for (const file of files) reports.push(await report(file));
    expect(differences(reports, list)).toEqual([]);
    expect(reports.flatMap(({ results }) => results).length).toBeGreaterThan(500);
  });
});
