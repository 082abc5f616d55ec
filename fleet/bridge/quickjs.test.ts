/** Guests in QuickJS beside an agent of a fleet: they come from Node in the middle of a computation and go back, and outlast their engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulatedDevices } from '../agent/host/devices';
import type { Models } from '../agent/models';
import { nodeWorld } from '../agent/node-world';
import { quickjsHouse } from '../cli/quickjs';
import { TestFleet } from '../testing/fleet';
import { assemble, HELLO, LONG, STATEFUL, writer } from '../testing/modules';
import { findQjs, forgetQjs, guestsFile, qjsBinaries } from '../testing/quickjs';
import type { RemoteHouse } from './house';

const PROGRAMS = [...qjsBinaries.keys(), qjsBinaries.length];
let programs: readonly string[];
let file: string;
beforeAll(async () => {
  programs = await findQjs();
  file = await guestsFile();
});
afterAll(forgetQjs);

/** A fleet of Node and of an agent with this QuickJS. */
async function start(program: number) {
  const fleet = await TestFleet.started(nodeWorld, ['node']);
  const houses: RemoteHouse[] = [];
  const log = (text: string) => fleet.note(`bridge: ${text}`);
  const devices = simulatedDevices();
  await fleet.startAgent('bridge', [], (models: Models) => {
    const house = quickjsHouse(programs[program], { clock: nodeWorld, devices, models, log, file });
    houses.push(house);
    return house;
  });
  const [house] = houses;
  let count = 0;
  return {
    fleet,
    house,
    call: (id: string, name: string, ...args: number[]) =>
      fleet.orchestrator.call(id, { key: `k${count++}`, function: name, args }),
    close: async () => {
      await fleet.close();
      house.close();
    },
  };
}

describe.each(PROGRAMS)('guests in QuickJS (program %i)', (program) => {
  it('come and go in the middle of a computation', async () => {
    const { fleet, house, call, close } = await start(program);
    try {
      expect(await house.open()).toMatchObject({ engine: 'quickjs' });
      // Each stay takes its time, however fast the machine is.
      const more = { device: 'node', checkpoint: 'never', limits: { fuelPerSecond: 400_000 } };
      await fleet.deploy('long', await assemble(LONG), more);
      const answer = call('long~main', 'count', 4_000_000);
      for (const device of ['bridge', 'node', 'bridge', 'node']) {
        const { agent } = fleet.agents.get(device === 'node' ? 'bridge' : 'node')!;
        while (agent.execution('long~main').fuelUsed < 10_000)
          await new Promise((resolve) => setTimeout(resolve, 5));
        await fleet.orchestrator.move('long~main', device);
        expect(fleet.orchestrator.record('long~main').device).toBe(device);
      }
      expect((await answer).results).toEqual([4_000_000]);
    } finally {
      await close();
    }
  }, 120_000);

  it('take their memory along while they write', async () => {
    const { fleet, call, close } = await start(program);
    try {
      const module = await assemble(writer(16));
      await fleet.deploy('w', module, { device: 'bridge', permissions: ['sys'], checkpoint: 'never' });
      await call('w~main', 'fill');
      const answer = call('w~main', 'run', 40, 10, 10);
      for (const device of ['node', 'bridge', 'node']) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        await fleet.orchestrator.move('w~main', device);
      }
      expect((await answer).results).toEqual([400]);
      for (const { bytes } of fleet.orchestrator.moves) expect(bytes).toBeGreaterThan(16 * 65_536);
    } finally {
      await close();
    }
  }, 120_000);

  it('print, and go on from their checkpoint when the engine is killed, on the same device', async () => {
    const { fleet, house, call, close } = await start(program);
    try {
      await fleet.deploy('hello', await assemble(HELLO), { device: 'bridge' });
      expect((await call('hello~main', '_start')).output).toBe('hello\n');
      await fleet.deploy('s', await assemble(STATEFUL), { device: 'bridge' });
      const values = [];
      for (let k = 0; k < 4; k++) values.push(...(await call('s~main', 'fibo')).results!);
      expect(values).toEqual([1, 2, 3, 5]);
      house.kill();
      values.push(...(await call('s~main', 'fibo')).results!, ...(await call('s~main', 'fibo')).results!);
      expect(values).toEqual([1, 2, 3, 5, 8, 13]);
      expect(fleet.orchestrator.record('s~main')).toMatchObject({ device: 'bridge' });
      expect(fleet.orchestrator.record('s~main').epoch).toBeGreaterThan(1);
      expect(fleet.orchestrator.isAlive('bridge')).toBe(true);
    } finally {
      await close();
    }
  }, 120_000);
});
