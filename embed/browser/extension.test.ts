/**
 * The example extension (manifest version 3) in Chromium: its policy forbids evaluation and native WebAssembly, and a plug-in that Emscripten
 * made does not hang its page. TSWASM_SCREENSHOTS names a folder for pictures of what is seen.
 */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/laws/files';
import { Chromium, findChromium, type Page } from './tests/chromium';

const program = findChromium();
const min = path.join(root, 'dist/tswasm.min.js');
if (!existsSync(min)) console.warn('SKIPPED: there is no dist/tswasm.min.js: npm run build');

describe.skipIf(program === undefined || !existsSync(min))('the example extension', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'extension-'));
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    cpSync(path.join(root, 'examples/extension'), folder, { recursive: true });
    cpSync(min, path.join(folder, 'tswasm.min.js'));
    for (const name of ['sql-wasm-browser.js', 'sql-wasm-browser.wasm']) {
      cpSync(path.join(root, 'node_modules/sql.js/dist', name), path.join(folder, name));
    }
    chromium = new Chromium(program!);
    page = await chromium.open(`${await chromium.loadExtension(folder)}/page.html`);
  }, 120_000);

  afterAll(async () => {
    await chromium.close();
    rmSync(folder, { recursive: true });
  });

  it('stops a query without end, and the page has its turns', { timeout: 180_000 }, async () => {
    await page.titled('done');
    expect(await page.text('answer')).toBe('42, and afterwards: still here');
    expect(await page.text('stopped')).toBe('stopped 20 of 20 times');
    // Each call is followed by a turn at least.
    expect(Number.parseInt(String(await page.text('page')), 10)).toBeGreaterThan(20);
    const pictures = process.env['TSWASM_SCREENSHOTS'];
    if (pictures) writeFileSync(path.join(pictures, 'extension.png'), await page.screenshot());
  });

  it('could not have used what the policy forbids', { timeout: 60_000 }, async () => {
    // The protocol's own evaluation may do more than the page: so a script of the page is asked.
    const asked = `new Promise((resolve) => {
      addEventListener('securitypolicyviolation', ({ blockedURI }) => resolve(blockedURI));
      const script = document.createElement('script');
      script.textContent = '0';
      document.head.append(script);
    })`;
    expect(await page.evaluate(asked)).toBe('inline');
    expect(await page.evaluate('WebAssembly.Module.toString().includes("native code")')).toBe(false);
  });
});
