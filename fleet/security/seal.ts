/**
 * Bytes that only their receiver can read: a key of one use (X25519), HKDF-SHA256, and AES-256-GCM in frames, so that nothing is used before it
 * is known to be whole. What is told beside them (`context`) has to be told again to open them. One key serves a row of messages, each of which is
 * sealed for its place in the row.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `\0tsl`, version 2 as four bytes, little endian |
 * | 4 | the place in the row, from 0, little endian |
 * | 32 | the public key of one use |
 * | frames | of 1 MiB and a tag of 16 bytes; the last one is marked by its counter, and may be shorter |
 */
import type { webcrypto } from 'node:crypto';
import { FleetError } from '../protocol/errors';
import { type Cipher, cryptography } from './cryptography';
import { hex } from './digest';
import type { PublicKey } from './keys';

const MAGIC = Uint8Array.from([0x00, 0x74, 0x73, 0x6c, 2, 0, 0, 0]);
const OPEN = MAGIC.length + 4;
const KEY = 32;
const HEADER = OPEN + KEY;
const FRAME = 1024 * 1024;
const TAG = 16;
/** Rows whose key is remembered: more than the moves that come to a device at one time. */
const MAX_ROWS = 64;

type Bytes = Uint8Array<ArrayBuffer>;

/** Seals a row of messages to one receiver in one context. */
export class Sealer {
  /** Messages so far: the place of the next one. No two have the same, which the cipher asks for. */
  count = 0;

  private constructor(
    private readonly open: Bytes,
    private readonly cipher: Cipher,
  ) {}

  static async to(receiver: PublicKey, context: string): Promise<Sealer> {
    const own = (await crypto.subtle.generateKey({ name: 'X25519' }, true, [
      'deriveBits',
    ])) as webcrypto.CryptoKeyPair;
    const theirs = await crypto.subtle.importKey('jwk', receiver, { name: 'X25519' }, false, []);
    const open = new Uint8Array(await crypto.subtle.exportKey('raw', own.publicKey));
    return new Sealer(open, await cipherOf(own.privateKey, theirs, open, context));
  }

  async seal(bytes: Uint8Array): Promise<Uint8Array> {
    const place = this.count++;
    const count = Math.max(1, Math.ceil(bytes.length / FRAME));
    const sealed = new Uint8Array(HEADER + bytes.length + count * TAG);
    sealed.set(MAGIC);
    new DataView(sealed.buffer).setUint32(MAGIC.length, place, true);
    sealed.set(this.open, OPEN);
    for (let k = 0; k < count; k++) {
      const frame = bytes.subarray(k * FRAME, (k + 1) * FRAME);
      const iv = ivOf(place, k, k === count - 1);
      sealed.set(await this.cipher.seal(iv, frame), HEADER + k * (FRAME + TAG));
    }
    return sealed;
  }
}

export async function seal(bytes: Uint8Array, receiver: PublicKey, context: string): Promise<Uint8Array> {
  return (await Sealer.to(receiver, context)).seal(bytes);
}

/** Opens what is sealed to one key. */
export class Unsealer {
  private readonly ciphers = new Map<string, Promise<Cipher>>();

  constructor(private readonly own: webcrypto.CryptoKey) {}

  /** `place` in the row, where the receiver knows which one is to come. */
  async unseal(sealed: Uint8Array, context: string, place?: number): Promise<Uint8Array> {
    if (sealed.length < HEADER + TAG || !MAGIC.every((byte, k) => sealed[k] === byte))
      throw new FleetError('bad-request', 'not sealed bytes of version 2');
    const told = new DataView(sealed.buffer, sealed.byteOffset).getUint32(MAGIC.length, true);
    try {
      if (place !== undefined && told !== place) throw new Error(`it is number ${told} of its row`);
      const cipher = await this.cipherFor(sealed.slice(OPEN, HEADER), context);
      const count = Math.ceil((sealed.length - HEADER) / (FRAME + TAG));
      const bytes = new Uint8Array(sealed.length - HEADER - count * TAG);
      for (let k = 0; k < count; k++) {
        const from = HEADER + k * (FRAME + TAG);
        const frame = sealed.subarray(from, from + FRAME + TAG);
        const iv = ivOf(told, k, k === count - 1);
        const one = await cipher.open(iv, frame);
        if (count === 1) return one;
        bytes.set(one, k * FRAME);
      }
      return bytes;
    } catch {
      throw new FleetError('forbidden', 'the bytes are sealed for another device, or have been changed');
    }
  }

  private cipherFor(open: Bytes, context: string): Promise<Cipher> {
    const row = `${hex(open)} ${context}`;
    const known = this.ciphers.get(row);
    if (known !== undefined) return known;
    const [oldest] = this.ciphers.keys();
    if (this.ciphers.size >= MAX_ROWS) this.ciphers.delete(oldest);
    const made = this.derive(open, context);
    this.ciphers.set(row, made);
    return made;
  }
  private async derive(open: Bytes, context: string): Promise<Cipher> {
    const theirs = await crypto.subtle.importKey('raw', open, { name: 'X25519' }, false, []);
    return cipherOf(this.own, theirs, open, context);
  }
}

/** Place in the row, frame number, and whether it is the last: so none can be left out, repeated or put elsewhere. */
function ivOf(place: number, k: number, last: boolean): Uint8Array {
  const iv = new Uint8Array(12);
  const view = new DataView(iv.buffer);
  view.setUint32(0, k, true);
  view.setUint32(4, place, true);
  iv[11] = last ? 1 : 0;
  return iv;
}

async function cipherOf(
  own: webcrypto.CryptoKey,
  theirs: webcrypto.CryptoKey,
  open: Uint8Array,
  context: string,
): Promise<Cipher> {
  const secret = await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, own, 256);
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(`tswasm-fleet seal 1 ${context}`);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: open as Bytes, info };
  return cryptography().cipher(new Uint8Array(await crypto.subtle.deriveBits(how, material, 256)));
}
