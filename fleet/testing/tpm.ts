/** TPMs for tests: one made of a key and a list of registers, which says what a real one says. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Quoter } from '../security/attestation';
import { type TpmPin, tpmPins } from '../security/tpm-keys';

const sized = (bytes: Uint8Array): Uint8Array => Buffer.concat([number(2, bytes.length), bytes]);
const number = (width: number, value: number): Uint8Array => {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, width > 6 ? width - 6 : 0, Math.min(width, 6));
  return bytes;
};

export class SoftwareTpm {
  private readonly privateKey: KeyObject;
  /** In PEM. */
  readonly key: string;
  /** Values of the SHA-256 bank. */
  readonly registers = Array.from({ length: 24 }, () => Buffer.alloc(32));

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.privateKey = privateKey;
    this.key = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  extend(register: number, bytes: string): void {
    const digest = createHash('sha256').update(bytes).digest();
    this.registers[register] = createHash('sha256')
      .update(Buffer.concat([this.registers[register], digest]))
      .digest();
  }

  private digestOf(pcrs: readonly number[]): Buffer {
    return createHash('sha256')
      .update(Buffer.concat(pcrs.map((k) => this.registers[k])))
      .digest();
  }

  /** What an orchestrator is told of it now. */
  pin(pcrs: readonly number[], values = true): TpmPin {
    const digest = values ? this.digestOf(pcrs).toString('hex') : undefined;
    return tpmPins({ it: { key: this.key, pcrs, digest } }, 'pins')['it'];
  }

  readonly quote: Quoter = async (pcrs, qualifying) => {
    const bits = Buffer.alloc(3);
    for (const k of pcrs) bits[k >> 3] |= 1 << (k & 7);
    const attest = Buffer.concat([
      number(4, 0xff544347),
      number(2, 0x8018),
      sized(Buffer.alloc(34)),
      sized(qualifying),
      // Clock, resets, restarts, "safe", version of the firmware.
      number(8, 1000),
      number(4, 1),
      number(4, 0),
      number(1, 1),
      number(8, 1),
      number(4, 1),
      number(2, 0x000b),
      number(1, bits.length),
      bits,
      sized(this.digestOf(pcrs)),
    ]);
    return { attest, signature: sign('sha256', attest, this.privateKey) };
  };
}
