import { afterEach, describe, expect, it } from 'vitest';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';

/** What happens to the fleet while it is called: more of it with TSWASM_FLEET_CHAOS. */
const EVENTS = Number(process.env['TSWASM_FLEET_CHAOS'] ?? 4);
const NAMES = ['ash', 'birch', 'cedar'];

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

let fleet: TestFleet | undefined;
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(fleet?.events.slice(-60).join('\n'));
  return fleet?.close();
});

describe('a fleet in which things go wrong', () => {
  it(
    'loses and repeats no acknowledged answer over kills, moves, and restarts of everybody',
    async () => {
      const own = new TestFleet();
      fleet = own;
      await own.startOrchestrator();
      for (const name of NAMES) await own.startAgent(name);
      await own.deploy('s', await assemble(STATEFUL));
      const heard: number[] = [];
      let stop = false;
      const caller = (async () => {
        for (let k = 0; !stop || k < 10; k++) {
          const answer = await own.orchestrator.call('s~main', { key: `k${k}`, function: 'fibo', args: [] });
          expect(answer.failure).toBeUndefined();
          heard.push(Number(answer.results![0]));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      const random = generator(7);
      const owner = () => own.orchestrator.record('s~main').device;
      for (let k = 0; k < EVENTS; k++) {
        const before = heard.length;
        const name = owner() ?? NAMES[random(3)];
        const what = random(3);
        if (what === 0) {
          own.kill(name);
          while (owner() === name || owner() === undefined)
            await new Promise((resolve) => setTimeout(resolve, 20));
          await own.startAgent(name);
        } else if (what === 1) {
          const other = NAMES.filter((one) => one !== name)[random(2)];
          await own.orchestrator.move('s~main', other);
        } else {
          const order = own.operator.json(
            'POST',
            `http://orchestrator/liquid/v1/executions/${encodeURIComponent('s~main')}/move`,
            {
              device: NAMES.filter((one) => one !== name)[random(2)],
            },
          );
          own.kill(name);
          await order.catch(() => undefined);
          await own.startAgent(name);
        }
        while (heard.length < before + 2) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      stop = true;
      await caller;
      let [a, b] = [1, 1];
      const expected = heard.map(() => {
        [a, b] = [b, (a + b) | 0];
        return a;
      });
      expect(heard).toEqual(expected);
      const holders = [...own.agents.values()].filter(({ agent }) => {
        const execution = agent.executions.get('s~main');
        return (
          execution?.state.kind === 'running' && execution.epoch === own.orchestrator.record('s~main').epoch
        );
      });
      expect(holders).toHaveLength(1);
    },
    60_000 + 30_000 * EVENTS,
  );

  it('goes on without its orchestrator, which comes back and knows all', async () => {
    const own = new TestFleet();
    fleet = own;
    await own.startOrchestrator();
    await own.startAgent('ash');
    await own.deploy('s', await assemble(STATEFUL));
    const { agent } = own.agents.get('ash')!;
    const call = async (key: string) =>
      (await agent.call('s~main', { key, function: 'fibo', args: [] })).results![0];
    expect(await call('a')).toBe(1);
    own.stopOrchestrator();
    expect([await call('b'), await call('c'), await call('b')]).toEqual([2, 3, 2]);
    await own.startOrchestrator();
    const answer = await own.orchestrator.call('s~main', { key: 'd', function: 'fibo', args: [] });
    expect(answer.results).toEqual([5]);
    expect(own.orchestrator.record('s~main')).toMatchObject({ device: 'ash', epoch: 1 });
  });
});
