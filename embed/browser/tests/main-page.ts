/**
 * A page that answers lines as its script's `answer` does: node main-page.mjs BROWSER PROGRAM SCRIPT. A line in, a line out, until the input
 * ends. Text may be evaluated there, and the browser's own WebAssembly compile.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { BrowserName } from '../../../scripts/engines.mjs';
import { startBrowser } from './browsers';
import { EVALUATING, PageServer } from './server';

const HTML = '<!doctype html><meta charset="utf-8"><script type="module" src="start.js"></script>';
const START = `import { answer } from './main.js';
globalThis.answer = answer;
document.title = 'ready';`;

const [, , name, program, script] = process.argv;
const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-page-'));
writeFileSync(path.join(folder, 'index.html'), HTML);
writeFileSync(path.join(folder, 'start.js'), START);
copyFileSync(script, path.join(folder, 'main.js'));
const server = await PageServer.start(folder, EVALUATING);
const browser = startBrowser(name as BrowserName, program);
try {
  const page = await browser.open(`${server.url}/index.html`);
  await page.titled('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${await page.evaluate(`answer(${JSON.stringify(line)})`)}\n`);
  }
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
