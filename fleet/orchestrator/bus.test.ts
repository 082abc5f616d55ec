/** What the bus tells comes at once, before a report by HTTP would; and what anybody may say on it does no harm. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import {
  readActual,
  readDesired,
  readTopic,
  signActual,
  signDesired,
  signEvent,
  TOPICS,
} from '../protocol/bus';
import { silenceFor } from '../protocol/reports';
import { TestBroker } from '../testing/bus';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER } from '../testing/modules';

let clock: TestClock;
let broker: TestBroker;
let fleet: TestFleet;
beforeEach(async () => {
  clock = new TestClock();
  broker = new TestBroker();
  fleet = await TestFleet.started(clock, ['ash', 'birch'], broker);
  await fleet.deploy('x', await assemble(COUNTER), { device: 'ash' });
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const X = 'x~main';
const call = (key: string) =>
  fleet.orchestrator.call(X, { key, function: 'next', args: [] }).then(({ results }) => results![0]);
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(clock, 1);
}
const event = (text: string, once: string) => ({ time: 1, text, once });
/** Frees an execution from its device, so that it may go elsewhere. */
const free = () =>
  fleet.orchestrator.deploy({
    id: 'x',
    executions: [{ ...fleet.orchestrator.record(X).spec, device: undefined }],
  });

