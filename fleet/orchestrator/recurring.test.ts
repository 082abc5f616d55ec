import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sleep } from '../agent/world';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER } from '../testing/modules';

let clock: TestClock;
let fleet: TestFleet;
beforeEach(async () => {
  clock = new TestClock();
  fleet = await TestFleet.started(clock, ['ash', 'birch']);
  await fleet.orchestrator.modules.push('counter', '1.0.0', await assemble(COUNTER));
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const deploy = (recurring?: unknown) =>
  fleet.orchestrator.deploy({
    id: 'x',
    executions: [{ name: 'main', module: 'counter', checkpoint: 'after-call' }],
    recurring,
  });
const every = (seconds: number) => [{ execution: 'main', function: 'next', every: seconds }];
let keys = 0;
/** How many calls there were before this one. */
const count = async () => {
  const { results } = await fleet.orchestrator.call('x~main', {
    key: `k${++keys}`,
    function: 'next',
    args: [],
  });
  return Number(results![0]) - 1;
};
const seconds = (so: number) => sleep(clock, so * 1000);
const isCall = (url: string) => url.endsWith('/executions/x~main/calls');

describe('a recurring call', () => {
  it('is made at its pace, wherever its execution is, until the deployment says something else', async () => {
    await deploy(every(10));
    await seconds(25);
    expect(await count()).toBe(2);
    const { device } = fleet.orchestrator.record('x~main');
    fleet.kill(device!);
    await seconds(20);
    expect(fleet.orchestrator.record('x~main').device).not.toBe(device);
    expect(await count()).toBe(2 + 1 + 2);
    await deploy(every(20));
    await seconds(15);
    expect(await count()).toBe(6);
    await deploy();
    await seconds(25);
    expect(await count()).toBe(7);
    await deploy(every(1));
    await fleet.orchestrator.undeploy('x');
    const { calls } = fleet.orchestrator.counts;
    await seconds(3);
    expect(fleet.orchestrator.counts.calls).toBe(calls);
    expect(await fleet.orchestrator.options.database.list('recurring/')).toEqual([]);
  });

  it('that was under way when the orchestrator ended is not made twice', async () => {
    await deploy(every(10));
    await new Promise<void>((resolve) => {
      fleet.network.observe = (from, { url }) => {
        if (from !== 'http://orchestrator' || !isCall(url)) return;
        // The agent has answered, and nobody has heard it.
        fleet.network.observe = undefined;
        fleet.stopOrchestrator();
        resolve();
      };
    });
    await seconds(25);
    await fleet.startOrchestrator();
    await seconds(5);
    // What was due meanwhile is not made up for.
    expect(await count()).toBe(1);
    await seconds(10);
    expect(await count()).toBe(3);
  });

  it('waits for the one before it, and those that were due meanwhile are left out', async () => {
    await deploy(every(10));
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    let waiting = 0;
    fleet.network.intercept = async (from, { url }) => {
      if (from !== 'http://orchestrator' || !isCall(url)) return undefined;
      waiting++;
      await held;
      return undefined;
    };
    await seconds(25);
    expect(waiting).toBe(1);
    fleet.network.intercept = undefined;
    open();
    await seconds(3);
    expect(await count()).toBe(2);
  });

  it('tells once what is the matter with it', async () => {
    await deploy([{ execution: 'main', function: 'nothing', every: 1 }]);
    await seconds(4);
    const told = fleet.events.filter((line) => line.includes('exports no function "nothing"'));
    expect(told).toHaveLength(1);
  });

  it('is of an execution that there is, and not made all the time', async () => {
    await expect(deploy([{ execution: 'other', function: 'next', every: 1 }])).rejects.toThrow(
      'deployment.recurring[0].execution: expected an execution of the deployment',
    );
    await expect(deploy(every(0.5))).rejects.toThrow('a number from 1 to');
  });
});
