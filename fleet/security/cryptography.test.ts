/** Node's cryptography and Web Cryptography are the same; and what is signed is read strictly. */
import { CompactSign, compactVerify, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from '../store/files';
import { type Cryptography, cryptography, useCryptography } from './cryptography';
import { payloadOf, signed } from './jws';
import { identityIn, verified } from './keys';
import { nodeCryptography } from './node-cryptography';

const web = cryptography();
const BOTH: readonly (readonly [string, Cryptography])[] = [
  ['web', web],
  ['node', nodeCryptography],
];

async function keys() {
  const files = new MemoryFiles();
  const { signing } = await identityIn(files);
  const { signing: own } = JSON.parse(new TextDecoder().decode(await files.read('identity.json')));
  return { signing, own };
}

describe.each(BOTH)('%s', (_, mine) => {
  it.each(BOTH)('verifies what %s signs, and nothing else', async (__, other) => {
    const { signing, own } = await keys();
    const bytes = new TextEncoder().encode('told');
    const signature = await (await other.signer(own))(bytes);
    const verify = await mine.verifier(signing);
    expect(await verify(bytes, signature)).toBe(true);
    for (let k = 0; k < signature.length * 8; k += 37) {
      const bad = Uint8Array.from(signature);
      bad[k >> 3] ^= 1 << (k & 7);
      expect(await verify(bytes, bad)).toBe(false);
    }
    expect(await verify(bytes.subarray(1), signature)).toBe(false);
    expect(await (await mine.verifier((await keys()).signing))(bytes, signature)).toBe(false);
  });

  it.each([0, 1, 100, 64 * 1024, 64 * 1024 + 1])(
    'makes the digest of %i bytes as the other does',
    async (length) => {
      const bytes = Uint8Array.from({ length }, (__, k) => k * 7);
      const [one, other] = await Promise.all([mine.sha256(bytes), crypto.subtle.digest('SHA-256', bytes)]);
      expect([...one]).toEqual([...new Uint8Array(other)]);
    },
  );

  it.each(BOTH)('opens what %s seals, and nothing that has been changed', async (__, other) => {
    const [key, iv] = [new Uint8Array(32).fill(7), new Uint8Array(12).fill(9)];
    const [ours, theirs] = await Promise.all([mine.cipher(key), other.cipher(key)]);
    for (const length of [0, 1, 100, 64 * 1024, 64 * 1024 + 1]) {
      const bytes = Uint8Array.from({ length }, (_value, k) => k * 7);
      const sealed = await theirs.seal(iv, bytes);
      expect(sealed).toHaveLength(length + 16);
      expect(Buffer.compare(await ours.open(iv, sealed), bytes)).toBe(0);
      for (const at of [0, length, length + 15]) {
        const bad = Uint8Array.from(sealed);
        bad[at] ^= 1;
        await expect((async () => ours.open(iv, bad))()).rejects.toThrow();
      }
      for (const cut of [sealed.subarray(1), sealed.subarray(0, -1), sealed.subarray(0, 15)])
        await expect((async () => ours.open(iv, cut))()).rejects.toThrow();
      await expect((async () => ours.open(new Uint8Array(12), sealed))()).rejects.toThrow();
    }
  });

  it('makes documents that identities give, whichever is in use', async () => {
    useCryptography(mine);
    const identity = await identityIn(new MemoryFiles());
    const jws = await identity.sign('ticket', { a: 'é' });
    expect(await verified(jws, 'ticket', identity.signing, (value) => value)).toEqual({ a: 'é' });
    useCryptography(web);
  });
});

describe('signed documents', () => {
  const given = async () => {
    const { signing, own } = await keys();
    return { signing, own, sign: await web.signer(own), verify: await web.verifier(signing) };
  };

  it('are those of other libraries', async () => {
    const { signing, own, sign, verify } = await given();
    const ours = await signed({ a: 1 }, 'x', sign);
    const key = await importJWK({ ...signing, alg: 'EdDSA' }, 'EdDSA');
    const { payload, protectedHeader } = await compactVerify(ours, key, { algorithms: ['EdDSA'] });
    expect([new TextDecoder().decode(payload), protectedHeader.typ]).toEqual(['{"a":1}', 'liquid-x']);
    const theirs = await new CompactSign(new TextEncoder().encode('{"b":2}'))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'liquid-x' })
      .sign(await importJWK({ ...own, alg: 'EdDSA' }, 'EdDSA'));
    expect(await payloadOf(theirs, 'x', verify)).toBe('{"b":2}');
  });

  const part = (document: unknown) => Buffer.from(JSON.stringify(document)).toString('base64url');
  it.each([
    ['no algorithm', { alg: 'none', typ: 'liquid-x' }, 'something else than EdDSA'],
    ['another algorithm', { alg: 'HS256', typ: 'liquid-x' }, 'something else than EdDSA'],
    [
      'something that has to be understood',
      { alg: 'EdDSA', typ: 'liquid-x', crit: ['exp'] },
      'something else',
    ],
    ['another kind', { alg: 'EdDSA', typ: 'liquid-y' }, 'it is no x'],
    ['no object', null, 'something else than EdDSA'],
  ])('with a header of %s are refused, though their signature is right', async (_, header, reason) => {
    const { sign, verify } = await given();
    const told = `${part(header)}.${part({ a: 1 })}`;
    const signature = Buffer.from(await sign(new TextEncoder().encode(told))).toString('base64url');
    await expect(payloadOf(`${told}.${signature}`, 'x', verify)).rejects.toThrow(reason);
  });

  it('are refused when anything in them is changed', async () => {
    const { sign, verify } = await given();
    const jws = await signed({ a: 1 }, 'x', sign);
    const signatureAt = jws.lastIndexOf('.') + 1;
    for (let k = 0; k < jws.length - 1; k++) {
      if (k === signatureAt - 1) continue;
      const other = jws[k] === 'A' ? 'B' : 'A';
      await expect(payloadOf(jws.slice(0, k) + other + jws.slice(k + 1), 'x', verify)).rejects.toThrow();
    }
    for (const wrong of ['', 'a.b', `${jws}.x`, ` ${jws}`, jws.replace('.', '.=')])
      await expect(payloadOf(wrong, 'x', verify)).rejects.toThrow();
  });
});
