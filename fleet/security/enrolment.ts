/**
 * How a device becomes a member: somebody who is at the orchestrator makes a token, and gives it to the device. It holds a secret and the
 * orchestrator's fingerprint. The device proves the secret over its own key without sending it, and takes the certificate only from that key.
 */
import { name, oneOf, readJson, shape, text } from '../protocol/checked';
import type { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { Database } from '../store/database';
import type { Files } from '../store/files';
import { issue, type Role, Trust } from './certificates';
import { hex } from './digest';
import type { Caller } from './gate';
import { fingerprintOf, type Identity, keepCertificate, publicKey } from './keys';
import { checkProof, type RenewalRequest, type renewed } from './renewal';

const enrolRequest = shape({
  name,
  signing: publicKey,
  sealing: publicKey,
  token: text(64),
  proof: text(64),
});
export type EnrolRequest = ReturnType<typeof enrolRequest>;
export const readEnrolRequest = enrolRequest;

const enrolled = shape({ certificate: text(8192), authority: publicKey });
const pending = shape({ secret: text(64), role: oneOf('agent', 'operator') });
const member = shape({ name: text(100), role: text(16), fingerprint: text(64), sealing: publicKey });
export type MemberRecord = ReturnType<typeof member>;

async function proofOf(secret: string, member: string, fingerprint: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign']);
  const told = encoder.encode(`tswasm-fleet enrol 1\n${member}\n${fingerprint}`);
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, told)));
}

/** The orchestrator's side. */
export class Registrar {
  private serial = 0;
  private readonly members = new Map<string, MemberRecord>();
  /** Fingerprints of keys that count until their member has been heard under its new ones. */
  private readonly retiring = new Map<string, string>();

  constructor(
    private readonly authority: Identity,
    private readonly database: Database,
    readonly trust: Trust,
  ) {}

  async open(): Promise<void> {
    this.serial = Number((await this.database.get('serial'))?.value ?? 0);
    for (const { key, value } of await this.database.list('member/')) {
      const told = member(value, key);
      this.members.set(told.name, told);
    }
    for (const { key, value } of await this.database.list('retiring/'))
      this.retiring.set(key.slice('retiring/'.length), text(64)(value, key));
    const revoked = (await this.database.list('revoked/')).map(({ key }) => key.slice('revoked/'.length));
    this.trust.revoke(revoked);
  }

  async token(role: 'agent' | 'operator'): Promise<string> {
    const [id, secret] = [crypto.randomUUID(), crypto.randomUUID().replaceAll('-', '')];
    await this.database.put(`token/${id}`, { secret, role });
    return `${id}.${secret}.${this.authority.fingerprint}`;
  }

  async enrol(request: EnrolRequest): Promise<ReturnType<typeof enrolled>> {
    const entry = await this.database.get(`token/${request.token}`);
    const told = entry === undefined ? undefined : pending(entry.value, 'token');
    const fingerprint = await fingerprintOf(request.signing);
    const proof = told === undefined ? '' : await proofOf(told.secret, request.name, fingerprint);
    if (told === undefined || proof !== request.proof)
      throw new FleetError('unauthorized', 'the token has been used, or was never one of mine');
    const before = this.members.get(request.name);
    if (before !== undefined && before.fingerprint !== fingerprint)
      throw new FleetError('already-exists', `there is another ${request.name}; revoke it first`);
    await this.database.remove(`token/${request.token}`);
    return { certificate: await this.certify(request, told.role), authority: this.authority.signing };
  }

  /** A certificate for a key that is known by other means. */
  async certify(asked: Omit<EnrolRequest, 'token' | 'proof'>, role: Role): Promise<string> {
    const { name: one, signing, sealing } = asked;
    const serial = ++this.serial;
    await this.database.put('serial', serial);
    const record: MemberRecord = { name: one, role, fingerprint: await fingerprintOf(signing), sealing };
    await this.database.put(`member/${one}`, record);
    this.members.set(one, record);
    return issue(this.authority, { name: one, role, signing, sealing, serial });
  }

