/**
 * Signatures in modules, as tool-conventions' Signatures.md says: a custom section `signature`, the first one, holds hashes of what follows it and
 * Ed25519 signatures over them. Only a signature over the whole module counts; one that leaves parts out is none.
 */
import type { webcrypto } from 'node:crypto';
import { FleetError } from '../protocol/errors';
import { sha256 } from './digest';

/** Bytes of a key in its file, the first of which says what it is. */
const PUBLIC_KEY = { kind: 0x01, length: 33 } as const;
const KEY_PAIR = { kind: 0x81, length: 65 } as const;
const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
/** Version of the format, modules, SHA-256. */
const FORMAT = Uint8Array.of(1, 1, 1);
const ED25519 = 1;
const HASH = 32;
/** Parts of a module, signatures of it, and sets of hashes: each is hashed or tried. */
const MAX_COUNT = 64;

const utf8 = new TextEncoder();
const DOMAIN = utf8.encode('wasmsig');

interface Signature {
  readonly keyId: Uint8Array;
  readonly algorithm: number;
  readonly bytes: Uint8Array;
}
interface SignedHashes {
  /** One behind the other. */
  readonly hashes: Uint8Array;
  readonly signatures: readonly Signature[];
}

function malformed(what: string): FleetError {
  return new FleetError('bad-request', `the module's signature cannot be read: ${what}`);
}

class Reader {
  at = 0;
  constructor(private readonly bytes: Uint8Array) {}
  get done(): boolean {
    return this.at === this.bytes.length;
  }
  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw malformed('it ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const [byte] = this.take(1);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value < 2 ** 32) return value;
        break;
      }
    }
    throw malformed('a number is too large');
  }
  count(): number {
    const count = this.u32();
    if (count > MAX_COUNT) throw malformed(`more than ${MAX_COUNT} of a kind`);
    return count;
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, k) => byte === b[k]);
}

interface Parts {
  /** Contents of the section `signature`; undefined: there is none. */
  readonly signature: Uint8Array | undefined;
  /** What follows it. */
  readonly body: Uint8Array;
  /** Where in the body a part ends, in their order. The last one ends with it. */
  readonly ends: readonly number[];
}

function partsOf(module: Uint8Array): Parts {
  if (!equal(module.subarray(0, HEADER.length), HEADER)) throw malformed('this is no module');
  const reader = new Reader(module);
  reader.take(HEADER.length);
  let signature: Uint8Array | undefined;
  let start: number = HEADER.length;
  const ends: number[] = [];
  while (!reader.done) {
    const [id] = reader.take(1);
    const first = reader.at === HEADER.length + 1;
    const contents = reader.take(reader.u32());
    if (id !== 0) continue;
    const section = new Reader(contents);
    const name = new TextDecoder().decode(section.take(section.u32()));
    if (name === 'signature' && first) {
      signature = contents.subarray(section.at);
      start = reader.at;
    } else if (name === 'signature_delimiter') ends.push(reader.at - start);
    if (ends.length > MAX_COUNT) throw malformed(`more than ${MAX_COUNT} parts`);
  }
  const body = module.subarray(start);
  if (ends[ends.length - 1] !== body.length) ends.push(body.length);
  return { signature, body, ends };
}

async function hashesOf({ body, ends }: Parts): Promise<Uint8Array> {
  return joined(...(await Promise.all(ends.map((end) => sha256(body.subarray(0, end))))));
}

function readSignatures(bytes: Uint8Array): SignedHashes[] {
  const reader = new Reader(bytes);
  if (!equal(reader.take(FORMAT.length), FORMAT))
    throw malformed('its version, contents or hash are not 1, 1, 1');
  const sets: SignedHashes[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const hashes = reader.take(reader.count() * HASH);
    const signatures: Signature[] = [];
    for (let more = reader.count(); more > 0; more--) {
      const keyId = reader.take(reader.u32());
      const [algorithm] = reader.take(1);
      signatures.push({ keyId, algorithm, bytes: reader.take(reader.u32()) });
    }
    sets.push({ hashes, signatures });
  }
  if (!reader.done) throw malformed('something follows it');
  return sets;
}

