/** Orchestrators that share a store: processes, and Debian's nats-server. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectNats } from '../store/nats';
import { natsKey } from '../store/nats-database';
import { assemble, STATEFUL } from '../testing/modules';
import { hasNats, NatsServer } from '../testing/nats';
import { Processes, type Started } from '../testing/processes';

if (!hasNats)
  console.warn('SKIPPED: nats-server is not installed, so orchestrators that share a store are not tested');

describe.skipIf(!hasNats)('orchestrators that share a store', () => {
  let processes: Processes;
  let server: NatsServer;
  beforeEach(async () => {
    processes = new Processes();
    await processes.build();
    server = await NatsServer.make();
    return async () => {
      await processes.close();
      await server.close();
    };
  });

  const up = (name: string, port?: number) =>
    processes.up(name, port, ['--store', server.url, '--bus', 'none']);
  /** A line of a process that is there, or will be. */
  async function said({ lines }: Started, text: string, from = 0): Promise<void> {
    while (!lines.slice(from).some((line) => line.includes(text))) await sleep(20);
  }
  const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  /** Asks whoever leads until it is done. */
  async function ask(ups: readonly Started[], ...args: string[]): Promise<string> {
    for (let k = 0; ; k++)
      try {
        return (await processes.command(ups[k % ups.length], args, 'first')).text;
      } catch (error) {
        if (!/stands by|leads|does not answer|the store/.test((error as Error).message)) throw error;
        await sleep(100);
      }
  }
  function shareKeys(name: string): void {
    mkdirSync(path.join(processes.folder, name));
    for (const file of ['identity.json', 'operator.json'])
      copyFileSync(path.join(processes.folder, 'first', file), path.join(processes.folder, name, file));
  }
  async function agent(name: string, ups: readonly Started[]): Promise<Started> {
    const urls = ups.map(({ url }) => url).join(',');
    const data = path.join(processes.folder, name);
    const joining = ['--orchestrator', urls, '--token', await ask(ups, 'token'), '--bus', 'none'];
    return processes.start(['agent', '--name', name, '--data', data, ...joining]);
  }
  async function deploy(ups: readonly Started[]): Promise<void> {
    const file = path.join(processes.folder, 'stateful.wasm');
    writeFileSync(file, await assemble(STATEFUL));
    await ask(ups, 'push', file);
    await ask(ups, 'deploy', 'stateful', '--as', 's');
  }

  it('waits for the store, says so, and a restart of orchestrator or store loses nothing', async () => {
    let one = await up('first');
    await said(one, 'is not there yet, and is waited for');
    await server.start();
    await said(one, 'leads, with what is in');
    await agent('ash', [one]);
    await deploy([one]);
    const call = () => ask([one], 'exec', 's~main', 'fibo');
    expect([await call(), await call(), await call()]).toEqual(['1', '2', '3']);
    await processes.kill(one.process);
    one = await up('first', Number(new URL(one.url).port));
    expect(await call()).toBe('5');
    expect(await ask([one], 'exec', 's~main', 'fibo', '--key', 'k')).toBe('8');

    await server.kill();
    await said(one, 'is away, and is waited for');
    await said(one, 'leads no longer');
    await expect(processes.command(one, ['ps'], 'first')).rejects.toThrow('no orchestrator leads now');
    const from = one.lines.length;
    await server.start();
    await said(one, 'leads, with what is in', from);
    expect(await ask([one], 'exec', 's~main', 'fibo', '--key', 'k')).toBe('8');
    expect(await call()).toBe('13');
  });

  it('one goes on when the other is killed in the middle of a move', async () => {
    await server.start();
    const first = await up('first');
    await said(first, 'leads, with what is in');
    shareKeys('second');
    const second = await up('second');
    await said(second, `stands by: ${first.url} leads`);
    await expect(processes.command(second, ['ps'], 'first')).rejects.toThrow(`${first.url} leads`);
    let ups = [first, second];
    const agents: Record<string, Started> = {
      ash: await agent('ash', ups),
      birch: await agent('birch', ups),
    };
    await deploy(ups);
    const call = (key: string) => ask(ups, 'exec', 's~main', 'fibo', '--key', key);
    expect([await call('a'), await call('b'), await call('c')]).toEqual(['1', '2', '3']);

    const owner = ((await processes.command(first, ['ps'], 'first')).document as { device: string }[])[0]
      .device;
    const target = owner === 'ash' ? 'birch' : 'ash';
    // It takes nothing of what is sent to it, so the move is under way until it goes on.
    agents[target].process.kill('SIGSTOP');
    void processes.command(first, ['move', 's~main', target], 'first').catch(() => undefined);
    const store = await connectNats(server.url);
    const record = async () =>
      (await store.entries.get(natsKey('execution/s~main')))!.json<{ moving?: unknown }>();
    while ((await record()).moving === undefined) await sleep(5);
    await processes.kill(first.process);
    expect(await record()).toMatchObject({ device: owner, epoch: 1, lastEpoch: 2, moving: { to: target } });
    await store.close();
    agents[target].process.kill('SIGCONT');
    ups = [second];
    expect(await call('c')).toBe('3');
    expect(await call('d')).toBe('5');
    expect(await call('e')).toBe('8');
    await said(second, 'leads, with what is in');
    // The copy that has no effect ends.
    const having = async () =>
      (
        (await processes.command(second, ['devices'], 'first')).document as { executions: unknown[] }[]
      ).flatMap(({ executions }) => executions);
    while ((await having()).length !== 1) await sleep(50);
    expect(await call('f')).toBe('13');
  });

  it('leaves alone a fleet whose keys it has not', async () => {
    await server.start();
    const first = await up('first');
    await said(first, 'leads, with what is in');
    await processes.kill(first.process);
    const stranger = await up('stranger');
    await said(stranger, 'cannot lead: the fleet in');
    const again = await up('first');
    await said(again, 'leads, with what is in');
  });
});
