/** A device at the other end of a serial line, which loses what it likes, and whose cable is pulled. */
import { readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { sleep } from '../agent/world';
import { Cable, hasTerminals } from '../testing/cable';
import { bad } from '../testing/lines';
import { assemble, STATEFUL } from '../testing/modules';
import { Processes, type Started } from '../testing/processes';
import { findQjs, forgetQjs, guestsFile } from '../testing/quickjs';

describe.skipIf(!hasTerminals)('a QuickJS at the other end of a serial line', () => {
  const processes = new Processes();
  const device = path.join(processes.folder, 'tty');
  let engine: string;
  let cable: Cable | undefined;
  beforeAll(async () => {
    await processes.build();
    const [qjs] = await findQjs();
    engine = `${qjs} --std -m ${await guestsFile()} --line`;
  });
  afterAll(async () => {
    await cable?.pull();
    await processes.close();
    forgetQjs();
  });

  async function plug(seed: number): Promise<void> {
    cable = await Cable.plugged(engine, { there: bad(seed, 5_000), back: bad(seed + 1, 5_000) });
    rmSync(device, { force: true });
    symlinkSync(cable.device, device);
  }
  async function said({ lines }: Started, text: string, from = 0): Promise<void> {
    while (!lines.slice(from).some((line) => line.includes(text))) await sleep(nodeWorld, 20);
  }

  it('is a device that is gone when its cable is pulled, and comes back with what it had', async () => {
    await plug(1);
    const up = await processes.up();
    const line = ['--engine', 'quickjs', '--serial', device, '--baud', '115200'];
    const board = await processes.agent('board', up, [], 'orchestrator', line);
    const fleet = async (...args: string[]) => (await processes.command(up, args)).text;
    expect(await fleet('devices')).toMatch(/board +alive .*quickjs/);
    const file = path.join(processes.folder, 'stateful.wasm');
    writeFileSync(file, await assemble(STATEFUL));
    await fleet('push', file);
    await fleet('deploy', 'stateful', '--as', 's');
    const values = [];
    for (let k = 0; k < 4; k++) values.push(await fleet('exec', 's~main', 'fibo'));
    expect(values).toEqual(['1', '2', '3', '5']);

    const from = board.lines.length;
    await cable!.pull();
    await said(board, `out of reach: ${device}`, from);
    while (!/board +away/.test(await fleet('devices'))) await sleep(nodeWorld, 100);
    const answer = fleet('exec', 's~main', 'fibo');
    await plug(3);
    await said(board, 'listens on', from);
    expect(await answer).toBe('8');
    expect(await fleet('exec', 's~main', 'fibo')).toBe('13');
    expect(readdirSync(processes.folder)).toContain('tty');
  });

  it('is what the options say, or they are refused', async () => {
    const agent = (...args: string[]) => processes.run(['agent', '--name', 'x', ...args]);
    for (const [words, reason] of [
      [['--serial', device], '--qjs and --serial are for --engine quickjs'],
      [['--engine', 'quickjs', '--serial', device, '--qjs', 'q'], 'one of them'],
      [['--engine', 'quickjs', '--baud', '9600'], '--baud is for --serial'],
    ] as const)
      expect(await agent(...words)).toMatchObject({ code: 2, stderr: expect.stringContaining(reason) });
  });
});
