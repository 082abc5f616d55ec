/** Which of several orchestrators leads, with Debian's nats-server. */
import { describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { sleep } from '../agent/world';
import { connectNats } from '../store/nats';
import { NatsDatabase } from '../store/nats-database';
import { hasNats, NatsServer } from '../testing/nats';
import { Leading } from './leading';

describe.skipIf(!hasNats)('the lead', () => {
  it('is lost by one whom another replaces before it has begun, and had again when that one is silent', async () => {
    const server = await NatsServer.make();
    await server.start();
    const other = await connectNats(server.url);
    const closed: number[] = [];
    let begun = 0;
    const leading = new Leading({
      clock: nodeWorld,
      store: connectNats(server.url),
      me: () => ({ url: 'http://me', authority: 'k' }),
      open: async (_, mine) => {
        const turn = ++begun;
        if (turn === 1) {
          const its = (await NatsDatabase.lead(other, { url: 'http://other', authority: 'k' }))!;
          // It is written after the other one, so it is noticed while this one begins.
          await its.put('x', 1);
          await mine.put('y', 1).catch(() => undefined);
        }
        return { close: async () => void closed.push(turn), turn };
      },
      log: () => undefined,
    });
    leading.start();
    while (leading.current === undefined) await sleep(nodeWorld, 20);
    expect([leading.current.turn, closed]).toEqual([2, [1]]);
    await leading.close();
    await other.close();
    await server.close();
  });

  it('is waited for by one that has been started again at its address, which names nobody meanwhile', async () => {
    const server = await NatsServer.make();
    await server.start();
    const before = await connectNats(server.url);
    const me = { url: 'http://me', authority: 'k' };
    await NatsDatabase.lead(before, me);
    const lines: string[] = [];
    const named: string[] = [];
    const leading: Leading<{ close(): Promise<void> }> = new Leading({
      clock: nodeWorld,
      store: connectNats(server.url),
      me: () => me,
      open: async () => ({ close: async () => undefined }),
      log: (text) => {
        lines.push(text);
        // What it answers from then on.
        queueMicrotask(() => named.push(leading.whoLeads));
      },
    });
    leading.start();
    while (leading.current === undefined) await sleep(nodeWorld, 20);
    expect(lines).toEqual([
      'waits: the last one to lead did so from here, at http://me',
      expect.stringMatching(/^leads, with what is in /),
    ]);
    expect(named[0]).toBe('no orchestrator leads now: try again');
    await leading.close();
    await before.close();
    await server.close();
  });
});
