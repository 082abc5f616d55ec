/**
 * Digests, signatures and sealed frames. By Web Cryptography, which pages and workers have, they are made in other threads, and on a busy machine each waits for one:
 * a host that makes them at once says so (`useCryptography`; on Node, agent/node-world.ts does).
 */
import type { webcrypto } from 'node:crypto';

/** As a JSON Web Key: with `d`, it signs. */
export type Key = Readonly<Record<'kty' | 'crv' | 'x', string>> & { readonly d?: string };

/** Made at once, or some time later. */
type Soon<T> = T | Promise<T>;

/** AES-256-GCM under one key: a tag of 16 bytes stands behind what is sealed. `open` throws when one of its bytes is another. */
export interface Cipher {
  seal(iv: Uint8Array, bytes: Uint8Array): Soon<Uint8Array>;
  open(iv: Uint8Array, sealed: Uint8Array): Soon<Uint8Array>;
}

export interface Cryptography {
  sha256(bytes: Uint8Array): Soon<Uint8Array>;
  /** Ed25519. */
  signer(key: Key): Soon<(bytes: Uint8Array) => Soon<Uint8Array>>;
  verifier(key: Key): Soon<(bytes: Uint8Array, signature: Uint8Array) => Soon<boolean>>;
  /** With a key of 32 bytes. */
  cipher(key: Uint8Array): Soon<Cipher>;
}

type Bytes = Uint8Array<ArrayBuffer>;

function imported(key: Key, use: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('jwk', key, { name: 'Ed25519' }, false, [use]);
}

export async function webCipher(key: Uint8Array): Promise<Cipher> {
  const own = await crypto.subtle.importKey('raw', key as Bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const by = (iv: Uint8Array) => ({ name: 'AES-GCM', iv: iv as Bytes });
  return {
    seal: async (iv, bytes) => new Uint8Array(await crypto.subtle.encrypt(by(iv), own, bytes as Bytes)),
    open: async (iv, sealed) => new Uint8Array(await crypto.subtle.decrypt(by(iv), own, sealed as Bytes)),
  };
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
  cipher: webCipher,
};

let current = webCryptography;

export function cryptography(): Cryptography {
  return current;
}
export function useCryptography(made: Cryptography): void {
  current = made;
}
