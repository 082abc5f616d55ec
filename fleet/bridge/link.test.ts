/** What a serial line loses is repeated, whatever it is; and who is at its other end is known. */
import { afterEach, describe, expect, it } from 'vitest';
import { simulatedDevices } from '../agent/host/devices';
import { nodeWorld } from '../agent/node-world';
import { sleep } from '../agent/world';
import { generator } from '../testing/chaos';
import { TestClock } from '../testing/clock';
import { bad } from '../testing/lines';
import { assemble, STATEFUL, writer } from '../testing/modules';
import { newborn, nowhere, specFor, testAgent } from '../testing/setup';
import { RemoteHouse } from './house';
import { AgentEnd, EngineEnd } from './link';
import { serveAgent } from './served';

let clock: TestClock;
afterEach(() => clock?.stop());

type Bend = (bytes: Uint8Array) => Uint8Array;
const straight: Bend = (bytes) => bytes;

const bytesOf = (seed: number, length: number): Uint8Array => {
  const random = generator(seed);
  return Uint8Array.from({ length }, () => random(256));
};

/** Both ends of a line; what is written comes some milliseconds later, in pieces. */
function line(bends: { there: Bend; back: Bend }, session = 1) {
  let isPlugged = true;
  const carry = (bend: () => Bend, to: () => { read(bytes: Uint8Array): void }) => (bytes: Uint8Array) => {
    const carried = bend()(bytes);
    const half = carried.length >> 1;
    for (const piece of [carried.subarray(0, half), carried.subarray(half)])
      clock.after(3, () => {
        if (isPlugged) to().read(piece);
      });
  };
  const at = { agent: [] as number[], engine: [] as number[], begun: 0, ended: [] as string[] };
  let tell: (bytes: Uint8Array) => void = () => undefined;
  const born = (): EngineEnd =>
    new EngineEnd({
      clock,
      write: carry(
        () => bends.back,
        () => agent,
      ),
      begin: (send) => {
        at.begun++;
        tell = send;
        return (bytes) => at.engine.push(...bytes);
      },
    });
  let engine = born();
  const opened = (number: number): AgentEnd =>
    new AgentEnd({
      clock,
      session: number,
      write: carry(
        () => bends.there,
        () => engine,
      ),
      take: (bytes) => at.agent.push(...bytes),
      ended: (reason) => at.ended.push(reason),
    });
  let agent = opened(session);
  return {
    at,
    agent: () => agent,
    tell: (bytes: Uint8Array) => tell(bytes),
    restart: () => {
      engine = born();
    },
    open: (number: number) => {
      agent.close();
      agent = opened(number);
    },
    pull: () => {
      isPlugged = false;
    },
  };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(clock, 100);
}

