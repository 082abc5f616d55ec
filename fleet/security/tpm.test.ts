/** Quotes of TPMs, as swtpm 0.7.1 and tpm2-tools 5.4 have made them, and what is refused. */
import { describe, expect, it } from 'vitest';
import { FleetError } from '../protocol/errors';
import { SoftwareTpm } from '../testing/tpm';
import { qualifying } from './attestation';
import { hex } from './digest';
import { checkQuote, tpmPins } from './tpm-keys';
import { quoteDocument, readQuote } from './tpm-quote';

/** `tpm2_quote -l sha256:0,7 -q 0011...`, of an ECDSA key. */
const EC = {
  key: `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEO4r/7TBJacDlcGHqjsaLjY0aN5S8
GkMhzrg00Fws5dDQQHxqAq8NYuZroCKp/vQknlGMqL2HgnFCOlKeY13Khw==
-----END PUBLIC KEY-----
`,
  extraData: '0011223344556677889900112233445566778899001122334455667788990011',
  attest:
    'ff54434780180022000b0c66f20579abc1817a463bdcd1b210517323153c87fd7d9d7d0a0adfea033f0300200011223344556677' +
    '889900112233445566778899001122334455667788990011000000000000745200000001000000000120191023001636360000000' +
    '1000b038100000020f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b',
  signature:
    '3044022039d3533b1f54002e72b56c0f7745777db4a410cd8689497092cd115d4221594602203ec6da669a45a96ca4fe918badda7' +
    '308a7d7a6ad92005f224d049bcb629252c1',
};
const REGISTERS_0_AND_7 = 'f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'hex');
const pinOf = (pin: unknown) => tpmPins({ ash: pin }, 'pins')['ash'];

/** Seeded, so that what fails fails again. */
function* randoms(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('a quote', () => {
  it('of a TPM is read to the last byte', () => {
    const told = readQuote(bytesOf(EC.attest));
    expect(hex(told.extraData)).toBe(EC.extraData);
    expect(told.registers).toEqual([0, 7]);
    expect(hex(told.digest)).toBe(REGISTERS_0_AND_7);
  });

  it('of a TPM is signed by its key, and not for evidence that is another one', async () => {
    const quote = quoteDocument(EC, 'quote');
    const pin = pinOf({ key: EC.key, pcrs: [0, 7], digest: REGISTERS_0_AND_7 });
    // The signature has been checked before that is said.
    await expect(checkQuote(pin, quote, 'evidence')).rejects.toThrow('the quote is for other evidence');
  });

  it('that ends too early or too late at any byte is refused', () => {
    const whole = bytesOf(EC.attest);
    for (let length = 0; length < whole.length; length++)
      expect(() => readQuote(whole.subarray(0, length)), String(length)).toThrow('the quote cannot be read');
    expect(() => readQuote(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow('1 bytes follow it');
  });

  it('that is changed anywhere is refused, with an error of the catalogue', async () => {
    const evidence = 'header.payload.signature';
    const tpm = new SoftwareTpm();
    const pin = tpm.pin([0, 7]);
    const good = await tpm.quote([0, 7], await qualifying(evidence));
    await checkQuote(pin, good, evidence);
    const random = randoms(14);
    const below = (limit: number): number => Math.floor(random.next().value * limit);
    const changed = (bytes: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(bytes);
      for (let k = below(3); k >= 0; k--) copy[below(copy.length)] ^= 1 << below(8);
      return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy;
    };
    let refused = 0;
    for (let round = 0; round < 10_000; round++) {
      const attest = below(2) === 0 ? changed(good.attest) : good.attest;
      const signature = attest === good.attest ? changed(good.signature) : good.signature;
      if (hex(attest) === hex(good.attest) && hex(signature) === hex(good.signature)) continue;
      const error = await checkQuote(pin, { attest, signature }, evidence).then(
        () => undefined,
        (one: unknown) => one,
      );
      expect(error).toBeInstanceOf(FleetError);
      refused++;
    }
    expect(refused).toBeGreaterThan(9_000);
  });

  it('of other registers, other values, another key or another kind is refused', async () => {
    const evidence = 'e';
    const tpm = new SoftwareTpm();
    const data = await qualifying(evidence);
    const quote = await tpm.quote([0, 7], data);
    const pin = tpm.pin([0, 7]);
    await expect(checkQuote(pin, await tpm.quote([0], data), evidence)).rejects.toThrow(
      'the quote is of the registers 0, and 0,7 are pinned',
    );
    await expect(checkQuote(new SoftwareTpm().pin([0, 7]), quote, evidence)).rejects.toThrow(
      'not signed by the key of its TPM that is pinned',
    );
    await expect(checkQuote(pin, undefined, evidence)).rejects.toThrow('without a quote');
    tpm.extend(7, 'another boot loader');
    const later = await tpm.quote([0, 7], data);
    await expect(checkQuote(pin, later, evidence)).rejects.toThrow('the registers 0,7 have the digest');
    await checkQuote(tpm.pin([0, 7], false), later, evidence);
  });
});

describe('pinned keys', () => {
  it('are those that TPMs sign with', () => {
    const good = { key: EC.key, pcrs: [0, 7] };
    const refused: readonly (readonly [object, string])[] = [
      [{ key: 'none' }, 'pins.ash.key: expected a public key in PEM'],
      [{ pcrs: [] }, 'pins.ash.pcrs: expected registers in ascending order'],
      [{ pcrs: [7, 0] }, 'pins.ash.pcrs: expected registers in ascending order'],
      [{ pcrs: [24] }, 'pins.ash.pcrs[0]: expected a register from 0 to 23'],
      [{ digest: 'none' }, 'pins.ash.digest: expected a SHA-256'],
    ];
    for (const [change, message] of refused) expect(() => pinOf({ ...good, ...change })).toThrow(message);
    expect(() => tpmPins({ '../ash': good }, 'pins')).toThrow('expected a name');
    expect(pinOf(good).pcrs).toEqual([0, 7]);
  });
});
