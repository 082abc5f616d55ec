/** Node's own cryptography: small things at once, large ones in another thread while this one goes on. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { Cryptography } from './cryptography';

/** Bytes whose digest takes longer than it takes to have another thread make it, and wait for it. */
const LARGE = 64 * 1024;

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
};
