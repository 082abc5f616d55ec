import { describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { executionSpec } from '../protocol/deployment';
import { JournalDatabase } from '../store/database';
import { MemoryFiles } from '../store/files';
import { DeviceTable } from './devices';
import { type Candidate, schedule } from './scheduler';

const spec = executionSpec({ name: 'main', modules: [{ name: 'm', digest: '0'.repeat(64) }] }, 'spec');

function candidate(name: string, more: Partial<Candidate> = {}): Candidate {
  return {
    description: {
      name,
      url: `http://${name}`,
      version: '0',
      permissions: [],
      memoryBytes: 2 ** 32,
      cores: 1,
      fuelPerSecond: 1e6,
      engine: 'test',
      models: [],
    },
    alive: true,
    draining: false,
    blacklisted: false,
    report: { load: 0, freeMemoryBytes: 2 ** 32, battery: undefined, throttled: false },
    executions: 0,
    blobsThere: 0,
    borrows: false,
    ...more,
  };
}

async function tableOf(count: number): Promise<DeviceTable> {
  const table = new DeviceTable(new JournalDatabase(new MemoryFiles()), nodeWorld);
  for (let k = 0; k < count; k++)
    await table.register(candidate(`d${String(k).padStart(5, '0')}`).description);
  return table;
}

describe('in a fleet of thousands', () => {
  it('a decision looks at enough devices, and the next one at the next ones', async () => {
    const table = await tableOf(1_000);
    const looked = new Map<string, number>();
    for (let k = 0; k < 10; k++) {
      const before = [...looked.values()].reduce((sum, count) => sum + count, 0);
      schedule(
        spec,
        (function* () {
          for (const name of table.inTurn()) {
            looked.set(name, (looked.get(name) ?? 0) + 1);
            yield candidate(name);
          }
        })(),
      );
      expect([...looked.values()].reduce((sum, count) => sum + count, 0) - before).toBe(200);
    }
    expect([looked.size, ...new Set(looked.values())]).toEqual([1_000, 2]);
  });

  it('the one device that can have it is found wherever it is, and else each says why not', async () => {
    const table = await tableOf(1_000);
    const names = function* (fits: string): Generator<Candidate> {
      for (const name of table.inTurn()) yield candidate(name, { draining: name !== fits });
    };
    for (const fits of ['d00000', 'd00777', 'd00999']) expect(schedule(spec, names(fits)).device).toBe(fits);
    const { device, refused } = schedule(spec, names('nobody'));
    expect([device, Object.keys(refused).length]).toEqual([undefined, 1_000]);
  });
});
