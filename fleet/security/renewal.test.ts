import { beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../protocol/client';
import { JournalDatabase } from '../store/database';
import { MemoryFiles } from '../store/files';
import { Trust } from './certificates';
import { Registrar } from './enrolment';
import { IDENTITY_FILE, type Identity, identityIn, keepCertificate } from './keys';
import { isRenewing, type RenewalRequest, renew } from './renewal';

const ORCHESTRATOR = 'http://orchestrator';
let trust: Trust;
let registrar: Registrar;
let files: MemoryFiles;
let ash: Identity;
/** Whether the orchestrator's answer is lost. */
let isLost: boolean;
beforeEach(async () => {
  const authority = await identityIn(new MemoryFiles());
  trust = new Trust(authority.signing);
  const database = new JournalDatabase(new MemoryFiles());
  await database.open();
  registrar = new Registrar(authority, database, trust);
  await registrar.open();
  files = new MemoryFiles();
  ash = await identityIn(files);
  await keepCertificate(files, await registrar.certify({ ...ash, name: 'ash' }, 'agent'));
  ash = await identityIn(files);
  isLost = false;
});

/** What the gate makes of a request that is signed so. */
async function callerWith({ certificate }: Identity) {
  return trust.check(certificate);
}
const clientOf = (identity: Identity, change: (request: RenewalRequest) => object = (request) => request) =>
  new Client(async ({ body }) => {
    const request = change(JSON.parse(new TextDecoder().decode(body))) as RenewalRequest;
    const answer = await registrar.renew(await callerWith(identity), request);
    if (isLost) throw new Error('the connection has ended');
    return { status: 201, headers: {}, body: new TextEncoder().encode(JSON.stringify(answer)) };
  });
const renewed = (identity = ash, change?: (request: RenewalRequest) => object) =>
  renew(files, trust, identity, 'ash', ORCHESTRATOR, clientOf(identity, change));

describe('new keys', () => {
  it('are used from then on, and the old ones until they have been heard', async () => {
    const next = await renewed();
    expect(next.fingerprint).not.toBe(ash.fingerprint);
    expect((await identityIn(files)).certificate).toBe(next.certificate);
    expect(await isRenewing(files)).toBe(false);
    expect(registrar.member('ash').fingerprint).toBe(next.fingerprint);
    const told = await trust.check(next.certificate);
    expect(told.serial).toBeGreaterThan((await trust.check(ash.certificate)).serial);
    await registrar.hear(await callerWith(ash));
    expect((await callerWith(ash)).name).toBe('ash');
    await registrar.hear(await callerWith(next));
    await expect(callerWith(ash)).rejects.toThrow('has been revoked');
    expect((await callerWith(next)).name).toBe('ash');
  });

  it('are asked for again, and are the same, when the answer was lost', async () => {
    isLost = true;
    await expect(renewed()).rejects.toThrow('the connection has ended');
    expect(await isRenewing(files)).toBe(true);
    expect((await identityIn(files)).fingerprint).toBe(ash.fingerprint);
    const { fingerprint } = registrar.member('ash');
    isLost = false;
    expect((await renewed()).fingerprint).toBe(fingerprint);
    expect(trust.revocations).toEqual([]);
  });

  it('are others when the device has lost those, which do not count any more', async () => {
    isLost = true;
    await expect(renewed()).rejects.toThrow();
    const lost = registrar.member('ash').fingerprint;
    isLost = false;
    await files.remove('identity.next.json');
    const next = await renewed();
    expect(trust.revocations).toEqual([lost]);
    await registrar.hear(await callerWith(next));
    expect(trust.revocations).toEqual([lost, ash.fingerprint]);
  });

  it('can be had again and again', async () => {
    const before: Identity[] = [];
    for (let k = 0; k < 3; k++) {
      before.push(await identityIn(files));
      await registrar.hear(await callerWith(await renewed(before[k])));
    }
    expect(trust.revocations).toEqual(before.map(({ fingerprint }) => fingerprint));
  });

  it('outlast the orchestrator that has certified them', async () => {
    const database = new JournalDatabase(new MemoryFiles());
    await database.open();
    const authority = await identityIn(new MemoryFiles());
    trust = new Trust(authority.signing);
    registrar = new Registrar(authority, database, trust);
    ash.certificate = await registrar.certify({ ...ash, name: 'ash' }, 'agent');
    const next = await renewed();
    trust = new Trust(authority.signing);
    registrar = new Registrar(authority, database, trust);
    await registrar.open();
    await registrar.hear(await callerWith(next));
    await expect(callerWith(ash)).rejects.toThrow('has been revoked');
  });

  it('do not outlast their device being revoked, nor do the old ones', async () => {
    const next = await renewed();
    await registrar.revoke('ash');
    await expect(callerWith(ash)).rejects.toThrow('has been revoked');
    await expect(callerWith(next)).rejects.toThrow('has been revoked');
  });
});

describe('refused, and nothing has changed', () => {
  const unchanged = async () => {
    expect(registrar.member('ash').fingerprint).toBe(ash.fingerprint);
    expect(trust.revocations).toEqual([]);
    expect(new TextDecoder().decode((await files.read(IDENTITY_FILE))!)).toContain(ash.certificate);
  };

  it('are keys that the sender has not got', async () => {
    const other = await identityIn(new MemoryFiles());
    await expect(renewed(ash, (request) => ({ ...request, signing: other.signing }))).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await unchanged();
  });

  it('is a proof of another renewal', async () => {
    const birch = await identityIn(new MemoryFiles());
    birch.certificate = await registrar.certify({ ...birch, name: 'birch' }, 'agent');
    const proof = (await identityIn(files, 'other.json')).sign('renewal', {
      name: 'birch',
      from: birch.fingerprint,
    });
    const { signing, sealing } = await identityIn(files, 'other.json');
    const stolen = { signing, sealing, proof: await proof };
    await expect(registrar.renew(await callerWith(ash), stolen)).rejects.toThrow('of another renewal');
    await unchanged();
  });

  it('are the keys that it has', async () => {
    const { signing, sealing } = ash;
    const proof = await ash.sign('renewal', { name: 'ash', from: ash.fingerprint });
    await expect(registrar.renew(await callerWith(ash), { signing, sealing, proof })).rejects.toThrow(
      'these are the keys that it has',
    );
    await unchanged();
  });

  it('is a request with keys that are older than the last ones', async () => {
    const second = await renewed();
    await registrar.hear(await callerWith(second));
    const caller = { name: 'ash', role: 'agent' as const, signing: ash.signing };
    const { signing, sealing } = await identityIn(files, 'other.json');
    await expect(registrar.renew(caller, { signing, sealing, proof: 'a.b.c' })).rejects.toThrow(
      'these are no keys of ash any more',
    );
  });
});
