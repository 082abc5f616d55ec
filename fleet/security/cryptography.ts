/**
 * Digests and signatures. By Web Cryptography, which pages and workers have, they are made in other threads, and on a busy machine each waits for one:
 * a host that makes them at once says so (`useCryptography`; on Node, agent/node-world.ts does).
 */
import type { webcrypto } from 'node:crypto';

/** As a JSON Web Key: with `d`, it signs. */
export type Key = Readonly<Record<'kty' | 'crv' | 'x', string>> & { readonly d?: string };

/** Made at once, or some time later. */
type Soon<T> = T | Promise<T>;

export interface Cryptography {
  sha256(bytes: Uint8Array): Soon<Uint8Array>;
  /** Ed25519. */
  signer(key: Key): Soon<(bytes: Uint8Array) => Soon<Uint8Array>>;
  verifier(key: Key): Soon<(bytes: Uint8Array, signature: Uint8Array) => Soon<boolean>>;
}

type Bytes = Uint8Array<ArrayBuffer>;

function imported(key: Key, use: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('jwk', key, { name: 'Ed25519' }, false, [use]);
}

const webCryptography: Cryptography = {
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Bytes)),
  async signer(key) {
    const own = await imported(key, 'sign');
    return async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', own, bytes as Bytes));
  },
  async verifier(key) {
    const theirs = await imported(key, 'verify');
    return (bytes, signature) => crypto.subtle.verify('Ed25519', theirs, signature as Bytes, bytes as Bytes);
  },
};

let current = webCryptography;

export function cryptography(): Cryptography {
  return current;
}
export function useCryptography(made: Cryptography): void {
  current = made;
}
