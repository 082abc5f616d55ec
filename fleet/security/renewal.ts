/**
 * New keys for a device: it makes them, the old ones sign its request, and the new ones a proof that it has them. The old ones count until
 * the orchestrator has heard the device under the new ones, so nothing is lost whenever either of them ends.
 */
import { shape, text } from '../protocol/checked';
import type { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { Files } from '../store/files';
import type { Trust } from './certificates';
import {
  fingerprintOf,
  IDENTITY_FILE,
  type Identity,
  identityIn,
  keepCertificate,
  publicKey,
  verified,
} from './keys';

/** Keys that have no certificate yet: a renewal that was interrupted goes on with them. */
const NEXT_FILE = 'identity.next.json';

export const renewalRequest = shape({ signing: publicKey, sealing: publicKey, proof: text(4096) });
export type RenewalRequest = ReturnType<typeof renewalRequest>;
export const renewed = shape({ certificate: text(8192) });
const proof = shape({ name: text(100), from: text(64) });

/** Throws when the request is not of somebody who has the new keys, and means this member's old ones. */
export async function checkProof(request: RenewalRequest, name: string, from: string): Promise<void> {
  const told = await verified(request.proof, 'renewal', request.signing, proof);
  if (told.name !== name || told.from !== from)
    throw new FleetError('unauthorized', 'the proof of the new keys is of another renewal');
}

/** Whether a renewal has been interrupted. */
export async function isRenewing(files: Files): Promise<boolean> {
  return (await files.read(NEXT_FILE)) !== undefined;
}

/** The device's side: its new identity, which is in the folder then. `client` signs with the old one. */
export async function renew(
  files: Files,
  trust: Trust,
  before: Identity,
  name: string,
  orchestrator: string,
  client: Client,
): Promise<Identity> {
  const next = await identityIn(files, NEXT_FILE);
  const { signing, sealing } = next;
  const request: RenewalRequest = {
    signing,
    sealing,
    proof: await next.sign('renewal', { name, from: before.fingerprint }),
  };
  const { certificate } = renewed(
    await client.json('POST', `${orchestrator}/liquid/v1/renewal`, request),
    'renewal',
  );
  const mine = await trust.check(certificate);
  if (mine.name !== name || (await fingerprintOf(mine.signing)) !== next.fingerprint)
    throw new FleetError('unauthorized', 'the certificate is for somebody else, or another key');
  await keepCertificate(files, certificate, NEXT_FILE);
  await files.write(IDENTITY_FILE, (await files.read(NEXT_FILE))!);
  await files.remove(NEXT_FILE);
  return identityIn(files);
}
