/** The store that orchestrators share, with Debian's nats-server. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasNats, NatsServer } from '../testing/nats';
import { connectNats, type NatsStore, readStoreUrl } from './nats';
import { keyOfNats, LEADER, NatsDatabase, natsKey } from './nats-database';
import { NatsFiles } from './nats-files';

if (!hasNats)
  console.warn('SKIPPED: nats-server is not installed, so the store that several share is not tested');

const bytes = (text: string) => new TextEncoder().encode(text);

it('has a URL', () => {
  expect(readStoreUrl('nats://h:1')).toEqual({ servers: 'h:1', bucket: 'tswasm-fleet' });
  expect(readStoreUrl('nats://a:b%40@h/x')).toEqual({ servers: 'h', bucket: 'x', user: 'a', pass: 'b@' });
  for (const wrong of ['', 'h:1', 'http://h', 'nats://', 'nats://h/a/b', 'nats://h/a.b'])
    expect(() => readStoreUrl(wrong)).toThrow('--store takes nats://');
});

it('names every key as NATS takes it', () => {
  for (const key of ['execution/s~main', 'module/a@1.0.0', 'card/zone/Küche, 2=3 *>', 'file/blobs/0a']) {
    expect(natsKey(key)).toMatch(/^[-/_=a-zA-Z0-9]+$/);
    expect(keyOfNats(natsKey(key))).toBe(key);
  }
});

describe.skipIf(!hasNats)('a store in NATS', () => {
  let server: NatsServer;
  let store: NatsStore;
  let buckets = 0;
  beforeAll(async () => {
    server = await NatsServer.make();
    await server.start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    store = await connectNats(`${server.url}/b${++buckets}`);
    return () => store.close();
  });
  const lead = async () => (await NatsDatabase.lead(store, { url: 'http://o' }))!;

  it('keeps documents, and refuses a write that expects another revision', async () => {
    const database = await lead();
    const first = await database.put('device/Ä 1', { a: 1 }, 0);
    await expect(database.put('device/Ä 1', { a: 2 }, 0)).rejects.toMatchObject({ code: 'already-exists' });
    const second = await database.put('device/Ä 1', { a: 2 }, first);
    expect(second).toBeGreaterThan(first);
    await Promise.all([database.put('device/b', 1), database.put('device/b', 2), database.put('other', 3)]);
    await database.remove('other');
    await database.remove('never');
    const told = [
      { key: 'device/b', value: 2, revision: expect.any(Number) },
      { key: 'device/Ä 1', value: { a: 2 }, revision: second },
    ];
    expect(await database.list('device/')).toEqual(told);
    const next = await lead();
    expect(await next.list('device/')).toEqual(told);
    expect(await next.get('other')).toBeUndefined();
  });

  it('takes nothing from who has been replaced, whatever that writes', async () => {
    const before = await lead();
    const files = new NatsFiles(store, before);
    await before.put('execution/x', { lastEpoch: 1 });
    const reasons: string[] = [];
    before.onLost = (reason) => reasons.push(reason);
    const after = await lead();
    // Neither has been written by the next one.
    await expect(before.put('execution/y', { lastEpoch: 1 })).rejects.toThrow('leads no longer');
    await expect(files.write('copies/y', bytes('late'))).rejects.toThrow('leads no longer');
    await expect(before.remove('execution/x')).rejects.toThrow('leads no longer');
    expect(reasons).toHaveLength(1);
    expect((await (await lead()).list('')).map(({ key }) => key)).toEqual(['execution/x', LEADER]);
    await expect(after.put('execution/x', 1)).rejects.toThrow('leads no longer');
  });

  it('gives the lead to one of those who ask at a time', async () => {
    const [a, b, c] = await Promise.all([lead(), lead(), lead()]);
    const all = [a, b, c].filter((one) => one !== undefined);
    const wrote = await Promise.allSettled(all.map((one) => one.put('x', 1)));
    expect(wrote.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('keeps files whole, and no bytes that are none', async () => {
    const database = await lead();
    const files = new NatsFiles(store, database);
    await files.write('copies/x', bytes('one'));
    await files.write('copies/x', new Uint8Array(3_000_000).fill(7));
    await files.write('empty', new Uint8Array(0));
    await Promise.all([files.append('rows', bytes('a')), files.append('rows', bytes('b'), bytes('c'))]);
    await files.write('blobs/a', bytes('gone soon'));
    await files.remove('blobs/a');
    await files.remove('blobs/a');
    // Somebody died before the database named these.
    await store.objects.putBlob({ name: 'orphan' }, bytes('orphan'));
    const next = new NatsFiles(store, await lead());
    await next.open();
    expect(await store.objects.list()).toHaveLength(3);
    expect((await next.read('copies/x'))?.length).toBe(3_000_000);
    expect(new TextDecoder().decode(await next.read('rows'))).toBe('abc');
    expect((await next.read('empty'))?.length).toBe(0);
    expect(await next.read('blobs/a')).toBeUndefined();
    expect(await next.list('copies')).toEqual(['x']);
    expect(await next.list('blobs')).toEqual([]);
  });

  it('says when bytes are not those that were written', async () => {
    const database = await lead();
    const files = new NatsFiles(store, database);
    await files.write('copies/x', bytes('one'));
    const { object } = (await database.get('file/copies/x'))!.value as { object: string };
    await store.objects.putBlob({ name: object }, bytes('two'));
    await expect(files.read('copies/x')).rejects.toThrow('copies/x in the store is damaged');
    await store.objects.delete(object);
    await expect(files.read('copies/x')).rejects.toThrow('copies/x in the store is damaged');
  });

  it('refuses a document that NATS would not take, and goes on', async () => {
    const database = await lead();
    await expect(database.put('x', 'x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'too-large' });
    await database.put('x', 1);
  });
});
