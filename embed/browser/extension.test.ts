/**
 * The example extension (manifest version 3) in Chromium: its policy forbids evaluation and native WebAssembly, and a plug-in that Emscripten
 * made does not hang its page.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserOrNotice } from './tests/browsers';
import { Chromium } from './tests/chromium';
import type { Page } from './tests/page';
import { expectStopped, expectStrict, isBuilt, PAGE, picture, pluginPage } from './tests/plugin-page';

const program = browserOrNotice('chromium');

describe.skipIf(program === undefined || !isBuilt)('the example extension', () => {
  let folder: string;
  let chromium: Chromium;
  let page: Page;

  beforeAll(async () => {
    folder = pluginPage();
    chromium = new Chromium(program!);
    page = await chromium.open(`${await chromium.loadExtension(folder)}/${PAGE}`);
  });

  afterAll(async () => {
    await chromium.close();
    rmSync(folder, { recursive: true });
  });

  it('stops a query without end, and the page has its turns', async () => {
    await expectStopped(page);
    expect(await page.evaluate('location.protocol')).toBe('chrome-extension:');
    await picture(page, 'extension');
  });

  it('could not have used what the policy forbids', async () => {
    await expectStrict(page);
  });
});
