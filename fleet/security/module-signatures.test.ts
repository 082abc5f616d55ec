import { Module } from 'tswasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { assemble, STATEFUL } from '../testing/modules';
import { newKeyPair, Signers, signModule } from './module-signatures';

const DELIMITER = [
  0,
  36,
  19,
  ...new TextEncoder().encode('signature_delimiter'),
  ...new Array<number>(16).fill(7),
];
const EXTRA = [0, 3, 1, 0x78, 9];

let module: Uint8Array;
let [alice, bob]: Awaited<ReturnType<typeof newKeyPair>>[] = [];
let both: Signers;
beforeAll(async () => {
  module = await assemble(STATEFUL);
  [alice, bob] = [await newKeyPair(), await newKeyPair()];
  both = await Signers.of(
    new Map([
      ['alice', alice.publicKey],
      ['bob', bob.publicKey],
    ]),
  );
});

describe('signatures of modules', () => {
  it('say who has signed the whole of it, one or several', async () => {
    const once = await signModule(module, alice.pair);
    expect(await both.check(once, 'm')).toEqual(['alice']);
    expect(await both.check(await signModule(once, bob.pair), 'm')).toEqual(['alice', 'bob']);
    expect(Module.decode(once).exports.map(({ name }) => name)).toContain('fibo');
  });

  it('have the bytes that the convention says', async () => {
    const signed = await signModule(module, alice.pair);
    const header = [
      0,
      9 + 1 + 3 + 1 + 1 + 32 + 1 + 1 + 1 + 1 + 64,
      9,
      ...new TextEncoder().encode('signature'),
    ];
    expect([...signed.subarray(8, 8 + header.length + 5)]).toEqual([...header, 1, 1, 1, 1, 1]);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', module.slice(8)));
    const at = 8 + header.length + 5;
    expect([...signed.subarray(at, at + 36)]).toEqual([...hash, 1, 0, 1, 64]);
    expect([...signed.subarray(at + 36 + 64)]).toEqual([...module.subarray(8)]);
  });

  it('cover modules in parts', async () => {
    const parts = Uint8Array.from([...module, ...DELIMITER, ...EXTRA, ...DELIMITER]);
    const signed = await signModule(parts, alice.pair);
    expect(await both.check(signed, 'm')).toEqual(['alice']);
    // What is added behind them has been signed by nobody.
    const more = Uint8Array.from([...signed, ...EXTRA]);
    await expect(both.check(more, 'm')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('are none when a byte differs, a stranger has signed, or there is none', async () => {
    const signed = await signModule(module, alice.pair);
    for (let at = 8; at < signed.length; at += 3) {
      const changed = signed.slice();
      changed[at] ^= 0x10;
      await expect(both.check(changed, 'm')).rejects.toMatchObject({
        code: expect.stringMatching(/forbidden|bad-request/),
      });
    }
    const stranger = await signModule(module, (await newKeyPair()).pair);
    await expect(both.check(stranger, 'm')).rejects.toThrow('is signed by none of alice, bob');
    await expect(both.check(module, 'm')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(both.check(Uint8Array.of(1, 2), 'm')).rejects.toMatchObject({ code: 'bad-request' });
    for (let length = 9; length < 140; length++)
      await expect(both.check(signed.subarray(0, length), 'm')).rejects.toMatchObject({
        code: expect.stringMatching(/forbidden|bad-request/),
      });
  });

  it('are made and asked for with keys of their kind alone', async () => {
    await expect(signModule(module, alice.publicKey)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(Signers.of(new Map([['x', alice.pair]]))).rejects.toMatchObject({ code: 'bad-request' });
  });
});