  /** A certificate for new keys of a device, which asks for it with its old ones. */
  async renew({ name: one, signing }: Caller, request: RenewalRequest): Promise<ReturnType<typeof renewed>> {
    const { fingerprint: known } = this.member(one);
    const [from, to] = [await fingerprintOf(signing!), await fingerprintOf(request.signing)];
    const retiring = this.retiring.get(one);
    if (from === to) throw new FleetError('bad-request', 'these are the keys that it has');
    if (from !== known && from !== retiring)
      throw new FleetError('unauthorized', `these are no keys of ${one} any more`);
    await checkProof(request, one, from);
    await this.database.put(`retiring/${one}`, from);
    this.retiring.set(one, from);
    // Others were made for it before, and it has lost them, if it does not ask for the same ones again.
    if (known !== from && known !== to) await this.revokeKey(known, one);
    return { certificate: await this.certify({ ...request, name: one }, 'agent') };
  }

  /** A device is there. Once it uses its new keys, the old ones do not count any more. */
  async hear({ name: one, signing }: Caller): Promise<void> {
    const retiring = this.retiring.get(one);
    if (retiring === undefined || signing === undefined) return;
    if ((await fingerprintOf(signing)) === this.members.get(one)?.fingerprint)
      await this.retire(one, retiring);
  }

  async revoke(one: string): Promise<void> {
    await this.revokeKey(this.member(one).fingerprint, one);
    const retiring = this.retiring.get(one);
    if (retiring !== undefined) await this.retire(one, retiring);
    await this.database.remove(`member/${one}`);
    this.members.delete(one);
  }

  private async retire(one: string, fingerprint: string): Promise<void> {
    await this.revokeKey(fingerprint, one);
    await this.database.remove(`retiring/${one}`);
    this.retiring.delete(one);
  }

  private async revokeKey(fingerprint: string, one: string): Promise<void> {
    await this.database.put(`revoked/${fingerprint}`, { name: one });
    this.trust.revoke([...this.trust.revocations, fingerprint]);
  }

  member(one: string): MemberRecord {
    const found = this.members.get(one);
    if (found === undefined) throw new FleetError('not-found', `no member ${one}`);
    return found;
  }
}

const AUTHORITY_FILE = 'authority.json';

/** Whom the folder's member trusts: undefined before it is enrolled. */
export async function trustIn(files: Files): Promise<Trust | undefined> {
  const bytes = await files.read(AUTHORITY_FILE);
  if (bytes === undefined) return undefined;
  return new Trust(readJson(new TextDecoder().decode(bytes), publicKey, AUTHORITY_FILE));
}

/** The device's side. */
export async function enrol(
  files: Files,
  identity: Identity,
  asked: string,
  orchestrator: string,
  token: string,
  client: Client,
): Promise<Trust> {
  const [id, secret, fingerprint] = token.split('.');
  if (fingerprint === undefined) throw new FleetError('bad-request', 'that is no token for enrolling');
  const { signing, sealing } = identity;
  const proof = await proofOf(secret, asked, identity.fingerprint);
  const request: EnrolRequest = { name: asked, signing, sealing, token: id, proof };
  const told = enrolled(await client.json('POST', `${orchestrator}/liquid/v1/enrol`, request), 'enrolment');
  if ((await fingerprintOf(told.authority)) !== fingerprint)
    throw new FleetError('unauthorized', `${orchestrator} is not the orchestrator that the token is of`);
  const trust = new Trust(told.authority);
  const mine = await trust.check(told.certificate);
  if ((await fingerprintOf(mine.signing)) !== identity.fingerprint)
    throw new FleetError('unauthorized', 'the certificate is for another key');
  await files.write(AUTHORITY_FILE, new TextEncoder().encode(JSON.stringify(told.authority)));
  await keepCertificate(files, told.certificate);
  identity.certificate = told.certificate;
  return trust;
}
