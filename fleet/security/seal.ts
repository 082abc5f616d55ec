/**
 * Bytes that only their receiver can read: a key of one use (X25519), HKDF-SHA256, and AES-256-GCM in frames, so that nothing is used before it
 * is known to be whole. What is told beside them (`context`) has to be told again to open them.
 *
 * | bytes | what |
 * |---|---|
 * | 8 | `\0tsl`, version 1 as four bytes, little endian |
 * | 32 | the public key of one use |
 * | frames | of 1 MiB and a tag of 16 bytes; the last one is marked by its counter, and may be shorter |
 */
import type { webcrypto } from 'node:crypto';
import { FleetError } from '../protocol/errors';
import type { PublicKey } from './keys';

const MAGIC = Uint8Array.from([0x00, 0x74, 0x73, 0x6c, 1, 0, 0, 0]);
const KEY = 32;
const HEADER = MAGIC.length + KEY;
const FRAME = 1024 * 1024;
const TAG = 16;

type Bytes = Uint8Array<ArrayBuffer>;

export async function seal(bytes: Uint8Array, receiver: PublicKey, context: string): Promise<Uint8Array> {
  const own = (await crypto.subtle.generateKey({ name: 'X25519' }, true, [
    'deriveBits',
  ])) as webcrypto.CryptoKeyPair;
  const theirs = await crypto.subtle.importKey('jwk', receiver, { name: 'X25519' }, false, []);
  const open = new Uint8Array(await crypto.subtle.exportKey('raw', own.publicKey));
  const key = await keyOf(own.privateKey, theirs, open, context);
  const count = Math.max(1, Math.ceil(bytes.length / FRAME));
  const sealed = new Uint8Array(HEADER + bytes.length + count * TAG);
  sealed.set(MAGIC);
  sealed.set(open, MAGIC.length);
  let at = HEADER;
  for (let k = 0; k < count; k++) {
    const frame = bytes.subarray(k * FRAME, (k + 1) * FRAME) as Bytes;
    const one = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: ivOf(k, k === count - 1) }, key, frame);
    sealed.set(new Uint8Array(one), at);
    at += one.byteLength;
  }
  return sealed;
}

export async function unseal(
  sealed: Uint8Array,
  own: webcrypto.CryptoKey,
  context: string,
): Promise<Uint8Array> {
  if (sealed.length < HEADER + TAG || !MAGIC.every((byte, k) => sealed[k] === byte))
    throw new FleetError('bad-request', 'not sealed bytes of version 1');
  try {
    const open = sealed.slice(MAGIC.length, HEADER);
    const theirs = await crypto.subtle.importKey('raw', open, { name: 'X25519' }, false, []);
    const key = await keyOf(own, theirs, open, context);
    const count = Math.ceil((sealed.length - HEADER) / (FRAME + TAG));
    const bytes = new Uint8Array(sealed.length - HEADER - count * TAG);
    for (let k = 0; k < count; k++) {
      const from = HEADER + k * (FRAME + TAG);
      const frame = sealed.subarray(from, from + FRAME + TAG) as Bytes;
      const one = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: ivOf(k, k === count - 1) }, key, frame);
      bytes.set(new Uint8Array(one), k * FRAME);
    }
    return bytes;
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw new FleetError('forbidden', 'the bytes are sealed for another device, or have been changed');
  }
}

/** Frame number, and whether it is the last: so none can be left out, repeated or put elsewhere. */
function ivOf(k: number, last: boolean): Bytes {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setUint32(0, k, true);
  iv[11] = last ? 1 : 0;
  return iv;
}

async function keyOf(
  own: webcrypto.CryptoKey,
  theirs: webcrypto.CryptoKey,
  open: Uint8Array,
  context: string,
): Promise<webcrypto.CryptoKey> {
  const secret = await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, own, 256);
  const material = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  const info = new TextEncoder().encode(`tswasm-fleet seal 1 ${context}`);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: open as Bytes, info },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}
