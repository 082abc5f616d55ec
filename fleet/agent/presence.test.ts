import { afterEach, describe, expect, it } from 'vitest';
import { Client } from '../protocol/client';
import { HEARTBEAT, intervalFor, silenceFor } from '../protocol/reports';
import { Trust } from '../security/certificates';
import { identityIn } from '../security/keys';
import { MemoryFiles } from '../store/files';
import { TestClock } from '../testing/clock';
import { assemble, STATEFUL } from '../testing/modules';
import { newborn, specFor } from '../testing/setup';
import { Agent } from './agent';
import { simulatedDevices } from './host/devices';
import { Orchestrators } from './orchestrators';
import { Presence } from './presence';
import { sleep } from './world';

const clocks: TestClock[] = [];
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop();
});

/** An agent whose orchestrator answers so late, and asks for a report so often. */
async function reporting(interval: number, late: number) {
  const clock = new TestClock();
  clocks.push(clock);
  const times: number[] = [];
  const orders = { describe: false, superseded: [], holders: [], revoked: [], leases: [], interval };
  const files = new MemoryFiles();
  const identity = await identityIn(files);
  const agent = new Agent({
    identity,
    name: 'ash',
    world: clock,
    files,
    client: new Client(async () => {
      times.push(clock.now());
      await sleep(clock, late);
      return { status: 200, headers: {}, body: new TextEncoder().encode(JSON.stringify(orders)) };
    }),
    devices: simulatedDevices(),
    log: () => undefined,
  });
  const description = {
    name: 'ash',
    url: 'http://ash',
    version: '0',
    permissions: [],
    memoryBytes: 1,
    cores: 1,
    fuelPerSecond: 1,
    engine: 'test',
    models: [],
  };
  const conditions = () => ({ load: 0, freeMemoryBytes: 1 });
  const presence = new Presence(
    agent,
    new Orchestrators(['http://o']),
    description,
    new Trust(identity.signing),
    conditions,
  );
  await presence.start();
  const until = async (count: number) => {
    while (times.length < count) await sleep(clock, 250);
    return times.map((time, k) => time - (times[k - 1] ?? 0)).slice(1, count);
  };
  return { agent, presence, until, reports: () => times.length };
}

describe('an agent reports', () => {
  it('as often as it is told to, however late the answers are', async () => {
    for (const [interval, late] of [
      [HEARTBEAT, 0],
      [3_000, 0],
      [3_000, 700],
    ]) {
      const { presence, until } = await reporting(interval, late);
      expect(await until(4)).toEqual(Array(3).fill(interval));
      presence.stop();
    }
    // Not a second one before the first is answered, and no report is made up for.
    const { presence, until } = await reporting(HEARTBEAT, 1_300);
    expect(await until(4)).toEqual(Array(3).fill(1_300));
    presence.stop();
  });

  it('without waiting so long, as long as it has an execution that needs a lease', async () => {
    const { agent, presence, until, reports } = await reporting(10_000, 0);
    const module = await assemble(STATEFUL);
    await agent.place(newborn(await specFor(agent, { m: module }, { exclusive: true })));
    // Those before it came, however many, and the one that its coming is the reason of.
    expect((await until(reports() + 5)).slice(-3)).toEqual(Array(3).fill(HEARTBEAT));
    presence.stop();
  });

  it('less often in a larger fleet, and is not missed before it may have been heard', () => {
    expect([1, 200, 400].map(intervalFor)).toEqual([HEARTBEAT, HEARTBEAT, HEARTBEAT]);
    for (const devices of [1, 400, 1_000, 10_000]) {
      expect(devices / (intervalFor(devices) / 1000)).toBeLessThanOrEqual(800);
      expect(silenceFor(devices)).toBeGreaterThan(2 * intervalFor(devices));
    }
  });
});
