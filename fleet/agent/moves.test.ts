import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from '../protocol/checkpoint';
import type { Request } from '../protocol/client';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, writer } from '../testing/modules';
import { sleep } from './world';

const PAGES = 64;
const BYTES = PAGES * 65_536;
const ID = 'w~main';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let clock: TestClock;
let fleet: TestFleet;
let keys = 0;
afterEach(async () => {
  await fleet.close();
  clock.stop();
});

/** A fleet with a guest of four megabytes on ash. */
async function start(checkpoint = 'never'): Promise<void> {
  clock = new TestClock();
  fleet = new TestFleet(clock);
  await fleet.startOrchestrator();
  for (const name of ['ash', 'birch', 'cedar']) await fleet.startAgent(name);
  await fleet.deploy('w', await assemble(writer(PAGES)), { permissions: ['sys'], checkpoint });
  await call('fill');
}
function call(name: string, ...args: number[]): Promise<Answer> {
  return fleet.orchestrator.call(ID, { key: `k${keys++}`, function: name, args });
}
const owner = () => fleet.orchestrator.record(ID).device!;
const execution = () => fleet.agents.get(owner())!.agent.execution(ID);
const isPiece = ({ method, url }: Request) => method === 'PUT' && url.includes('/arrivals/');

describe('a move', () => {
  it('takes a running execution along while it writes, and stands still for what is left alone', async () => {
    await start();
    const answer = call('run', 80, 40, 20);
    const lasts: number[] = [];
    fleet.network.observe = (_, { method, url, body }) => {
      if (method === 'POST' && url.endsWith('/liquid/v1/executions')) lasts.push(body!.length);
    };
    for (const device of ['birch', 'cedar', 'ash', 'birch']) {
      await sleep(clock, 120);
      await fleet.orchestrator.move(ID, device);
      expect(owner()).toBe(device);
    }
    expect((await answer).results).toEqual([3200]);
    const { moves } = fleet.orchestrator;
    expect(moves).toHaveLength(4);
    for (const { rounds, bytes } of moves) {
      expect(rounds).toBeGreaterThan(1);
      expect(bytes).toBeGreaterThan(BYTES);
    }
    for (const last of lasts) expect(last).toBeLessThan(BYTES / 4);
    expect((await call('run', 1, 1000, 0)).results).toEqual([4200]);
  });

  it('has both hosts collect garbage after all that comes before its last stage', async () => {
    await start();
    const seen: string[] = [];
    const passed: number[] = [];
    clock.makeRoom = (bytes) => {
      seen.push('room');
      passed.push(bytes);
    };
    fleet.network.intercept = async (_, { method, url }) => {
      if (method === 'POST' && url === 'http://birch/liquid/v1/executions') seen.push('last');
      return undefined;
    };
    fleet.network.observe = (_, { url }, { status }) => {
      if (url.startsWith('http://birch/liquid/v1/arrivals') && status < 300) seen.push('stage');
    };
    await fleet.orchestrator.move(ID, 'birch');
    const stages = seen.filter((one) => one === 'stage').length;
    expect(stages).toBeGreaterThan(PAGES / 16);
    expect(seen).toEqual([
      ...Array.from({ length: stages - 1 }, () => 'stage'),
      'room',
      'stage',
      'room',
      'last',
    ]);
  });

  it('sends no rounds before the last stage when it is told so', async () => {
    await start();
    await fleet.orchestrator.move(ID, 'birch', 0);
    const [{ rounds, bytes }] = fleet.orchestrator.moves;
    expect(rounds).toBe(1);
    expect(bytes).toBeGreaterThan(BYTES);
    expect((await call('run', 1, 2000, 0)).results).toEqual([2000]);
  });

  it('has arrived for good: a loss of power takes nothing away, without any checkpoint', async () => {
    await start();
    const running = { key: 'running', function: 'run', args: [60, 40, 20] };
    void fleet.orchestrator.call(ID, running).catch(() => undefined);
    await sleep(clock, 50);
    await fleet.orchestrator.move(ID, 'birch');
    // While birch starts again, nobody is there to place the execution elsewhere.
    fleet.stopOrchestrator();
    fleet.kill('birch');
    const { results } = await (await fleet.startAgent('birch')).call(ID, running);
    expect(results).toEqual([2400]);
    await fleet.startOrchestrator();
    expect(fleet.orchestrator.record(ID)).toMatchObject({ device: 'birch', epoch: 2 });
  });

  /** The disk of birch takes so long for the last stage, and then does, or does not. */
  function slowLanding(then: () => Promise<void>): void {
    fleet.network.intercept = async (_, { method, url }) => {
      if (method === 'POST' && url === 'http://birch/liquid/v1/executions')
        fleet.beforeAppend = (device, path) => {
          if (device !== 'birch' || !path.startsWith('stages/')) return undefined;
          fleet.beforeAppend = fleet.network.intercept = undefined;
          return then();
        };
      return undefined;
    };
  }

  it('lets it run before the last stage is on the disk, and tells of it only then', async () => {
    await start('after-call');
    const answer = call('run', 100, 40, 20);
    await sleep(clock, 120);
    const seen: string[] = [];
    slowLanding(async () => {
      await sleep(clock, 600);
      const { agent } = fleet.agents.get('birch')!;
      seen.push(`${agent.executions.size} at birch`, `${execution().state.kind} at ${owner()}`);
      seen.push(`${fleet.orchestrator.copies.head(ID)?.epoch ?? 0}`);
    });
    await fleet.orchestrator.move(ID, 'birch');
    expect(seen).toEqual(['0 at birch', 'leaving at ash', '1']);
    // Of 600 milliseconds, it has run in most bursts of 40 blocks, each of which takes a unit of fuel.
    expect(execution().fuelUsed).toBeGreaterThan(15 * 40);
    const [{ pause, milliseconds }] = fleet.orchestrator.moves;
    expect(pause).toBeLessThan(200);
    expect(milliseconds).toBeGreaterThanOrEqual(600);
    expect((await answer).results).toEqual([4000]);
    expect(fleet.orchestrator.copies.head(ID)?.epoch).toBe(2);
  });

  it('goes on at its source when the target loses its power before the last stage is on the disk', async () => {
    await start();
    const answer = call('run', 60, 40, 20);
    await sleep(clock, 120);
    slowLanding(async () => {
      await sleep(clock, 50);
      fleet.kill('birch');
      await fleet.startAgent('birch');
      throw new Error('the process is dead');
    });
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow('could not keep w~main');
    expect(execution()).toMatchObject({ epoch: 1, state: { kind: 'running' } });
    expect((await answer).results).toEqual([2400]);
    await fleet.orchestrator.move(ID, 'birch');
    expect((await call('run', 1, 100, 0)).results).toEqual([2500]);
  });

  it('goes on at its source when the target has no room on its disk for the last stage', async () => {
    await start();
    const answer = call('run', 60, 40, 20);
    await sleep(clock, 120);
    slowLanding(async () => {
      await sleep(clock, 50);
      throw new Error('no room on the disk');
    });
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow('could not keep w~main');
    expect(fleet.agents.get('birch')!.agent.executions.size).toBe(0);
    expect((await answer).results).toEqual([2400]);
  });

  it('leaves no stages behind once there is a checkpoint, or it has gone on', async () => {
    await start('after-call');
    const staged = (name: string) => fleet.folder(name).list('stages');
    await fleet.orchestrator.move(ID, 'birch');
    expect(await staged('birch')).toEqual([ID]);
    await call('run', 1, 1, 0);
    expect(await staged('birch')).toEqual([]);
    await fleet.orchestrator.move(ID, 'cedar');
    await fleet.orchestrator.move(ID, 'ash');
    expect(await staged('cedar')).toEqual([]);
    expect((await call('run', 1, 2000, 0)).results).toEqual([2001]);
  });

  it('changes nothing when the target is gone, or a stage never comes there', async () => {
    await start();
    let swallowed = 0;
    fleet.network.intercept = async (_, request) => {
      if (!isPiece(request) || swallowed > 0) return undefined;
      swallowed++;
      return { status: 204, headers: {}, body: new Uint8Array(0) };
    };
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow('stage 1 of w~main is to come');
    fleet.network.intercept = async (_, request) => {
      if (isPiece(request)) fleet.network.remove('http://birch');
      return undefined;
    };
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow('http://birch');
    expect(execution()).toMatchObject({ epoch: 1, state: { kind: 'running' } });
    expect((await call('run', 1, 2000, 0)).results).toEqual([2000]);
  });

  it('is refused when the stages are not those of its last one', async () => {
    await start();
    const pieces: Request[] = [];
    fleet.network.intercept = async (_, request) => {
      if (!isPiece(request)) return undefined;
      pieces.push(request);
      // The last piece of the first round is told to have come.
      return pieces.length === 5 ? { status: 204, headers: {}, body: new Uint8Array(0) } : undefined;
    };
    await expect(fleet.orchestrator.move(ID, 'birch')).rejects.toThrow(
      'not those that belong to its last one',
    );
    expect(owner()).toBe('ash');
    expect((await call('run', 1, 2000, 0)).results).toEqual([2000]);
  });

  it('takes stages from its source alone, each in its place', async () => {
    await start();
    const refusals: number[] = [];
    let asked = false;
    fleet.network.intercept = async (_, request) => {
      if (!isPiece(request) || asked) return undefined;
      asked = true;
      const { body } = request;
      const stranger = fleet.agents.get('cedar')!.agent.options.client;
      const source = fleet.agents.get('ash')!.agent.options.client;
      const url = (place: number) => `http://birch/liquid/v1/arrivals/${encodeURIComponent(ID)}/${place}`;
      for (const [client, place] of [
        [stranger, 1],
        [source, 0],
        [source, 2],
        [source, 1e9],
      ] as const)
        refusals.push((await client.raw({ method: 'PUT', url: url(place), body })).status);
      refusals.push((await source.raw({ method: 'PUT', url: url(1), body: new Uint8Array(100) })).status);
      await stranger.raw({ method: 'DELETE', url: url(1).slice(0, -2) });
      return undefined;
    };
    await fleet.orchestrator.move(ID, 'birch');
    expect(refusals).toEqual([403, 400, 400, 400, 400]);
    expect((await call('run', 1, 2000, 0)).results).toEqual([2000]);
  });

  it('brings what has been deployed again along, unless that is another program', async () => {
    await start('after-call');
    const { spec } = fleet.orchestrator.record(ID);
    const again = (more: object) =>
      fleet.orchestrator.deploy({ id: 'w', executions: [{ ...spec, ...more }] });
    await again({ checkpoint: 'every 7 s' });
    await fleet.orchestrator.move(ID, 'birch');
    expect(execution().spec.checkpoint).toBe('every 7 s');
    const { digest } = await fleet.orchestrator.modules.push('w', '2.0.0', await assemble(writer(PAGES + 1)));
    await again({ modules: [{ name: 'w', digest }] });
    await expect(fleet.orchestrator.move(ID, 'cedar')).rejects.toThrow(`not here: ${digest}`);
    expect(execution()).toMatchObject({ epoch: 2, state: { kind: 'running' } });
    expect((await call('run', 1, 2000, 0)).results).toEqual([2000]);
  });

  it('leaves nothing of a guest behind where it has been, however often it comes and goes', async () => {
    await start();
    const refs: WeakRef<object>[] = [];
    for (const device of ['birch', 'ash', 'birch', 'ash', 'birch', 'ash']) {
      await fleet.orchestrator.move(ID, device);
      refs.push(new WeakRef(execution()), new WeakRef(Reflect.get(execution(), 'guest')));
    }
    const held = (): number => refs.filter((ref) => ref.deref() !== undefined).length;
    // What is weak lives on until the turn is over in which it has been looked at.
    for (let k = 0; k < 10 && held() > 3; k++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    // The one that is here with its guest, and the one that sends calls on to it.
    expect(held()).toBe(3);
  });

  it('is refused while another move of the execution is under way', async () => {
    await start();
    const { agent } = fleet.agents.get('ash')!;
    const first = fleet.orchestrator.move(ID, 'birch');
    let told = '';
    fleet.network.intercept = async (_, request) => {
      if (!isPiece(request) || told !== '') return undefined;
      const { identity } = agent.options;
      const { spec } = agent.execution(ID);
      const to = { url: 'http://cedar', ticket: '', epoch: 9, sealing: identity.sealing, rounds: 3, spec };
      told = await agent.migrate(ID, to).then(
        () => 'moved',
        (error) => error.code,
      );
      return undefined;
    };
    await first;
    expect(told).toBe('busy');
  });
});
