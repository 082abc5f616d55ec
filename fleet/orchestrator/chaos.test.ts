import { afterEach, describe, expect, it } from 'vitest';
import { Chaos, EXCLUSIVE } from '../testing/chaos';
import { TestFleet } from '../testing/fleet';
import { assemble, STATEFUL } from '../testing/modules';

/** What happens to the fleet while it is called: more of it with TSWASM_FLEET_CHAOS, and other things with TSWASM_FLEET_SEED. */
const EVENTS = Number(process.env['TSWASM_FLEET_CHAOS'] ?? 15);
const SEED = Number(process.env['TSWASM_FLEET_SEED'] ?? 7);

let fleet: TestFleet | undefined;
let chaos: Chaos | undefined;
afterEach(async ({ task }) => {
  const events = fleet?.events ?? chaos?.fleet.events;
  if (task.result?.state === 'fail') console.log(events?.slice(-80).join('\n'));
  await fleet?.close();
  await chaos?.close();
  fleet = chaos = undefined;
});

describe('a fleet in which things go wrong', () => {
  it(
    'loses and repeats no acknowledged answer, and never has two copies with effect',
    async () => {
      const own = new Chaos(SEED, ['one', 'two', EXCLUSIVE]);
      chaos = own;
      await own.open();
      for (let k = 0; k < EVENTS; k++) await own.mishap();
      await own.end();
      for (const [id, heard] of own.heard) {
        expect(heard).toEqual(heard.map((_, index) => index + 1));
        expect([...own.observer.book.get(id)!.values()]).toEqual(heard);
        const { device, epoch } = own.fleet.orchestrator.record(id);
        expect(own.copiesOf(id)).toEqual([`${device} ${epoch}`]);
      }
      expect(own.observer.faults).toEqual([]);
      if (EVENTS > 15)
        console.log(
          own.happened,
          [...own.heard].map(([id, { length }]) => `${id} ${length}`),
        );
    },
    300_000 + 30_000 * EVENTS,
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
