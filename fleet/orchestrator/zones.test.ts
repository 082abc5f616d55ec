import { afterEach, describe, expect, it } from 'vitest';
import { verified } from '../security/keys';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';
import { cards } from './cards';
import { decision } from './zones';

/** The papers' documents: which risk levels are allowed in which zones, and where devices are. */
const zones = (allowed: Readonly<Record<string, readonly string[]>>) => ({
  permission: Object.entries(allowed).map(([target, rightOperand]) => ({
    target,
    action: 'deploy',
    constraint: [{ leftOperand: 'zone', operator: 'isAnyOf', rightOperand }],
  })),
});
const node = (title: string, zone: string) => ({
  asset: [{ uid: `id-of-${title}`, title, relation: [{ type: 'memberOf', value: zone }] }],
});
const module = (target: string, risk: string, more: Readonly<Record<string, string>> = {}) => ({
  permission: [
    {
      target,
      action: 'run',
      constraint: Object.entries({ 'risk-level': risk, ...more }).map(([leftOperand, rightOperand]) => ({
        leftOperand,
        operator: 'eq',
        rightOperand,
      })),
    },
  ],
});
const source = (type: string, nodeid: string, risk: string) => ({
  asset: [
    {
      title: `the ${type}`,
      relation: Object.entries({ type, 'risk-level': risk, nodeid }).map(([key, value]) => ({
        type: key,
        value,
      })),
    },
  ],
});

let fleet: TestFleet;
afterEach(() => fleet?.close());

async function fleetOf(...names: string[]): Promise<TestFleet> {
  fleet = new TestFleet();
  await fleet.startOrchestrator();
  for (const name of names) await fleet.startAgent(name);
  return fleet;
}
const where = () => fleet.orchestrator.record('s~main');
const call = () =>
  fleet.orchestrator.call('s~main', { key: crypto.randomUUID(), function: 'fibo', args: [] });

