/** Plain pages in Chromium: nothing is evaluated, and a plug-in that hangs does not hang its page. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/laws/files';
import { Chromium, findChromium } from './tests/chromium';
import { expectStopped, expectStrict, isBuilt, PAGE, picture, pluginPage } from './tests/plugin-page';
import { PageServer } from './tests/server';

const program = findChromium();

describe.skipIf(program === undefined || !isBuilt)("a page under script-src 'self'", () => {
  let folder: string;
  let chromium: Chromium;
  const servers: PageServer[] = [];

  async function open(served: string, file: string) {
    const server = await PageServer.start(served);
    servers.push(server);
    return chromium.open(`${server.url}/${file}`);
  }

  beforeAll(() => {
    folder = pluginPage();
    chromium = new Chromium(program!);
  });

  afterAll(async () => {
    await chromium.close();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  it('runs a program, and stops a loop without end', async () => {
    const page = await open(root, 'examples/browser/index.html');
    await page.titled('done');
    expect(await page.text('program')).toMatch(/\b29\b[\s\S]*exit code 0/);
    expect(await page.text('plugin')).toBe('stopped 50 times out of 50');
    expect(Number.parseInt(String(await page.text('page')), 10)).toBeGreaterThan(50);
    await picture(page, 'page');
  });

  it('stops a query without end in a plug-in that Emscripten made', async () => {
    const page = await open(folder, PAGE);
    await expectStopped(page);
    await expectStrict(page);
    await picture(page, 'plugin-page');
  });
});
