import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, chromium } from '../testing/browser';
import { assemble, STATEFUL, writer } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';

/** Where pictures go for somebody to look at. */
const pictures = process.env['TSWASM_FLEET_PICTURES'];

describe.skipIf(chromium === undefined)('a page of Chromium as a device', () => {
  const processes = new Processes();
  let browser: Browser | undefined;
  let up: Started;
  beforeAll(() => processes.build());
  afterAll(async () => {
    await browser?.close();
    await processes.close();
  });

  const ask = async (...args: string[]) => (await processes.command(up, args)).document;
  const text = async (...args: string[]) => (await processes.command(up, args)).text;
  async function deployed(name: string, wasm: Uint8Array, more: Record<string, unknown>): Promise<void> {
    const file = path.join(processes.folder, `${name}.wasm`);
    writeFileSync(file, wasm);
    await ask('push', file);
    const deployment = path.join(processes.folder, `${name}.json`);
    const execution = { name: 'main', module: name, ...more };
    writeFileSync(deployment, JSON.stringify({ id: name, executions: [execution] }));
    await ask('deploy', deployment);
  }

  it('gets running code from Node and gives it back, and what it had goes on when it is closed', async () => {
    up = await processes.up();
    await processes.agent('ash', up);
    await deployed('s', await assemble(STATEFUL), { checkpoint: 'after-call' });
    await deployed('w', await assemble(writer(64)), { permissions: ['sys'], checkpoint: 'never' });
    const call = () => text('exec', 's~main', 'fibo');
    expect([await call(), await call()]).toEqual(['1', '2']);
    await ask('exec', 'w~main', 'fill');

    browser = new Browser();
    const { text: link } = await processes.command(up, ['page']);
    await browser.open(link, 1100, 800);
    await browser.until(`document.querySelectorAll('.execution').length === 2`);
    // The button opens a page of its own; here that takes the place of this one.
    await browser.evaluate(`window.open = () => ({ location, close() {} })`);
    await browser.press('#join');
    await browser.until(`document.body.dataset.running !== undefined`);
    const name = (await browser.evaluate('document.body.dataset.running')) as string;

    for (const [to, next] of [
      [name, '3'],
      ['ash', '5'],
      [name, '8'],
    ]) {
      await ask('move', 's~main', to);
      expect(await call()).toBe(next);
    }
    // One that computes all the time is not disturbed: it traps when anything that it has written is not there.
    const run = ask('exec', 'w~main', 'run', '100', '4', '10');
    await ask('move', 'w~main', name);
    await ask('move', 'w~main', 'ash');
    await ask('move', 'w~main', name);
    expect(await run).toMatchObject({ results: [400] });
    await browser.until(`document.querySelectorAll('#executions tr').length === 2`);
    if (pictures !== undefined) writeFileSync(path.join(pictures, 'device.png'), await browser.screenshot());

    await browser.close();
    browser = undefined;
    expect(await call()).toBe('13');
  });
});
