/** Node's own cryptography: small things at once, large ones in another thread while this one goes on. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto';
import { type Cipher, type Cryptography, webCipher } from './cryptography';

/** Bytes whose digest, or seal, takes longer than it takes to have another thread make it, and wait for it. */
const LARGE = 256 * 1024;
const TAG = 16;

/** What is small, at once. */
async function cipher(key: Uint8Array): Promise<Cipher> {
  const inThread = await webCipher(key);
  return {
    seal(iv, bytes) {
      if (bytes.length > LARGE) return inThread.seal(iv, bytes);
      const made = createCipheriv('aes-256-gcm', key, iv);
      const sealed = new Uint8Array(bytes.length + TAG);
      sealed.set(made.update(bytes));
      // This cipher holds nothing back.
      made.final();
      sealed.set(made.getAuthTag(), bytes.length);
      return sealed;
    },
    open(iv, sealed) {
      if (sealed.length > LARGE) return inThread.open(iv, sealed);
      const made = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG });
      const end = Math.max(0, sealed.length - TAG);
      made.setAuthTag(sealed.subarray(end));
      const bytes = new Uint8Array(end);
      bytes.set(made.update(sealed.subarray(0, end)));
      made.final();
      return bytes;
    },
  };
}

export const nodeCryptography: Cryptography = {
  sha256(bytes) {
    if (bytes.length <= LARGE) return createHash('sha256').update(bytes).digest();
    return crypto.subtle
      .digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
      .then((digest) => new Uint8Array(digest));
  },
  signer(key) {
    const own = createPrivateKey({ key, format: 'jwk' });
    return (bytes) => sign(null, bytes, own);
  },
  verifier(key) {
    const theirs = createPublicKey({ key, format: 'jwk' });
    return (bytes, signature) => verify(null, bytes, theirs, signature);
  },
  cipher,
};
