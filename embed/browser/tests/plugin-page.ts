/** The folder of examples/extension with what it wants beside it: a page whose plug-in (SQLite) Emscripten made. */
import { cpSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { root } from '../../../scripts/laws/files';
import type { Page } from './page';

const MIN = path.join(root, 'dist/tswasm.min.js');
/** TSWASM_PAGE_STOPS: how often a query without end is stopped on each page. */
const STOPS = Number(process.env['TSWASM_PAGE_STOPS'] ?? 20);
export const PAGE = `page.html?times=${STOPS}`;
export const isBuilt = existsSync(MIN);
if (!isBuilt) console.warn('SKIPPED: there is no dist/tswasm.min.js: npm run build');

/** A new folder, which the caller removes. */
export function pluginPage(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'plugin-page-'));
  cpSync(path.join(root, 'examples/extension'), folder, { recursive: true });
  cpSync(MIN, path.join(folder, 'tswasm.min.js'));
  for (const name of ['sql-wasm-browser.js', 'sql-wasm-browser.wasm']) {
    cpSync(path.join(root, 'node_modules/sql.js/dist', name), path.join(folder, name));
  }
  return folder;
}

/** What the page shows when the endless query was stopped each time, and the page had its turns. */
export async function expectStopped(page: Page): Promise<void> {
  await page.titled('done');
  expect(await page.text('answer')).toBe('42, and afterwards: still here');
  expect(await page.text('stopped')).toBe(`stopped ${STOPS} of ${STOPS} times`);
  // Each has been followed by a turn.
  expect(Number.parseInt(String(await page.text('page')), 10)).toBe(STOPS);
}

/** A script that tells whether the policy lets a script stand in the page. The protocol's own evaluation may do more. */
const INLINE = `new Promise((resolve) => {
  addEventListener('securitypolicyviolation', ({ blockedURI }) => resolve(blockedURI));
  const script = document.createElement('script');
  script.textContent = '0';
  document.head.append(script);
})`;

export async function expectStrict(page: Page): Promise<void> {
  expect(await page.evaluate(INLINE)).toBe('inline');
  expect(await page.evaluate('window.WebAssembly.Module.toString().includes("native code")')).toBe(false);
}

/** TSWASM_SCREENSHOTS names a folder for pictures of what is seen. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['TSWASM_SCREENSHOTS'];
  if (!folder) return;
  console.log(name, await page.text('page'));
  writeFileSync(path.join(folder, `${name}.png`), await page.screenshot());
}