describe('zones', () => {
  it('decide where an execution may be, and each decision is signed', async () => {
    const { orchestrator } = await fleetOf('ash', 'birch');
    await orchestrator.addCards(zones({ high: ['lab'], low: ['lab', 'street'] }));
    await orchestrator.addCards(node('ash', 'street'));
    await orchestrator.addCards(node('birch', 'lab'));
    await orchestrator.addCards(module('s', 'high'));
    await fleet.deploy('s', await assemble(STATEFUL));
    expect(where().device).toBe('birch');
    const before = where();
    await expect(orchestrator.move('s~main', 'ash')).rejects.toThrow(
      'zone street does not allow the risk level high',
    );
    expect(where()).toEqual({ ...before, lastEpoch: expect.any(Number) });
    expect(fleet.agents.get('ash')!.agent.executions.size).toBe(0);

    const all = await orchestrator.zones.certificates('s~main');
    expect(all.map((one) => [one.decision.device, one.decision.allowed])).toEqual([
      ['birch', true],
      ['ash', false],
    ]);
    const key = orchestrator.options.identity.signing;
    for (const one of all)
      expect(await verified(one.certificate, 'decision', key, decision)).toEqual(one.decision);
    const [head, , signature] = all[1].certificate.split('.');
    const forged = btoa(JSON.stringify({ ...all[1].decision, allowed: true })).replaceAll('=', '');
    await expect(verified(`${head}.${forged}.${signature}`, 'decision', key, decision)).rejects.toThrow();
  });

  it('let nothing run of which no card says anything, and nowhere of which none does', async () => {
    const { orchestrator } = await fleetOf('ash');
    await orchestrator.addCards(zones({ low: ['lab'] }));
    await fleet.deploy('s', await assemble(STATEFUL));
    expect(where().device).toBeUndefined();
    expect(fleet.events.join('\n')).toMatch('no card says how risky module s is');
    await orchestrator.addCards(module('s', 'low'));
    await orchestrator.heal('s~main', 'the test');
    expect(where().device).toBeUndefined();
    await orchestrator.addCards(node('ash', 'lab'));
    await orchestrator.heal('s~main', 'the test');
    expect(where().device).toBe('ash');
  });

  it('count what a module reads and gives', async () => {
    const { orchestrator } = await fleetOf('ash', 'birch');
    await orchestrator.addCards(zones({ high: ['lab'], low: ['lab', 'street'] }));
    for (const [name, zone] of Object.entries({ ash: 'street', birch: 'street' }))
      await orchestrator.addCards(node(name, zone));
    await orchestrator.addCards(module('s', 'low', { 'input-type': 'image', 'output-risk': 'inherit' }));
    await orchestrator.addCards(source('image', 'id-of-ash', 'high'));
    await orchestrator.addCards(source('image', 'id-of-birch', 'low'));
    await fleet.deploy('s', await assemble(STATEFUL));
    expect(where().device).toBe('birch');
    const { spec } = where();
    expect(orchestrator.zones.judge(spec, 'ash').reasons).toEqual([
      'zone street does not allow the risk level high',
    ]);
    expect(orchestrator.zones.judge({ ...spec, risk: 'secret' }, 'birch').reasons).toEqual([
      'zone street does not allow the risk level secret',
    ]);
    await orchestrator.addCards(module('s', 'low', { 'input-type': 'sound' }));
    expect(orchestrator.zones.judge(spec, 'birch').reasons).toEqual([
      'no card says how risky sound of birch is',
    ]);
  });

  it('that change send an execution elsewhere with its state, or let it stand still', async () => {
    const { orchestrator } = await fleetOf('ash', 'birch');
    await orchestrator.addCards(zones({ high: ['lab'] }));
    await orchestrator.addCards(node('ash', 'lab'));
    await orchestrator.addCards(node('birch', 'lab'));
    await orchestrator.addCards(module('s', 'high'));
    await fleet.deploy('s', await assemble(STATEFUL), { device: 'ash' });
    await fleet.deploy('s', await assemble(STATEFUL));
    expect((await call()).results).toEqual([1]);
    await orchestrator.addCards(node('ash', 'street'));
    expect(where().device).toBe('birch');
    expect((await call()).results).toEqual([2]);
    await orchestrator.addCards(node('birch', 'street'));
    expect(where()).toMatchObject({ device: 'birch', held: true });
    await expect(call()).rejects.toMatchObject({ code: 'forbidden' });
    expect(fleet.agents.get('birch')!.agent.execution('s~main').state.kind).toBe('paused');
    await orchestrator.addCards(zones({ high: ['street'] }));
    expect(where().held).toBe(false);
    expect((await call()).results).toEqual([3]);
  });

  it('count for a device that has been away when they changed, or is started again', async () => {
    const { orchestrator } = await fleetOf('ash');
    await orchestrator.addCards(zones({ low: ['lab'] }));
    await orchestrator.addCards(node('ash', 'lab'));
    await orchestrator.addCards(module('s', 'low'));
    await fleet.deploy('s', await assemble(STATEFUL));
    expect((await call()).results).toEqual([1]);
    fleet.kill('ash');
    orchestrator.devices.presence('ash').alive = false;
    await orchestrator.addCards(node('ash', 'street'));
    const here = () => fleet.agents.get('ash')!.agent.execution('s~main').state.kind;
    for (let k = 0; k < 2; k++) {
      await fleet.startAgent('ash');
      // It is told with its next report, if not with the first one.
      await expect.poll(here, { timeout: 300_000 }).toBe('paused');
      expect(where()).toMatchObject({ device: 'ash', held: true });
      if (k === 0) fleet.kill('ash');
    }
    await orchestrator.addCards(node('ash', 'lab'));
    expect((await call()).results).toEqual([2]);
  });

  it('allow nothing when their card is taken away, and count no more when there is none left', async () => {
    const { orchestrator } = await fleetOf('ash');
    await orchestrator.addCards(zones({ low: ['lab', 'street'] }));
    await orchestrator.addCards(node('ash', 'lab'));
    await orchestrator.addCards(module('s', 'low'));
    await fleet.deploy('s', await assemble(STATEFUL));
    expect((await call()).results).toEqual([1]);
    await orchestrator.removeCard('zone', 'lab');
    expect(where().held).toBe(true);
    await expect(orchestrator.removeCard('zone', 'lab')).rejects.toMatchObject({ code: 'not-found' });
    await orchestrator.removeCard('zone', 'street');
    expect(where().held).toBe(false);
    expect((await call()).results).toEqual([2]);
  });

  it('are remembered by an orchestrator that is started again', async () => {
    const { orchestrator } = await fleetOf('ash');
    await orchestrator.addCards(zones({ low: ['lab'] }));
    await orchestrator.addCards(node('ash', 'lab'));
    await orchestrator.addCards(source('image', 'id-of-ash', 'low'));
    await orchestrator.addCards(module('s', 'low'));
    const before = orchestrator.zones.list();
    fleet.stopOrchestrator();
    await fleet.startOrchestrator();
    expect(fleet.orchestrator.zones.list()).toEqual(expect.arrayContaining(before));
    expect(fleet.orchestrator.zones.list()).toHaveLength(before.length);
  });

  it('are told by nothing but cards', () => {
    const not: unknown[] = [
      {},
      [],
      null,
      'x',
      { asset: [{}] },
      { permission: [{ target: 'm', constraint: [] }] },
    ];
    not.push({ asset: [{ title: 'd', relation: [] }] }, { permission: [{ target: 1, constraint: [] }] });
    not.push({ asset: [{ relation: [{ type: 'risk-level', value: 'high' }] }] });
    for (const document of not)
      expect(() => cards(document, 'cards')).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});
