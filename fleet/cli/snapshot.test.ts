/** States of executions as files: fetched, fetched again, and gone on from. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeWorld } from '../agent/node-world';
import { Told } from '../agent/told';
import { sleep } from '../agent/world';
import { decodeCheckpoint, encodeCheckpoint } from '../protocol/checkpoint';
import { sha256Hex } from '../security/digest';
import { TestClock } from '../testing/clock';
import { TestFleet } from '../testing/fleet';
import { assemble, COUNTER, writer } from '../testing/modules';
import { fetchSnapshot, sendSnapshot } from './snapshot';

const BASE = 'http://orchestrator/liquid/v1';
let fleet: TestFleet;
let folder: string;
let file: string;
beforeAll(async () => {
  fleet = await TestFleet.started(nodeWorld, ['ash', 'birch']);
});
afterAll(() => fleet.close());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tswasm-snapshot-'));
  file = `${folder}/state`;
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  const running = new Set(fleet.orchestrator.list().map(({ deployment }) => deployment));
  for (const one of running) await fleet.orchestrator.undeploy(one);
});

const call = async (id: string, func: string, ...args: number[]) => {
  const key = crypto.randomUUID();
  return (await fleet.orchestrator.call(id, { key, function: func, args })).results;
};
const fetch = (id: string) => fetchSnapshot(fleet.operator, BASE, id, file);
const restore = (as?: string) => sendSnapshot(fleet.operator, BASE, file, as);

describe('a snapshot of an execution', () => {
  it('is fetched whole, then what has changed, and is the same file as the whole', async () => {
    await fleet.deploy('w', await assemble(writer(16)), { permissions: ['sys'] });
    await call('w~main', 'fill');
    const first = await fetch('w~main');
    expect(first.document).toMatchObject({ execution: 'w~main', file, epoch: 1 });
    const { bytes, fetched } = first.document as { bytes: number; fetched: number };
    expect(bytes).toBeGreaterThan(2 ** 20);
    expect(fetched).toBe(bytes);
    await call('w~main', 'run', 1, 1, 0);
    const second = (await fetch('w~main')).document as { bytes: number; fetched: number };
    expect(second.fetched).toBeLessThan(second.bytes / 4);
    const kept = readFileSync(file);
    rmSync(file);
    const whole = (await fetch('w~main')).document as { bytes: number; fetched: number };
    expect(whole.fetched).toBe(whole.bytes);
    expect(Buffer.compare(kept, readFileSync(file))).toBe(0);
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('is of now, whatever its deployment says of checkpoints', async () => {
    await fleet.deploy('x', await assemble(COUNTER), { checkpoint: 'never' });
    for (const count of [1, 2, 3]) expect(await call('x~main', 'next')).toEqual([count]);
    await fetch('x~main');
    expect(decodeCheckpoint(readFileSync(file)).head.answered).toHaveLength(3);
    await call('x~main', 'next');
    await fetch('x~main');
    expect(decodeCheckpoint(readFileSync(file)).head.answered).toHaveLength(4);
  });

  it('is given in ranges, of the one that was begun, while the execution runs on', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    await call('x~main', 'next');
    const url = `${BASE}/executions/x~main/snapshot`;
    const get = (headers: Record<string, string>) => fleet.operator.raw({ method: 'GET', url, headers });
    const whole = await get({});
    const half = whole.body.length >> 1;
    const first = await get({ range: `bytes=0-${half - 1}` });
    const rest = await get({ range: `bytes=${half}-`, 'if-range': first.headers['etag'] });
    expect([whole.status, first.status, rest.status]).toEqual([200, 206, 206]);
    expect(Buffer.concat([first.body, rest.body])).toEqual(Buffer.from(whole.body));
    expect(whole.headers['etag']).toBe(`"${await sha256Hex(whole.body)}"`);
    expect((await get({ 'if-none-match': whole.headers['etag'] })).status).toBe(304);
    await call('x~main', 'next');
    const other = await get({ range: `bytes=${half}-`, 'if-range': first.headers['etag'] });
    expect(other.status).toBe(200);
    expect(other.headers['etag']).not.toBe(first.headers['etag']);
  });

  it('says of what it is the change, and is whole for somebody who has what nobody knows', async () => {
    await fleet.deploy('w', await assemble(writer(16)), { permissions: ['sys'] });
    await call('w~main', 'fill');
    const ask = (since: string) =>
      fleet.operator.raw({ method: 'GET', url: `${BASE}/executions/w~main/snapshot?since=${since}` });
    const whole = await ask('0'.repeat(64));
    expect([whole.status, whole.headers['im']]).toEqual([200, undefined]);
    const since = await sha256Hex(whole.body);
    await call('w~main', 'run', 1, 1, 0);
    const change = await ask(since);
    expect(change).toMatchObject({
      status: 226,
      headers: { im: 'tswasm-delta', 'delta-base': `"${since}"` },
    });
    expect((await ask('no digest')).status).toBe(400);
  });

  it('comes from the copy of the orchestrator when its device is away', async () => {
    const clock = new TestClock();
    const alone = await TestFleet.started(clock, ['ash']);
    await alone.deploy('x', await assemble(COUNTER));
    await alone.orchestrator.call('x~main', { key: 'a', function: 'next', args: [] });
    alone.kill('ash');
    while (alone.orchestrator.isAlive('ash')) await sleep(clock, 500);
    await fetchSnapshot(alone.operator, BASE, 'x~main', file);
    expect(decodeCheckpoint(readFileSync(file)).head.answered).toMatchObject([{ key: 'a', results: [1] }]);
    await alone.close();
    clock.stop();
  });

  it('does not take the place of a file that is something else', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    writeFileSync(file, 'my letters');
    await expect(fetch('x~main')).rejects.toThrow('not a checkpoint of version 1');
    expect(readFileSync(file, 'utf8')).toBe('my letters');
    rmSync(file);
    await fetch('x~main');
    await fleet.deploy('y', await assemble(COUNTER));
    await expect(fetch('y~main')).rejects.toThrow(`${file} is a checkpoint of x~main`);
    rmSync(file);
    await expect(fetch('z~main')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('an execution that is restored', () => {
  it('goes on from its file when it is gone', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    for (const count of [1, 2]) expect(await call('x~main', 'next')).toEqual([count]);
    await fetch('x~main');
    await call('x~main', 'next');
    await expect(restore()).rejects.toMatchObject({ code: 'already-exists' });
    expect(await call('x~main', 'next')).toEqual([4]);
    await fleet.orchestrator.undeploy('x');
    await restore();
    expect(await call('x~main', 'next')).toEqual([3]);
    await fleet.orchestrator.move(
      'x~main',
      fleet.orchestrator.record('x~main').device === 'ash' ? 'birch' : 'ash',
    );
    expect(await call('x~main', 'next')).toEqual([4]);
  });

  it('is another one under another name', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    await call('x~main', 'next');
    await fetch('x~main');
    await restore('y');
    expect([await call('y~main', 'next'), await call('x~main', 'next')]).toEqual([[2], [2]]);
    expect([await call('y~main', 'next'), await call('x~main', 'next')]).toEqual([[3], [3]]);
  });

  it('comes beside what else there is of its deployment', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    await call('x~main', 'next');
    await fetch('x~main');
    const { head, snapshot } = decodeCheckpoint(readFileSync(file));
    const spec = { ...head.spec, name: 'second' };
    writeFileSync(file, encodeCheckpoint({ head: { ...head, execution: 'x~second', spec }, snapshot }));
    await restore();
    expect([await call('x~second', 'next'), await call('x~main', 'next')]).toEqual([[2], [2]]);
    await fleet.orchestrator.undeploy('x');
    expect(fleet.orchestrator.list()).toEqual([]);
  });

  it('is refused, and nothing has changed, when its module is not here, or it is a stage of a move', async () => {
    await fleet.deploy('x', await assemble(COUNTER));
    await fetch('x~main');
    const { head, snapshot } = decodeCheckpoint(readFileSync(file));
    const unknown = { ...head.spec, modules: [{ name: 'm', digest: '0'.repeat(64) }] };
    writeFileSync(file, encodeCheckpoint({ head: { ...head, spec: unknown }, snapshot }));
    await expect(restore('y')).rejects.toMatchObject({ code: 'module-unknown' });
    writeFileSync(file, encodeCheckpoint({ head: { ...head, staged: '0'.repeat(64) }, snapshot }));
    await expect(restore('y')).rejects.toThrow('not a whole checkpoint');
    expect(fleet.orchestrator.list().map(({ id }) => id)).toEqual(['x~main']);
  });
});

describe('what an agent remembers of snapshots', () => {
  const bytes = (k: number) =>
    Uint8Array.from({ length: 100_000 }, (_, at) => (Math.imul(at + k, at) >>> 7) & 255);

  it('is bounded: the oldest is forgotten first', async () => {
    const told = new Told(() => Promise.resolve(), 3000);
    const digests = [];
    for (const k of [1, 2, 3, 4, 5, 6, 7, 8]) {
      await told.tell(bytes(k), undefined);
      digests.push(await sha256Hex(bytes(k)));
    }
    expect(await told.tell(bytes(8), digests[0])).toBeUndefined();
    expect(await told.tell(bytes(8), digests[7])).toMatchObject({ digest: digests[7] });
  });
});
