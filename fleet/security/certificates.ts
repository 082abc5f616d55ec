/** Certificates: the orchestrator says whose a key is. And what a member trusts: that one key, and what it has not taken back. */
import { integer, oneOf, type Reader, shape, text } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { fingerprintOf, type Identity, type PublicKey, publicKey, verified } from './keys';

/** An observer reads numbers, and nothing else. */
export const ROLES = ['orchestrator', 'agent', 'operator', 'observer'] as const;
export type Role = (typeof ROLES)[number];

const certificate = shape({
  name: text(100),
  role: oneOf(...ROLES),
  signing: publicKey,
  sealing: publicKey,
  /** Counts the certificates of the fleet: a newer one takes the place of an older. */
  serial: integer(1),
});
export type Certificate = ReturnType<typeof certificate>;

export function issue(authority: Identity, told: Certificate): Promise<string> {
  return authority.sign('certificate', told);
}

/** What a member of the fleet believes. */
export class Trust {
  /** Fingerprints of keys that do not count any more. */
  private revoked: ReadonlySet<string> = new Set();
  private readonly known = new Map<string, Certificate>();

  /** `authority` is the orchestrator's key. */
  constructor(readonly authority: PublicKey) {}

  revoke(fingerprints: Iterable<string>): void {
    this.revoked = new Set(fingerprints);
    this.known.clear();
  }
  get revocations(): readonly string[] {
    return [...this.revoked];
  }

  /** The certificate, when the authority has signed it and not taken it back. */
  async check(jws: string): Promise<Certificate> {
    const known = this.known.get(jws);
    if (known !== undefined) return known;
    const told = await verified(jws, 'certificate', this.authority, certificate as Reader<Certificate>);
    if (this.revoked.has(await fingerprintOf(told.signing)))
      throw new FleetError('unauthorized', `the certificate of ${told.name} has been revoked`);
    if (this.known.size > MAX_KNOWN) this.known.clear();
    this.known.set(jws, told);
    return told;
  }
}

/** Certificates whose signature is not checked again: the members of a large fleet. */
const MAX_KNOWN = 10_000;
