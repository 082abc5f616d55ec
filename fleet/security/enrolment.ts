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
import { fingerprintOf, type Identity, keepCertificate, publicKey } from './keys';

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

  async revoke(one: string): Promise<void> {
    const { fingerprint } = this.member(one);
    await this.database.put(`revoked/${fingerprint}`, { name: one });
    await this.database.remove(`member/${one}`);
    this.members.delete(one);
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
