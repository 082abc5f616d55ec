/** A move of which nobody knows how it has ended: the one copy that goes on has an epoch above both. */
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
  fleet = await TestFleet.started(clock, ['ash', 'birch']);
  await fleet.deploy('x', await assemble(COUNTER), { device: 'ash' });
  const { spec } = fleet.orchestrator.record('x~main');
  await fleet.orchestrator.deploy({ id: 'x', executions: [{ ...spec, device: undefined }] });
});
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

const call = (key: string) =>
  fleet.orchestrator.call('x~main', { key, function: 'next', args: [] }).then(({ results }) => results![0]);
const isLast = (url: string, method: string) =>
  method === 'POST' && url === 'http://birch/liquid/v1/executions';

/** Birch takes the last stage, or does not hear of it, and nobody reaches it from then on. */
function cutAtTheLastStage(arrives: boolean): void {
  const cut = () => {
    fleet.network.cutLink('http://birch', 'http://ash');
    fleet.network.cutLink('http://birch', 'http://orchestrator');
  };
  if (arrives)
    fleet.network.observe = (_, { url, method }) => {
      if (isLast(url, method)) cut();
    };
  else
    fleet.network.intercept = async (_, { url, method }) => {
      if (!isLast(url, method)) return undefined;
      cut();
      return new Promise<never>(() => undefined);
    };
}

describe('a move whose target is out of reach at its end', () => {
  for (const arrives of [true, false])
    it(`leaves one copy that counts, whether it has ${arrives ? '' : 'not '}come there`, async () => {
      expect([await call('a'), await call('b')]).toEqual([1, 2]);
      cutAtTheLastStage(arrives);
      await expect(fleet.orchestrator.move('x~main', 'birch')).rejects.toMatchObject({ code: 'unavailable' });
      expect([await call('c'), await call('d')]).toEqual([3, 4]);
      const during = fleet.orchestrator.record('x~main');
      expect([during.device, during.moving]).toEqual(['ash', undefined]);
      const there = () => fleet.agents.get('birch')!.agent.executions.get('x~main');
      expect(there()?.epoch).toBe(arrives ? during.epoch - 1 : undefined);
      fleet.network.observe = fleet.network.intercept = undefined;
      fleet.network.mend();
      // What birch has is taken away when it comes back; and its checkpoints replace nothing.
      await sleep(clock, 10_000);
      expect(there()).toBeUndefined();
      expect([await call('e'), await call('d')]).toEqual([5, 4]);
      fleet.kill('ash');
      expect([await call('e'), await call('f')]).toEqual([5, 6]);
    });

  it('is waited for no longer than until it is taken to be away', async () => {
    await call('a');
    cutAtTheLastStage(true);
    const start = clock.now();
    await fleet.orchestrator.move('x~main', 'birch').catch(() => undefined);
    expect(await call('b')).toBe(2);
    expect(clock.now() - start).toBeLessThan(20_000);
  });

  it('is settled after a restart of the orchestrator in the middle, too', async () => {
    expect(await call('a')).toBe(1);
    cutAtTheLastStage(true);
    const move = fleet.orchestrator.move('x~main', 'birch').catch(() => undefined);
    while (!fleet.agents.get('birch')!.agent.executions.has('x~main')) await clock.turn();
    fleet.stopOrchestrator();
    await fleet.startOrchestrator();
    await move;
    expect([await call('b'), await call('c')]).toEqual([2, 3]);
    fleet.network.observe = undefined;
    fleet.network.mend();
    await sleep(clock, 10_000);
    expect([await call('d'), await call('b')]).toEqual([4, 2]);
    const { device, epoch } = fleet.orchestrator.record('x~main');
    const copies = [...fleet.agents].flatMap(([name, { agent }]) => {
      const execution = agent.executions.get('x~main');
      return execution?.state.kind === 'running' ? [`${name} ${execution.epoch}`] : [];
    });
    expect(copies).toEqual([`${device} ${epoch}`]);
  });
});

describe('a source that dies and comes back while its last stage is on its way', () => {
  it('answers nothing before it knows that the stage will not be taken', async () => {
    expect([await call('a'), await call('b')]).toEqual([1, 2]);
    let release: (() => void) | undefined;
    fleet.network.intercept = async (_, { url, method }) => {
      if (isLast(url, method))
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      // Nor can it ask.
      if (url.endsWith('/refuse')) throw new FleetError('unavailable', 'birch does not answer');
      return undefined;
    };
    const move = fleet.orchestrator.move('x~main', 'birch').catch(() => undefined);
    while (release === undefined) await clock.turn();
    fleet.kill('ash');
    const ash = await fleet.startAgent('ash');
    expect(ash.execution('x~main').state.kind).toBe('leaving');
    fleet.network.intercept = undefined;
    release();
    await move;
    expect([await call('c'), await call('d')]).toEqual([3, 4]);
    await sleep(clock, 10_000);
    const { device } = fleet.orchestrator.record('x~main');
    fleet.kill(device!);
    expect([await call('d'), await call('e')]).toEqual([4, 5]);
  });
});

describe('what is deployed again in the middle of a move', () => {
  it('does not forget that it is moving', async () => {
    expect(await call('a')).toBe(1);
    cutAtTheLastStage(true);
    const move = fleet.orchestrator.move('x~main', 'birch').catch(() => undefined);
    while (fleet.orchestrator.record('x~main').moving === undefined) await clock.turn();
    const { spec } = fleet.orchestrator.record('x~main');
    await fleet.orchestrator.deploy({ id: 'x', executions: [spec] });
    await move;
    expect([await call('b'), await call('c')]).toEqual([2, 3]);
    fleet.network.observe = undefined;
    fleet.network.mend();
    await sleep(clock, 10_000);
    fleet.kill('ash');
    expect([await call('c'), await call('d')]).toEqual([3, 4]);
  });
});
