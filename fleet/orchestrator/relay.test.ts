/** Devices that nobody reaches: what is for them is fetched, and what they send goes through the orchestrator. */
import { afterEach, describe, expect, it } from 'vitest';
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from '../protocol/frames';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL, writer } from '../testing/modules';
import { Relay } from './relay';

let clock: TestClock;
let fleet: TestFleet | undefined;
afterEach(async () => {
  await fleet?.close();
  clock?.stop();
  fleet = undefined;
});

async function started(...names: string[]): Promise<TestFleet> {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, names);
  return fleet;
}

const GET = { method: 'GET', url: '/x' } as const;
const OK = { status: 200, headers: { a: 'b' }, body: Uint8Array.of(1, 2) };

describe('a page that is a device', () => {
  it('takes executions from others and gives them back, with their state', async () => {
    const { orchestrator } = await started('ash');
    await fleet!.deploy('s', await assemble(STATEFUL), { checkpoint: 'after-call' });
    const call = async () => {
      const told = { key: crypto.randomUUID(), function: 'fibo', args: [] };
      return (await orchestrator.call('s~main', told)).results![0];
    };
    expect([await call(), await call()]).toEqual([1, 2]);
    await fleet!.startPage('page');
    for (const [to, next] of [
      ['page', 3],
      ['ash', 5],
      ['page', 8],
    ] as const) {
      await orchestrator.move('s~main', to);
      expect(orchestrator.record('s~main').device).toBe(to);
      expect(await call()).toBe(next);
    }
    // Whoever closes it takes nothing away.
    fleet!.kill('page');
    expect(await call()).toBe(13);
    expect(orchestrator.record('s~main').device).toBe('ash');
  });

  it('takes a guest in stages while that runs', async () => {
    const { orchestrator } = await started('ash');
    await fleet!.startPage('page');
    await fleet!.deploy('w', await assemble(writer(64)), { permissions: ['sys'] });
    const from = orchestrator.record('w~main').device!;
    const to = from === 'ash' ? 'page' : 'ash';
    const ask = (name: string, ...args: number[]) =>
      orchestrator.call('w~main', { key: crypto.randomUUID(), function: name, args });
    await ask('fill');
    const run = ask('run', 200, 4, 5);
    await orchestrator.move('w~main', to);
    await orchestrator.move('w~main', from);
    expect((await run).results).toEqual([800]);
    expect(orchestrator.moves.map(({ rounds }) => rounds > 1)).toEqual([true, true]);
  });

  it('may ask nobody through the orchestrator who is no device of its fleet', async () => {
    const all = await started('ash');
    await all.startPage('page');
    const { client } = all.agents.get('page')!.agent.options;
    await expect(client.json('GET', 'http://elsewhere/liquid/v1/executions')).rejects.toThrow(
      'no device of this fleet is at http://elsewhere',
    );
    expect(all.network.requests.some(({ url }) => url.startsWith('http://elsewhere'))).toBe(false);
  });

  it('is asked for members alone', async () => {
    const all = await started();
    await all.startPage('page');
    const url = 'http://orchestrator/via/page/liquid/v1/executions';
    const reply = await all.network.transport({ method: 'GET', url });
    expect(reply.status).toBe(401);
    expect(await all.operator.json('GET', url)).toEqual([]);
    await expect(
      all.operator.json('GET', 'http://orchestrator/via/other/liquid/v1/executions'),
    ).rejects.toThrow('other has not come to fetch what is for it');
  });
});

describe('the relay', () => {
  it('gives a request to one who asks, and the reply to who waits for it', async () => {
    clock = new TestClock();
    const relay = new Relay(clock);
    expect(() => relay.send('d', GET)).toThrow('d has not come to fetch what is for it');
    const asked = [relay.next('d'), relay.next('d')];
    const replies = [relay.send('d', GET), relay.send('d', { ...GET, url: '/y' })];
    const [x, y] = await Promise.all(asked);
    expect([x?.url, y?.url]).toEqual(['/x', '/y']);
    relay.reply('d', y!.number!, { ...OK, status: 201 });
    relay.reply('d', x!.number!, OK);
    relay.reply('d', x!.number!, { ...OK, status: 500 });
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 201]);
  });

  it('keeps a request for who asks a moment later, and forgets it when its time is over', async () => {
    clock = new TestClock();
    const relay = new Relay(clock);
    expect(await relay.next('d')).toBeUndefined();
    const late = relay.send('d', { ...GET, timeout: 100 });
    await expect(late).rejects.toThrow('d does not answer in time');
    const kept = relay.send('d', { ...GET, url: '/y' });
    const next = await relay.next('d');
    expect(next?.url).toBe('/y');
    relay.reply('d', next!.number!, OK);
    expect(await kept).toEqual(OK);
  });

  it('hands nothing to who has gone', async () => {
    clock = new TestClock();
    const relay = new Relay(clock);
    const gone = new AbortController();
    const first = relay.next('d', gone.signal);
    gone.abort();
    expect(await first).toBeUndefined();
    void relay.send('d', GET).catch(() => undefined);
    expect((await relay.next('d'))?.url).toBe('/x');
  });
});

describe('frames', () => {
  it.each([
    { ...GET },
    { ...GET, headers: { a: 'b' }, timeout: 7, number: 3 },
    { method: 'PUT', url: '/x', body: Uint8Array.of(1) } as const,
    { method: 'PUT', url: '/x', body: new Uint8Array(0) } as const,
  ])('hold the request %j', (request) => {
    expect(decodeRequest(encodeRequest(request))).toEqual(request);
  });
  it.each([
    ['a line break in a header', { ...OK, headers: { a: 'b\r\nc: d' } }],
    ['a name that is none', { ...OK, headers: { 'a b': 'c' } }],
    ['a status that ends nothing', { ...OK, status: 100 }],
  ])('do not hold %s', (_, reply) => {
    expect(() => decodeReply(encodeReply(reply))).toThrow('reply');
  });
  it('hold replies, and are refused when they are cut', () => {
    const bytes = encodeReply(OK);
    expect(decodeReply(bytes)).toEqual(OK);
    for (let length = 0; length < bytes.length - OK.body.length; length++)
      expect(() => decodeReply(bytes.subarray(0, length))).toThrow('the reply is shorter than it says');
  });
});