describe('a link', () => {
  it('brings all bytes both ways in their order, whatever the line does to them', async () => {
    clock = new TestClock();
    for (const [seed, once] of [
      [1, 100_000],
      [2, 10_000],
      [3, 3_000],
      [4, 1_500],
    ]) {
      const { at, agent, tell } = line({ there: bad(seed, once), back: bad(seed + 100, once) });
      const [there, back] = [bytesOf(seed, 30_000), bytesOf(seed + 1, 30_000)];
      // Some before it is open, and more when it is.
      for (let k = 0; k < there.length; k += 1_777) agent().send(there.subarray(k, k + 1_777));
      await until(() => at.begun > 0);
      for (let k = 0; k < back.length; k += 999) tell(back.subarray(k, k + 999));
      await until(() => at.engine.length >= there.length && at.agent.length >= back.length);
      expect(Buffer.compare(Uint8Array.from(at.engine), there)).toBe(0);
      expect(Buffer.compare(Uint8Array.from(at.agent), back)).toBe(0);
      expect([at.begun, at.ended]).toEqual([1, []]);
      expect(agent().moved).toBe(there.length + back.length);
      agent().close();
    }
  });

  it('never has more under way than what stands behind a busy engine', async () => {
    clock = new TestClock();
    let underWay = 0;
    const there: Bend = (bytes) => {
      underWay += bytes.length;
      return new Uint8Array(0);
    };
    const bends = { there: straight, back: straight };
    const { at, agent } = line(bends);
    await until(() => at.begun > 0);
    bends.there = there;
    agent().send(bytesOf(1, 100_000));
    expect(underWay).toBeGreaterThan(3_000);
    expect(underWay).toBeLessThanOrEqual(4_096);
  });

  it('ends when the engine has been started anew, and when nobody says anything', async () => {
    clock = new TestClock();
    const { at, agent, restart, open, pull } = line({ there: straight, back: straight });
    agent().send(Uint8Array.of(1));
    await until(() => at.engine.length > 0);
    await sleep(clock, 60_000);
    expect(at.ended).toEqual([]);
    restart();
    await until(() => at.ended.length > 0);
    expect(at.ended).toEqual(['has been started anew']);
    open(2);
    await until(() => at.begun === 2);
    pull();
    const start = clock.now();
    await until(() => at.ended.length > 1);
    expect(at.ended[1]).toBe('has said nothing for 15 s');
    expect(clock.now() - start).toBeLessThan(17_000);
  });

  it('begins anew with another agent, and nothing of the last one comes into it', async () => {
    clock = new TestClock();
    const { at, agent, tell, open } = line({ there: straight, back: straight });
    agent().send(bytesOf(1, 20_000));
    await until(() => at.engine.length > 5_000);
    tell(bytesOf(2, 20_000));
    open(2);
    at.agent.length = 0;
    await until(() => at.begun === 2);
    at.engine.length = 0;
    agent().send(Uint8Array.of(1, 2, 3));
    tell(Uint8Array.of(4, 5));
    await until(() => at.engine.length > 0 && at.agent.length > 0);
    await sleep(clock, 5_000);
    expect([at.engine, at.agent]).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });
});

it('guests at its other end answer as if nothing was lost', async () => {
  const bends = [bad(7, 10_000), bad(8, 10_000)];
  const house = new RemoteHouse({
    connect: (take, ended) => {
      const carry = (bend: Bend, to: () => { read(bytes: Uint8Array): void }) => (bytes: Uint8Array) => {
        const carried = bend(bytes);
        setImmediate(() => to().read(carried));
      };
      const engine = new EngineEnd({
        clock: nodeWorld,
        write: carry(bends[0], () => agent),
        begin: (send) =>
          serveAgent({ clock: nodeWorld, wasiHost: () => nodeWorld.wasiHost(), engine: 'test' }, send),
      });
      const agent: AgentEnd = new AgentEnd({
        clock: nodeWorld,
        session: 1,
        write: carry(bends[1], () => engine),
        take,
        ended,
      });
      return agent;
    },
    clock: nodeWorld,
    devices: simulatedDevices(),
    compute: () => Promise.reject(new Error('there are no models')),
    log: () => undefined,
  });
  const agent = await testAgent('a', undefined, nowhere, undefined, () => house);
  const ask = (id: string, key: string, name: string, ...args: number[]) =>
    agent.call(id, { key, function: name, args });
  await agent.place(newborn(await specFor(agent, { stateful: await assemble(STATEFUL) })));
  const got = [];
  for (const key of ['a', 'b', 'c', 'd']) got.push(...(await ask('test~main', key, 'fibo')).results!);
  expect(got).toEqual([1, 2, 3, 5]);
  const more = { permissions: ['sys'], checkpoint: 'never', name: 'writer' };
  await agent.place(newborn(await specFor(agent, { w: await assemble(writer(1)) }, more)));
  await ask('test~writer', 'f', 'fill');
  expect((await ask('test~writer', 'r', 'run', 3, 10, 1)).results).toEqual([30]);
  // All of its memory, which no repetition makes shorter.
  expect((await agent.snapshotOf('test~writer')).length).toBeGreaterThan(65_536);
  agent.close();
  house.close();
});
