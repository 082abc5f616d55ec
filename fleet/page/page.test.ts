import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, chromium } from '../testing/browser';
import { assemble, STATEFUL } from '../testing/modules';
import { Processes } from '../testing/processes';

/** Where pictures go for somebody to look at. */
const pictures = process.env['TSWASM_FLEET_PICTURES'];

describe.skipIf(chromium === undefined)('the page in Chromium', () => {
  const processes = new Processes();
  let browser: Browser | undefined;
  beforeAll(() => processes.build());
  afterAll(async () => {
    await browser?.close();
    await processes.close();
  });

  it('shows the fleet, and moves an execution by a drag and by two taps on a phone', async () => {
    const up = await processes.up();
    await processes.agent('ash', up);
    await processes.agent('birch', up);
    const file = path.join(processes.folder, 'stateful.wasm');
    writeFileSync(file, await assemble(STATEFUL));
    await processes.command(up, ['push', file]);
    await processes.command(up, ['deploy', 'stateful', '--as', 's']);
    const call = async () => (await processes.command(up, ['exec', 's~main', 'fibo'])).text;
    expect([await call(), await call()]).toEqual(['1', '2']);
    browser = new Browser();
    const { text: link } = await processes.command(up, ['page']);
    await browser.open(link, 1100, 800);
    await browser.until(
      `document.querySelectorAll('.device').length === 2 && !!document.querySelector('.execution')`,
    );
    const owner = `document.querySelector('.execution')?.closest('.device')?.dataset.device`;
    const first = (await browser.evaluate(owner)) as string;
    const other = first === 'ash' ? 'birch' : 'ash';
    await browser.press('.execution', `[data-device=${other}]`);
    await browser.until(`${owner} === '${other}' && document.querySelectorAll('#moves tr').length === 1`);
    expect(await call()).toBe('3');
    if (pictures !== undefined) writeFileSync(path.join(pictures, 'page.png'), await browser.screenshot());

    await browser.resize(390, 844);
    await browser.press('.execution');
    await browser.until(`document.querySelector('.execution').getAttribute('aria-pressed') === 'true'`);
    await browser.press(`[data-device=${first}] header`);
    await browser.until(`${owner} === '${first}' && document.querySelectorAll('#moves tr').length === 2`);
    expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await call()).toBe('5');
    if (pictures !== undefined) writeFileSync(path.join(pictures, 'phone.png'), await browser.screenshot());

    // What changes while a finger is down is shown when it is up.
    await browser.press('.execution', undefined, async () => {
      await processes.command(up, ['deploy', 'stateful', '--as', 't']);
      await browser!.until(`document.getElementById('log').textContent.includes('t~main')`);
      expect(await browser!.evaluate(`document.querySelectorAll('.execution').length`)).toBe(1);
    });
    await browser.until(`document.querySelectorAll('.execution').length === 2`);
    await browser.until(
      `document.querySelector('[data-execution="s~main"]').getAttribute('aria-pressed') === 'true'`,
    );

    // The word in the link has counted once.
    await browser.evaluate('sessionStorage.clear()');
    await browser.open(link, 1100, 800);
    await browser.until(`document.getElementById('status').textContent.includes('not signed in')`);
    expect(await browser.evaluate(`document.querySelectorAll('.device').length`)).toBe(0);
  });
});
