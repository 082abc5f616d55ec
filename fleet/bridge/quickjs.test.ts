/** Guests in QuickJS beside an agent of a fleet: they come from Node in the middle of a computation and go back, and outlast their engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { simulatedDevices } from '../agent/host/devices';
import type { Models } from '../agent/models';
import { nodeWorld } from '../agent/node-world';
import { quickjsHouse } from '../cli/quickjs';
import { TestFleet } from '../testing/fleet';
import { FactorBackend } from '../testing/models';
import { assemble, CALLING, HELLO, INFERRING, LONG, STATEFUL, writer } from '../testing/modules';
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
  const backend = new FactorBackend();
  await fleet.startAgent('bridge', [backend], (models: Models) => {
    const house = quickjsHouse(
      { program: programs[program] },
      { clock: nodeWorld, devices, models, log, file },
    );
    houses.push(house);
    return house;
  });
  const [house] = houses;
  let count = 0;
  return {
    fleet,
    house,
    backend,
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
  });

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
  });

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
  });

  it('compute with a runtime of the agent, and take their models along', async () => {
    const { fleet, backend, call, close } = await start(program);
    try {
      await fleet.deploy('x', await assemble(INFERRING), { device: 'bridge', permissions: ['nn'] });
      const says = async (name: string, ...args: number[]) => (await call('x~main', name, ...args)).results;
      expect(await says('open')).toEqual([0]);
      expect(await says('put', 2)).toEqual([0]);
      expect(await says('compute')).toEqual([0]);
      expect([backend.loads, backend.computes]).toEqual([1, 1]);
      // The agent in Node has no runtime: what has been computed is there, and what is computed next is borrowed.
      await fleet.orchestrator.move('x~main', 'node');
      expect(await says('get')).toEqual([6]);
      expect(await says('put', 5)).toEqual([0]);
      await fleet.orchestrator.move('x~main', 'bridge');
      expect(await says('compute')).toEqual([0]);
      expect(await says('get')).toEqual([15]);
      expect(backend.computes).toBe(2);
    } finally {
      await close();
    }
  });

  it('take pictures with the camera of the agent, and call other executions', async () => {
    const { fleet, call, close } = await start(program);
    try {
      await fleet.deploy('s', await assemble(STATEFUL), { device: 'node' });
      const permissions = ['camera', 'communication'];
      await fleet.deploy('c', await assemble(CALLING), { device: 'bridge', permissions });
      const { length } = await simulatedDevices().camera.takeImage();
      expect((await call('c~main', 'picture')).results).toEqual([length]);
      // As a JPEG begins.
      expect((await call('c~main', 'start')).results).toEqual([0xd8ff]);
      await call('c~main', 'other');
      expect((await call('s~main', 'fibo')).results).toEqual([2]);
      expect((await call('c~main', 'nobody')).failure).toMatch('nobody~main');
      expect((await call('s~main', 'fibo')).results).toEqual([3]);
    } finally {
      await close();
    }
  });
});
