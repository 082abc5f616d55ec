/** Silence is a sign of death only while we could hear; and a report that is late says nothing of what came meanwhile. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER } from '../testing/modules';
import { Hearing } from './hearing';

let clock: TestClock;
let fleet: TestFleet;
beforeEach(async () => {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, ['ash', 'birch']);
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const away = () => fleet.events.filter((text) => text.endsWith(': is away'));
/** No message arrives until the result is called. */
function holdMessages(isHeld: (from: string, url: string) => boolean = () => true): () => void {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  fleet.network.intercept = async (from, { url }) => {
    if (isHeld(from, url)) await released;
    return undefined;
  };
  return () => {
    fleet.network.intercept = undefined;
    release();
  };
}
const probes = () =>
  fleet.network.requests.filter(
    ({ method, url }) => method === 'GET' && url === 'http://ash/liquid/v1/executions',
  );

describe('an orchestrator that was stopped for a while', () => {
  it('takes nobody to be dead because it heard nothing, and places at once', async () => {
    const release = holdMessages();
    clock.sleepMachine(30_000);
    await sleep(clock, 600);
    release();
    await fleet.deploy('x', await assemble(COUNTER));
    expect(fleet.orchestrator.record('x~main').device).toBeDefined();
    await sleep(clock, 3_000);
    expect(away()).toEqual([]);
  });

  it('takes a probe for nothing whose time ran out meanwhile', async () => {
    fleet.network.cutLink('http://ash', 'http://orchestrator');
    while (probes().length === 0) await sleep(clock, 50);
    clock.sleepMachine(5_000);
    fleet.network.mend();
    await sleep(clock, 3_000);
    expect(away()).toEqual([]);
  });

  it('notices still who is dead', async () => {
    fleet.kill('ash');
    clock.sleepMachine(5_000);
    while (fleet.orchestrator.isAlive('ash')) await sleep(clock, 50);
    expect(away()).toHaveLength(1);
    expect(fleet.orchestrator.isAlive('birch')).toBe(true);
  });
});

describe('a report that was made before an execution came', () => {
  it('does not take it away, however late the report is', async () => {
    const release = holdMessages((from) => from === 'http://ash');
    const reports = () => fleet.network.requests.filter(({ url }) => url.includes('/ash/heartbeat')).length;
    for (const before = reports(); reports() === before; ) await sleep(clock, 50);
    await fleet.deploy('x', await assemble(COUNTER), { device: 'ash' });
    await sleep(clock, 3_000);
    release();
    await sleep(clock, 3_000);
    expect(fleet.orchestrator.record('x~main')).toMatchObject({ device: 'ash', epoch: 1 });
  });

  it('but what a device has really lost goes on elsewhere, or there again', async () => {
    await fleet.deploy('x', await assemble(COUNTER), { device: 'ash' });
    const { agent } = fleet.agents.get('ash')!;
    await agent.remove('x~main');
    while (fleet.orchestrator.record('x~main').epoch === 1) await sleep(clock, 100);
    while (fleet.orchestrator.record('x~main').device === undefined) await sleep(clock, 100);
    const told = await fleet.orchestrator.call('x~main', { key: 'k', function: 'next', args: [] });
    expect(told.results).toEqual([1]);
  });
});

describe('the time that counts', () => {
  it('passes with the clock as long as ticks come, and hardly at all when none came', () => {
    let now = 0;
    const hearing = new Hearing({ now: () => now }, 200);
    const pass = (milliseconds: number) => {
      now += milliseconds;
      hearing.tick();
    };
    for (let k = 0; k < 10; k++) pass(200);
    expect(hearing.now()).toBe(2_000);
    const deaf = hearing.listen();
    pass(10_000);
    expect(hearing.now()).toBe(2_300);
    expect(deaf()).toBe(9_700);
    now += 100;
    expect(hearing.now()).toBe(2_400);
  });
});