describe('on the bus', () => {
  it('is what is wanted, and what is, for who comes later', async () => {
    const { trust } = fleet.agents.get('birch')!;
    await until(() => broker.retained.has(TOPICS.actual(X)));
    const wanted = () => readDesired(broker.retained.get(TOPICS.desired(X))!, trust);
    // First that it is to be somewhere, then where.
    while ((await wanted()).device === undefined) await sleep(clock, 10);
    expect(await wanted()).toEqual({ execution: X, epoch: 1, device: 'ash', wanted: 'running' });
    const told = await readActual(broker.retained.get(TOPICS.actual(X))!, trust);
    expect(told).toMatchObject({ source: 'ash', report: { id: X, epoch: 1, state: 'running' } });
    expect(broker.retained.get(TOPICS.presence('ash'))).toBe('online');
    await fleet.orchestrator.undeploy('x');
    await until(() => !broker.retained.has(TOPICS.desired(X)) && !broker.retained.has(TOPICS.actual(X)));
  });

  it('a device whose connection is lost is asked at once, and what it had goes on at the next look', async () => {
    await free();
    expect(await call('a')).toBe(1);
    const { seen } = fleet.orchestrator.devices.presence('ash');
    fleet.kill('ash');
    await until(() => !fleet.orchestrator.isAlive('ash'));
    // By then, nobody would have missed its reports.
    expect(clock.now() - seen).toBeLessThan(silenceFor(2));
    expect(await call('b')).toBe(2);
    expect(fleet.orchestrator.record(X).device).toBe('birch');
  });

  it('a device that is there stays, whoever says that it is not', async () => {
    for (let k = 0; k < 100; k++) broker.publish(TOPICS.presence('ash'), 'offline');
    broker.publish(TOPICS.presence('nobody'), 'offline');
    await sleep(clock, 400);
    expect(fleet.orchestrator.isAlive('ash')).toBe(true);
    expect(
      fleet.network.requests.filter(
        ({ method, url }) => method === 'GET' && url === 'http://ash/liquid/v1/executions',
      ),
    ).toHaveLength(1);
  });

  it('a copy that is superseded ends before its next report', async () => {
    fleet.network.cutLink('http://ash', 'http://orchestrator');
    while (fleet.orchestrator.isAlive('ash')) await sleep(clock, 100);
    await free();
    await until(() => !fleet.agents.get('ash')!.agent.executions.has(X));
    expect(fleet.orchestrator.record(X)).toMatchObject({ device: 'birch' });
  });

  it('a state that changes is known at once', async () => {
    await free();
    const { agent } = fleet.agents.get('ash')!;
    const seen = () => fleet.orchestrator.devices.presence('ash').executions.get(X)?.state;
    // Its reports do not come through.
    fleet.network.cutLink('http://ash', 'http://orchestrator');
    agent.execution(X).pause();
    await until(() => seen() === 'paused');
    agent.execution(X).resume();
    await until(() => seen() === 'running');
  });

  it('what has failed goes on, from its checkpoint', async () => {
    expect(await call('a')).toBe(1);
    const { agent } = fleet.agents.get('ash')!;
    const { epoch, ...report } = fleet.orchestrator.devices.presence('ash').executions.get(X)!;
    await agent.remove(X);
    const failed = { ...report, epoch, sequence: report.sequence + 9, state: 'failed' } as const;
    broker.publish(TOPICS.actual(X), await signActual(agent.options.identity, failed));
    await until(() => fleet.orchestrator.record(X).epoch > epoch);
    expect(fleet.events.filter((text) => text.includes('it has failed on ash'))).toHaveLength(1);
    expect(await call('b')).toBe(2);
  });

  it('lines of a log come to the orchestrator, each once', async () => {
    const { agent } = fleet.agents.get('ash')!;
    const signed = await signEvent(agent.options.identity, event('hello', 'one'));
    for (let k = 0; k < 3; k++) broker.publish(TOPICS.events('ash'), signed);
    await until(() => fleet.lines.length > 0);
    broker.publish(TOPICS.events('ash'), await signEvent(agent.options.identity, event('again', 'two')));
    await until(() => fleet.lines.length > 1);
    expect(fleet.lines).toEqual(['ash: hello', 'ash: again']);
  });

  it('nobody speaks for another, and nothing that is not signed counts', async () => {
    const identityOf = (name: string) => fleet.agents.get(name)!.agent.options.identity;
    const report = { ...fleet.orchestrator.devices.presence('ash').executions.get(X)!, sequence: 99 };
    const newer = { execution: X, epoch: 9, device: 'birch', wanted: 'running' } as const;
    const lies: [topic: string, text: string][] = [
      [TOPICS.events('ash'), await signEvent(identityOf('birch'), event('a lie', 'three'))],
      [TOPICS.events('ash'), 'a lie'],
      [TOPICS.actual('y~main'), await signActual(identityOf('ash'), { ...report, state: 'failed' })],
      [TOPICS.actual(X), JSON.stringify({ report })],
      [TOPICS.desired(X), await signDesired(identityOf('birch'), newer)],
      [TOPICS.desired(X), JSON.stringify(newer)],
      [TOPICS.desired(X), 'x.y.z'],
      ['tsw/executions/../desired', 'x'],
      [`${TOPICS.events('ash')}/more`, 'x'],
    ];
    for (const [topic, text] of lies) broker.publish(topic, text, true);
    // What is another's report of the same execution is about another device's copy.
    const foreign = await signActual(identityOf('birch'), { ...report, epoch: 7, state: 'failed' });
    broker.publish(TOPICS.actual(X), foreign);
    await sleep(clock, 3_000);
    expect(fleet.lines).toEqual([]);
    expect(fleet.orchestrator.record(X)).toMatchObject({ device: 'ash', epoch: 1 });
    expect(await call('z')).toBe(1);
    expect(fleet.events.filter((text) => text.includes('on the bus is refused'))).toHaveLength(1);
  });

  it('old words do no harm when somebody says them again', async () => {
    await free();
    const old = broker.told.filter(({ topic }) => topic.startsWith('tsw/executions/'));
    await fleet.orchestrator.move(X, 'birch');
    expect(await call('a')).toBe(1);
    for (const { topic, text } of old) broker.publish(topic, text, true);
    await sleep(clock, 3_000);
    expect(fleet.orchestrator.record(X)).toMatchObject({ device: 'birch', epoch: 2 });
    expect(await call('b')).toBe(2);
  });
});

describe('topics', () => {
  it('are read as they are written', () => {
    for (const kind of ['presence', 'desired', 'actual', 'events'] as const)
      for (const about of ['ash', 'x~main', 'a.b-c_1'])
        expect(readTopic(TOPICS[kind](about))).toEqual({ kind, about });
    for (const other of ['', 'tsw', 'tsw/devices//presence', 'tsw/devices/+/presence', 'tsw/events/', 'a/b'])
      expect(readTopic(other)).toBeUndefined();
  });
});