function writeSignatures(sets: readonly SignedHashes[]): Uint8Array {
  const bytes = [...FORMAT, ...leb(sets.length)];
  for (const { hashes, signatures } of sets) {
    bytes.push(...leb(hashes.length / HASH), ...hashes, ...leb(signatures.length));
    for (const { keyId, algorithm, bytes: signature } of signatures)
      bytes.push(...leb(keyId.length), ...keyId, algorithm, ...leb(signature.length), ...signature);
  }
  return Uint8Array.from(bytes);
}

const messageOf = (hashes: Uint8Array) => joined(DOMAIN, FORMAT, hashes);
const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** A pair as its file has it. */
export async function newKeyPair(): Promise<{ readonly pair: Uint8Array; readonly publicKey: Uint8Array }> {
  const keys = (await crypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const open = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey));
  // The secret is the end of its PKCS #8 form.
  const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).slice(-32);
  return {
    pair: joined(Uint8Array.of(KEY_PAIR.kind), secret, open),
    publicKey: joined(Uint8Array.of(PUBLIC_KEY.kind), open),
  };
}

/** The module with one more signature. */
export async function signModule(module: Uint8Array, pair: Uint8Array): Promise<Uint8Array> {
  if (pair.length !== KEY_PAIR.length || pair[0] !== KEY_PAIR.kind)
    throw new FleetError('bad-request', 'that is no Ed25519 key pair (65 bytes, the first of them 0x81)');
  const [d, x] = [base64url(pair.subarray(1, 33)), base64url(pair.subarray(33))];
  const key = await crypto.subtle.importKey('jwk', { kty: 'OKP', crv: 'Ed25519', d, x }, 'Ed25519', false, [
    'sign',
  ]);
  const parts = partsOf(module);
  const hashes = await hashesOf(parts);
  const bytes = new Uint8Array(await crypto.subtle.sign('Ed25519', key, messageOf(hashes)));
  const mine: Signature = { keyId: new Uint8Array(0), algorithm: ED25519, bytes };
  const before = parts.signature === undefined ? [] : readSignatures(parts.signature);
  const same = before.find((one) => equal(one.hashes, hashes));
  const sets = [
    ...before.filter((one) => one !== same),
    { hashes, signatures: [...(same?.signatures ?? []), mine] },
  ];
  const name = utf8.encode('signature');
  const contents = joined(Uint8Array.from(leb(name.length)), name, writeSignatures(sets));
  return joined(HEADER, Uint8Array.from([0, ...leb(contents.length)]), contents, parts.body);
}

/** Whose signature a module has to have, by name. */
export class Signers {
  private constructor(private readonly keys: ReadonlyMap<string, webcrypto.CryptoKey>) {}

  static async of(files: ReadonlyMap<string, Uint8Array>): Promise<Signers> {
    const keys = new Map<string, webcrypto.CryptoKey>();
    for (const [name, bytes] of files) {
      if (bytes.length !== PUBLIC_KEY.length || bytes[0] !== PUBLIC_KEY.kind)
        throw new FleetError(
          'bad-request',
          `${name} is no public Ed25519 key (33 bytes, the first of them 0x01)`,
        );
      const raw = bytes.slice(1);
      keys.set(name, await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']));
    }
    return new Signers(keys);
  }

  /** Those who have signed the whole module; nobody: it is refused. */
  async check(module: Uint8Array, called: string): Promise<readonly string[]> {
    const found = await this.signersOf(module);
    if (found.length > 0) return found;
    const wanted = [...this.keys.keys()].join(', ');
    throw new FleetError('forbidden', `module ${called} is signed by none of ${wanted}, as it is now`);
  }

  private async signersOf(module: Uint8Array): Promise<string[]> {
    const parts = partsOf(module);
    if (parts.signature === undefined) return [];
    const hashes = await hashesOf(parts);
    const signatures = readSignatures(parts.signature)
      .filter((one) => equal(one.hashes, hashes))
      .flatMap((one) => one.signatures)
      .filter(({ algorithm }) => algorithm === ED25519);
    const found: string[] = [];
    for (const [name, key] of this.keys)
      for (const { bytes } of signatures)
        if (!found.includes(name) && (await verifies(key, bytes, hashes))) found.push(name);
    return found;
  }
}

function verifies(key: webcrypto.CryptoKey, signature: Uint8Array, hashes: Uint8Array): Promise<boolean> {
  return crypto.subtle.verify('Ed25519', key, signature as Uint8Array<ArrayBuffer>, messageOf(hashes));
}
