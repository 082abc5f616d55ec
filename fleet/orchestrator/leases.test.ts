import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import { LEASE } from '../protocol/reports';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER } from '../testing/modules';

let clock: TestClock;
let fleet: TestFleet;
beforeEach(async () => {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, ['ash', 'birch']);
  const module = await assemble(COUNTER);
  await fleet.deploy('x', module, { exclusive: true, device: 'ash' });
  await fleet.deploy('y', module, { device: 'ash' });
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const ash = () => fleet.agents.get('ash')!.agent;
const call = (id: string, key: string) =>
  fleet.orchestrator.call(id, { key, function: 'next', args: [] }).then(({ results }) => results![0]);
const callAt = (id: string, key: string) =>
  ash()
    .call(id, { key, function: 'next', args: [] })
    .then(({ results }) => results![0]);

describe('an exclusive execution', () => {
  it('stops when the orchestrator is away, where others go on, and goes on when it is back', async () => {
    expect([await call('x~main', 'a'), await call('y~main', 'a')]).toEqual([1, 1]);
    fleet.stopOrchestrator();
    await sleep(clock, 2 * LEASE);
    const heard: unknown[] = [];
    const waiting = callAt('x~main', 'b').then((value) => heard.push(value));
    // Not even what is known is told: somebody else may know more by now.
    const again = callAt('x~main', 'a').then((value) => heard.push(value));
    expect(await callAt('y~main', 'b')).toBe(2);
    await sleep(clock, 2 * LEASE);
    expect(heard).toEqual([]);
    expect(ash().execution('x~main').mayRun()).toBe(false);
    await fleet.startOrchestrator();
    await Promise.all([waiting, again]);
    expect(heard.sort()).toEqual([1, 2]);
    expect(fleet.orchestrator.record('x~main')).toMatchObject({ device: 'ash', epoch: 1 });
  });

  it('comes to another device only when the one that is cut off has stopped', async () => {
    expect(await call('x~main', 'a')).toBe(1);
    const before = ash().execution('x~main');
    fleet.network.cutLink('http://ash', 'http://orchestrator');
    fleet.network.cutLink('http://ash', 'http://birch');
    const { spec, ...record } = fleet.orchestrator.record('x~main');
    expect(record).toMatchObject({ device: 'ash' });
    await fleet.orchestrator.deploy({ id: 'x', executions: [{ ...spec, device: undefined }] });
    while (fleet.orchestrator.record('x~main').device !== 'birch') {
      // Whoever is next has not got it as long as this one may run.
      if (before.mayRun()) expect(fleet.agents.get('birch')!.agent.executions.has('x~main')).toBe(false);
      await sleep(clock, 20);
    }
    expect(before.mayRun()).toBe(false);
    expect(await call('x~main', 'b')).toBe(2);
    fleet.network.mend();
    await sleep(clock, LEASE);
    expect(ash().executions.has('x~main')).toBe(false);
  });

  it('moves, and has its lease there', async () => {
    await fleet.orchestrator.deploy({
      id: 'x',
      executions: [{ ...fleet.orchestrator.record('x~main').spec, device: undefined }],
    });
    expect(await call('x~main', 'a')).toBe(1);
    await fleet.orchestrator.move('x~main', 'birch');
    expect(await call('x~main', 'b')).toBe(2);
    expect(await call('x~main', 'a')).toBe(1);
  });
});

describe('a call of an execution', () => {
  it('is refused when the execution is elsewhere by now', async () => {
    const from = (name: string, id: string, epoch: number) =>
      fleet.agents.get(name)!.agent.options.client.raw({
        method: 'POST',
        url: `http://orchestrator/liquid/v1/executions/${encodeURIComponent('x~main')}/calls`,
        headers: { 'liquid-execution': id, 'liquid-epoch': String(epoch) },
        body: new TextEncoder().encode(JSON.stringify({ function: 'next', args: [] })),
      });
    expect((await from('ash', 'y~main', 1)).status).toBe(200);
    expect((await from('birch', 'y~main', 1)).status).toBe(409);
    expect((await from('ash', 'y~main', 2)).status).toBe(409);
    expect((await from('ash', 'nobody~main', 1)).status).toBe(404);
    expect((await from('ash', '', 1)).status).toBe(400);
    expect(await call('x~main', 'a')).toBe(2);
    const direct = await fleet.agents.get('birch')!.agent.options.client.raw({
      method: 'POST',
      url: `http://ash/liquid/v1/executions/${encodeURIComponent('x~main')}/calls`,
      body: new TextEncoder().encode(JSON.stringify({ function: 'next', args: [] })),
    });
    expect(direct.status).toBe(403);
  });
});
