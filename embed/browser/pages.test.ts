/** Plain pages in the browsers that are here: nothing is evaluated, and a plug-in that hangs does not hang its page. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROWSER_NAMES } from '../../scripts/engines.mjs';
import { root } from '../../scripts/laws/files';
import { browserOrNotice, startBrowser } from './tests/browsers';
import type { Browser } from './tests/page';
import { expectStopped, expectStrict, isBuilt, PAGE, picture, pluginPage } from './tests/plugin-page';
import { PageServer } from './tests/server';

const HERE = BROWSER_NAMES.flatMap((name) => {
  const program = browserOrNotice(name);
  return program === undefined ? [] : [{ name, program }];
});

describe.skipIf(!isBuilt).each(HERE)("a page under script-src 'self' in $name", ({ name, program }) => {
  let folder: string;
  let browser: Browser;
  const servers: PageServer[] = [];

  async function open(served: string, file: string) {
    const server = await PageServer.start(served);
    servers.push(server);
    return browser.open(`${server.url}/${file}`);
  }

  beforeAll(() => {
    folder = pluginPage();
    browser = startBrowser(name, program);
  });

  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  it('runs a program, and stops a loop without end', async () => {
    const page = await open(root, 'examples/browser/index.html');
    await page.titled('done');
    expect(await page.text('program')).toMatch(/\b29\b[\s\S]*exit code 0/);
    expect(await page.text('plugin')).toBe('stopped 50 times out of 50');
    expect(Number.parseInt(String(await page.text('page')), 10)).toBeGreaterThan(50);
    await picture(page, `page-${name}`);
  });

  it('stops a query without end in a plug-in that Emscripten made', async () => {
    const page = await open(folder, PAGE);
    await expectStopped(page);
    await expectStrict(page);
    await picture(page, `plugin-page-${name}`);
  });
});
