/**
 * Who a member of the fleet is: an Ed25519 key that signs, an X25519 key to which what it shall get is sealed, and a certificate by which the
 * orchestrator says so. The keys are made at the first start and never leave the folder.
 */
import type { webcrypto } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Reader, readJson, shape, text } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import type { Files } from '../store/files';
import { cryptography } from './cryptography';
import { payloadOf, signed } from './jws';

const jwk = shape({ kty: text(8), crv: text(16), x: text(64) });
const privateJwk = shape({ kty: text(8), crv: text(16), x: text(64), d: text(64) });
export type PublicKey = ReturnType<typeof jwk>;
export type PrivateKey = ReturnType<typeof privateJwk>;
export const publicKey: Reader<PublicKey> = jwk;

const stored = shape({ signing: privateJwk, sealing: privateJwk, certificate: text(8192) });

export interface Identity {
  /** Of the signing key: SHA-256 as RFC 7638 says. */
  readonly fingerprint: string;
  readonly signing: PublicKey;
  readonly sealing: PublicKey;
  readonly unsealing: webcrypto.CryptoKey;
  /** A compact JWS over the document. */
  sign(kind: string, payload: unknown): Promise<string>;
  /** As the orchestrator gave it; empty before that. */
  certificate: string;
}

interface Stored {
  readonly signing: PrivateKey;
  readonly sealing: PrivateKey;
  readonly certificate: string;
}

const open = ({ kty, crv, x }: PrivateKey): PublicKey => ({ kty, crv, x });
const whole = (key: JWK): PrivateKey => privateJwk(key, 'a new key');

/** What a member's folder has its keys in. */
export const IDENTITY_FILE = 'identity.json';

/** The identity in the folder; a new one when there is none. */
export async function identityIn(files: Files, file = IDENTITY_FILE): Promise<Identity> {
  const bytes = await files.read(file);
  const kept: Stored =
    bytes === undefined ? await newKeys() : readJson(new TextDecoder().decode(bytes), stored, file);
  const identity = await identityOf(kept);
  if (bytes === undefined) await saveIdentity(files, kept, '', file);
  return identity;
}

/** Keeps the certificate beside the keys. */
export async function keepCertificate(
  files: Files,
  certificate: string,
  file = IDENTITY_FILE,
): Promise<void> {
  const bytes = await files.read(file);
  if (bytes === undefined) throw new FleetError('internal', `there is no ${file}`);
  await saveIdentity(files, readJson(new TextDecoder().decode(bytes), stored, file), certificate, file);
}

function saveIdentity(files: Files, kept: Stored, certificate: string, file: string): Promise<void> {
  const document = JSON.stringify({ ...kept, certificate });
  return files.write(file, new TextEncoder().encode(document));
}

async function newKeys(): Promise<Stored> {
  const signing = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const sealing = await crypto.subtle.generateKey({ name: 'X25519' }, true, ['deriveBits']);
  return {
    signing: whole(await exportJWK(signing.privateKey)),
    sealing: whole(await exportJWK((sealing as webcrypto.CryptoKeyPair).privateKey)),
    certificate: '',
  };
}

async function identityOf({ signing, sealing, certificate }: Stored): Promise<Identity> {
  const sign = await cryptography().signer(signing);
  const unsealing = await crypto.subtle.importKey('jwk', sealing, { name: 'X25519' }, false, ['deriveBits']);
  return {
    fingerprint: await fingerprintOf(open(signing)),
    signing: open(signing),
    sealing: open(sealing),
    unsealing,
    certificate,
    sign: (kind, payload) => signed(payload, kind, sign),
  };
}

export function fingerprintOf(key: PublicKey): Promise<string> {
  return calculateJwkThumbprint(key);
}

/** Verifiers, as long as the documents are there that tell of their keys: making one takes as long as a signature. */
const verifiers = new WeakMap<PublicKey, ReturnType<ReturnType<typeof cryptography>['verifier']>>();

function verifierOf(key: PublicKey): ReturnType<ReturnType<typeof cryptography>['verifier']> {
  if (key.kty !== 'OKP' || key.crv !== 'Ed25519') throw new Error('its key is none of Ed25519');
  const known = verifiers.get(key) ?? cryptography().verifier(key);
  verifiers.set(key, known);
  return known;
}

/** The document that `key` has signed as one of this kind. */
export async function verified<T>(jws: string, kind: string, key: PublicKey, reader: Reader<T>): Promise<T> {
  try {
    const payload = await payloadOf(jws, kind, await verifierOf(key));
    return readJson(payload, reader, kind);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw new FleetError(
      'unauthorized',
      `the ${kind} is not signed as it should be: ${(error as Error).message}`,
    );
  }
}

/** What a token says, by whomever it is: to learn whose key its signature is to be checked with. */
export function unverified<T>(
  jws: string,
  kind: string,
  reader: Reader<T>,
  code: 'unauthorized' | 'forbidden' = 'unauthorized',
): T {
  try {
    const [, payload] = jws.split('.');
    return readJson(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), reader, kind);
  } catch {
    throw new FleetError(code, `the ${kind} cannot be read`);
  }
}
