/** An answer that has been passed on outlasts its device, whoever its device could reach. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import { FleetError } from '../protocol/errors';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER } from '../testing/modules';

let clock: TestClock;
let fleet: TestFleet;
beforeEach(async () => {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, ['ash', 'birch', 'cedar']);
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const call = (key: string) =>
  fleet.orchestrator.call('x~main', { key, function: 'next', args: [] }).then(({ results }) => results![0]);
const deployOn = async (device: string, more: Record<string, unknown> = {}) => {
  await fleet.deploy('x', await assemble(COUNTER), { device, ...more });
  const { spec } = fleet.orchestrator.record('x~main');
  await fleet.orchestrator.deploy({ id: 'x', executions: [{ ...spec, device: undefined }] });
};
/** A device's copies come nowhere, or only where `may` says; all else does. */
function withhold(device: string, may: (url: string) => boolean = () => false): void {
  fleet.network.intercept = async (from, { url, method }) => {
    const isCopy = from === `http://${device}` && method === 'PUT' && url.includes('/checkpoints/');
    if (isCopy && !may(url)) throw new FleetError('unavailable', `${url} does not answer`);
    return undefined;
  };
}

describe('an acknowledged answer', () => {
  it('is not lost with a device that reached nobody who keeps copies', async () => {
    await deployOn('ash');
    expect(await call('a')).toBe(1);
    withhold('ash');
    expect([await call('b'), await call('c')]).toEqual([2, 3]);
    fleet.kill('ash');
    expect([await call('c'), await call('d')]).toEqual([3, 4]);
  });

  it('is not lost when its one copy is where the orchestrator does not come', async () => {
    await deployOn('ash');
    expect(await call('a')).toBe(1);
    // Its holders come with its reports.
    await sleep(clock, 1_000);
    withhold('ash', (url) => !url.startsWith('http://orchestrator'));
    fleet.network.cutLink('http://orchestrator', 'http://birch');
    fleet.network.cutLink('http://orchestrator', 'http://cedar');
    expect([await call('b'), await call('c')]).toEqual([2, 3]);
    const held = [...fleet.agents].filter(
      ([name, { agent }]) => name !== 'ash' && agent.copies.head('x~main'),
    );
    expect(held.length).toBeGreaterThan(0);
    // Those who have the copy stay away; a new device has none.
    await sleep(clock, 5_000);
    fleet.kill('ash');
    await fleet.startAgent('oak');
    expect([await call('c'), await call('d')]).toEqual([3, 4]);
    expect(fleet.orchestrator.record('x~main').device).toBe('oak');
  });

  it('is none before the state behind it can be had, and is the same answer then', async () => {
    await deployOn('ash');
    expect(await call('a')).toBe(1);
    withhold('ash');
    const only = fleet.network.intercept!;
    let shut = true;
    let asked = 0;
    fleet.network.intercept = async (from, request) => {
      if (request.url.endsWith('/snapshot')) {
        asked++;
        if (shut) throw new FleetError('unavailable', `${request.url} does not answer`);
      }
      return only(from, request);
    };
    const heard: unknown[] = [];
    const waiting = call('b').then((value) => heard.push(value));
    while (asked < 3) await sleep(clock, 100);
    expect(heard).toEqual([]);
    shut = false;
    await waiting;
    expect([heard, await call('c')]).toEqual([[2], 3]);
  });

  it('that was given before a move is not lost after it either', async () => {
    await deployOn('ash');
    withhold('ash');
    const { agent } = fleet.agents.get('ash')!;
    // Heard at the device itself, so that nobody has fetched the state.
    for (const key of ['z', 'a']) await agent.call('x~main', { key, function: 'next', args: [] });
    withhold('birch');
    await fleet.orchestrator.move('x~main', 'birch');
    expect(await call('a')).toBe(2);
    fleet.kill('birch');
    expect([await call('a'), await call('b')]).toEqual([2, 3]);
  });

  it('costs no more than it did where copies come through, and nothing where none are asked for', async () => {
    await deployOn('ash');
    for (const key of ['a', 'b', 'c']) await call(key);
    await deployOn('ash', { copies: 0 });
    withhold('ash');
    for (const key of ['d', 'e']) await call(key);
    expect(fleet.network.requests.filter(({ url }) => url.endsWith('/snapshot'))).toEqual([]);
  });

  it('comes from the next device soon, when nothing ends the connection to one that has died', async () => {
    await deployOn('ash');
    expect(await call('a')).toBe(1);
    await sleep(clock, 1_000);
    fleet.network.intercept = (from, { url }) =>
      from === 'http://ash' || url.startsWith('http://ash')
        ? new Promise(() => {})
        : Promise.resolve(undefined);
    const begun = clock.now();
    expect(await call('b')).toBe(2);
    expect(fleet.orchestrator.record('x~main').device).not.toBe('ash');
    // A try alone may take 30 s.
    expect(clock.now() - begun).toBeLessThan(6_000);
  });
});
