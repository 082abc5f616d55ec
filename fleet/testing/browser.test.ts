import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, chromium } from './browser';

/** Is true on the page that follows the one that it is asked on first. */
const following = (then: string) =>
  `window.name === 'second' || new Promise(() => { window.name = 'second'; ${then} })`;

describe.skipIf(chromium === undefined)('Chromium, when a page goes elsewhere while it is asked', () => {
  let browser: Browser;
  beforeAll(() => {
    browser = new Browser();
  });
  afterAll(() => browser.close());

  it('asks what follows', async () => {
    await browser.open('about:blank', 300, 200);
    await browser.until(following('location.reload()'));
    expect(await browser.evaluate('window.name')).toBe('second');
  });

  it('fails by the name of the command where an answer is needed', async () => {
    await browser.open('about:blank', 300, 200);
    await expect(browser.evaluate(following('location.reload()'))).rejects.toThrow(/^Runtime.evaluate: /);
  });
});
