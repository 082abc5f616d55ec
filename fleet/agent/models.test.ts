/** Guests that compute with models, on devices with a runtime and without. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { FactorBackend } from '../testing/models';
import { assemble, INFERRING } from '../testing/modules';

let clock: TestClock;
let fleet: TestFleet;
let keys = 0;
beforeEach(async () => {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, []);
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const X = 'x~main';
async function call(name: string, ...args: number[]) {
  const key = `k${keys++}`;
  const { results, failure } = await fleet.orchestrator.call(X, { key, function: name, args });
  return failure ?? results![0];
}
const deploy = async (more: Record<string, unknown> = {}) =>
  fleet.deploy('x', await assemble(INFERRING), { permissions: ['nn'], ...more });
async function started(names: readonly string[]): Promise<Record<string, FactorBackend>> {
  const backends: Record<string, FactorBackend> = {};
  for (const name of names) {
    backends[name] = new FactorBackend();
    await fleet.startAgent(name, [backends[name]]);
  }
  return backends;
}

describe('a guest with models', () => {
  it('goes to a device with a runtime, and moves between two computations to another one', async () => {
    await fleet.startAgent('plain');
    const { ash, birch } = await started(['ash', 'birch']);
    await deploy();
    const first = fleet.orchestrator.record(X).device!;
    expect(['ash', 'birch']).toContain(first);
    const [here, there] = first === 'ash' ? [ash, birch] : [birch, ash];
    expect([await call('open'), await call('put', 2), await call('compute')]).toEqual([0, 0, 0]);
    await fleet.orchestrator.move(X, first === 'ash' ? 'birch' : 'ash');
    // A computation that has ended is not made again.
    expect(await call('get')).toBe(6);
    expect([here.computes, there.computes]).toEqual([1, 0]);
    expect([await call('put', -1.5), await call('compute'), await call('get')]).toEqual([0, 0, -4.5]);
    expect([there.loads, there.computes]).toEqual([1, 1]);
  });

  it("borrows a neighbour's runtime, and another one when that is away", async () => {
    await fleet.startAgent('plain');
    const backends = await started(['ash', 'birch']);
    await deploy({ device: 'plain' });
    expect(fleet.orchestrator.record(X).device).toBe('plain');
    expect([await call('open'), await call('put', 7), await call('compute'), await call('get')]).toEqual([
      0, 0, 0, 21,
    ]);
    const lender = backends['ash'].computes > 0 ? 'ash' : 'birch';
    expect(backends[lender]).toMatchObject({ loads: 1, computes: 1 });
    await call('put', 8);
    await call('compute');
    // The model has gone there once.
    expect(backends[lender]).toMatchObject({ loads: 1, computes: 2 });
    fleet.kill(lender);
    expect([await call('put', 9), await call('compute'), await call('get')]).toEqual([0, 0, 27]);
    expect(backends[lender === 'ash' ? 'birch' : 'ash']).toMatchObject({ loads: 1, computes: 1 });
  });

  it('begins a computation again that was under way when its device died', async () => {
    const { ash, birch } = await started(['ash', 'birch']);
    await deploy({ device: 'ash' });
    await fleet.orchestrator.deploy({
      id: 'x',
      executions: [{ ...fleet.orchestrator.record(X).spec, device: undefined }],
    });
    expect([await call('open'), await call('put', 2)]).toEqual([0, 0]);
    let begun = 0;
    ash.before = () => {
      begun++;
      return new Promise(() => undefined);
    };
    const computed = call('compute');
    while (begun === 0) await sleep(clock, 20);
    fleet.kill('ash');
    expect(await computed).toBe(0);
    expect([await call('get'), ash.computes, birch.computes]).toEqual([6, 0, 1]);
  });

  it('waits while no device has a runtime, and needs the permission', async () => {
    await fleet.startAgent('plain');
    await deploy();
    expect(fleet.orchestrator.record(X).device).toBeUndefined();
    expect(fleet.events.join('\n')).toContain('plain: the device has no nn');
    await started(['ash']);
    while (fleet.orchestrator.record(X).device === undefined) await sleep(clock, 100);
    expect(await call('open')).toBe(0);
    await fleet.orchestrator.undeploy('x');
    await deploy({ permissions: [] });
    expect(fleet.events.join('\n')).toContain('"wasi_ephemeral_nn" "load"');
  });

  it('has its call fail when what runs models says so', async () => {
    const { ash } = await started(['ash']);
    await deploy();
    await call('open');
    ash.before = async () => {
      throw new Error('out of memory');
    };
    await call('put', 1);
    expect(await call('compute')).toBe(5);
    expect(fleet.events.join('\n')).toContain('a model: out of memory');
  });
});
