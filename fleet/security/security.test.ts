import { describe, expect, it } from 'vitest';
import type { Reply, Request } from '../protocol/client';
import { MemoryFiles } from '../store/files';
import { issue, Trust } from './certificates';
import { cryptography, useCryptography } from './cryptography';
import { sha256Hex } from './digest';
import { type Identity, identityIn, keepCertificate } from './keys';
import { Receiver, signing } from './requests';
import { Sealer, seal, Unsealer } from './seal';
import { issueTicket, MAX_SHOWN, signCheckpoint, TicketOffice } from './tickets';

async function member(authority: Identity, name: string): Promise<Identity> {
  const identity = await identityIn(new MemoryFiles());
  const { signing: key, sealing } = identity;
  identity.certificate = await issue(authority, { name, role: 'agent', signing: key, sealing, serial: 1 });
  return identity;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe('keys', () => {
  it('are made once, and kept with their certificate', async () => {
    const files = new MemoryFiles();
    const first = await identityIn(files);
    await keepCertificate(files, 'c');
    const second = await identityIn(files);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(second.certificate).toBe('c');
    expect((await identityIn(new MemoryFiles())).fingerprint).not.toBe(first.fingerprint);
  });
});

describe('signed requests', () => {
  const setUp = async () => {
    const authority = await identityIn(new MemoryFiles());
    const trust = new Trust(authority.signing);
    const receiver = new Receiver(trust);
    const seen: Request[] = [];
    const transport = async (request: Request): Promise<Reply> => {
      seen.push(request);
      const { pathname } = new URL(request.url);
      try {
        const { certificate } = await receiver.check(
          request.headers?.['authorization'],
          request.method,
          pathname,
        );
        return { status: 200, headers: {}, body: bytes(certificate.name) };
      } catch (error) {
        return { status: 401, headers: { 'liquid-nonce': receiver.nonce }, body: bytes(String(error)) };
      }
    };
    return { authority, trust, receiver, transport, seen };
  };

  it('say who asks, once, for one request', async () => {
    const { authority, trust, receiver, transport, seen } = await setUp();
    const ash = await member(authority, 'ash');
    const send = signing(transport, ash);
    const request = { method: 'POST', url: 'http://x/a', body: bytes('1') } as const;
    expect(new TextDecoder().decode((await send(request)).body)).toBe('ash');
    expect((await send(request)).status).toBe(200);
    const { headers } = seen[seen.length - 1];
    const again = (method: string, path: string) => receiver.check(headers!['authorization'], method, path);
    await expect(again('POST', '/a')).rejects.toThrow('has been made before');
    await expect(again('DELETE', '/a')).rejects.toThrow('another request');
    await expect(again('POST', '/b')).rejects.toThrow('another request');
    trust.revoke([ash.fingerprint]);
    expect(new TextDecoder().decode((await send(request)).body)).toMatch('has been revoked');
  });

  it('of strangers are refused', async () => {
    const { transport } = await setUp();
    const other = await identityIn(new MemoryFiles());
    const stranger = await member(other, 'stranger');
    const request = { method: 'GET', url: 'http://x/a' } as const;
    expect((await signing(transport, stranger)(request)).status).toBe(401);
    expect((await transport(request)).status).toBe(401);
    for (const authorization of ['Liquid ', 'Liquid a.b.c', 'Liquid e30.e30.e30', 'Bearer x'])
      expect((await transport({ ...request, headers: { authorization } })).status).toBe(401);
  });
});

describe('sealed bytes', () => {
  it('are read by their receiver alone, whole, in their context', async () => {
    const [ash, birch] = [await identityIn(new MemoryFiles()), await identityIn(new MemoryFiles())];
    for (const size of [0, 1, 1024 * 1024, 2.5 * 1024 * 1024]) {
      const plain = new Uint8Array(size).map((_, k) => k * 7);
      const sealed = await seal(plain, ash.sealing, 'c');
      expect(await sha256Hex(await new Unsealer(ash.unsealing).unseal(sealed, 'c'))).toBe(
        await sha256Hex(plain),
      );
      await expect(new Unsealer(birch.unsealing).unseal(sealed, 'c')).rejects.toMatchObject({
        code: 'forbidden',
      });
      await expect(new Unsealer(ash.unsealing).unseal(sealed, 'd')).rejects.toMatchObject({
        code: 'forbidden',
      });
      for (const at of [9, 13, 45, sealed.length - 1]) {
        const changed = sealed.slice();
        changed[at] ^= 1;
        await expect(new Unsealer(ash.unsealing).unseal(changed, 'c')).rejects.toMatchObject({
          code: 'forbidden',
        });
      }
      const cut = sealed.subarray(0, sealed.length - (size > 1024 * 1024 ? 524304 : 1));
      await expect(new Unsealer(ash.unsealing).unseal(cut, 'c')).rejects.toThrow();
    }
  });

  it('of a row are read at their place alone', async () => {
    const [ash, birch] = [await identityIn(new MemoryFiles()), await identityIn(new MemoryFiles())];
    const row = await Sealer.to(ash.sealing, 'c');
    const messages = [bytes('zero'), bytes('one'), bytes('two')];
    const sealed: Uint8Array[] = [];
    for (const message of messages) sealed.push(await row.seal(message));
    const own = new Unsealer(ash.unsealing);
    for (const [place, one] of sealed.entries()) {
      expect(await own.unseal(one, 'c', place)).toEqual(messages[place]);
      await expect(own.unseal(one, 'c', place + 1)).rejects.toMatchObject({ code: 'forbidden' });
      // Nor does it help to say another place.
      const elsewhere = one.slice();
      elsewhere[8] ^= 1;
      await expect(own.unseal(elsewhere, 'c')).rejects.toMatchObject({ code: 'forbidden' });
      await expect(new Unsealer(birch.unsealing).unseal(one, 'c', place)).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
  });
});

describe('tickets', () => {
  it('let one checkpoint in, once, at their target', async () => {
    const authority = await identityIn(new MemoryFiles());
    const trust = new Trust(authority.signing);
    const [ash, birch] = [await member(authority, 'ash'), await member(authority, 'birch')];
    const office = new TicketOffice(trust, 'cedar');
    const spec = await sha256Hex(bytes('spec'));
    const base = { execution: 'd~e', epoch: 2, target: 'cedar', spec, source: 'ash' };
    const checkpoint = bytes('state');
    const jws = await issueTicket(authority, { ...base, nonce: office.nonce() });
    const ticket = await office.read(jws);
    const signed = await signCheckpoint(ash, jws, checkpoint);
    await office.checkContents(jws, ticket, checkpoint, signed);
    await expect(office.checkContents(jws, ticket, bytes('other'), signed)).rejects.toThrow(
      'another checkpoint',
    );
    await expect(office.checkContents(jws, ticket, checkpoint, undefined)).rejects.toThrow('not signed');
    const byBirch = await signCheckpoint(birch, jws, checkpoint);
    await expect(office.checkContents(jws, ticket, checkpoint, byBirch)).rejects.toThrow('comes from birch');
    office.use(ticket);
    await expect(office.read(jws)).rejects.toThrow('has been used');
    const forged = await issueTicket(ash, { ...base, nonce: office.nonce() });
    await expect(office.read(forged)).rejects.toMatchObject({ code: 'unauthorized' });
    const elsewhere = await issueTicket(authority, { ...base, target: 'ash', nonce: office.nonce() });
    await expect(office.read(elsewhere)).rejects.toThrow('is for ash');
    await expect(office.read(ash.certificate)).rejects.toThrow('it is no ticket');
  });

  it('are verified once, though a move shows them twice', async () => {
    const own = cryptography();
    let count = 0;
    useCryptography({
      ...own,
      verifier: async (key) => {
        const verify = await own.verifier(key);
        return (told, signature) => {
          count++;
          return verify(told, signature);
        };
      },
    });
    try {
      const authority = await identityIn(new MemoryFiles());
      const office = new TicketOffice(new Trust(authority.signing), 'cedar');
      const spec = await sha256Hex(bytes('spec'));
      const base = { execution: 'd~e', epoch: 2, target: 'cedar', spec, source: 'ash' };
      const first = await issueTicket(authority, { ...base, nonce: office.nonce() });
      expect(await office.read(first)).toEqual(await office.read(first));
      expect(count).toBe(1);
      let last = first;
      for (let k = 1; k < MAX_SHOWN; k++) {
        last = await issueTicket(authority, { ...base, nonce: office.nonce() });
        await office.read(last);
      }
      expect(count).toBe(MAX_SHOWN);
      // One that is known takes nobody's place, and one more takes that of the oldest.
      for (const known of [last, last, first]) await office.read(known);
      expect(count).toBe(MAX_SHOWN);
      for (const jws of [await issueTicket(authority, { ...base, nonce: office.nonce() }), first])
        await office.read(jws);
      expect(count).toBe(MAX_SHOWN + 2);
    } finally {
      useCryptography(own);
    }
  });
});
