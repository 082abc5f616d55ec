/**
 * A ticket lets one execution, of one epoch, onto one device, once: signed by the orchestrator, for a nonce that the device has given. What comes
 * with it is named by its digest, or, in a move, by the device that sends it and signs the digest.
 */
import { digest, integer, optional, type Reader, shape, text } from '../protocol/checked';
import { executionIdOf } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import type { Certificate, Trust } from './certificates';
import { sha256Hex } from './digest';
import { type Identity, unverified, verified } from './keys';

const ticket = shape({
  execution: executionIdOf,
  epoch: integer(1),
  target: text(100),
  nonce: text(64),
  /** SHA-256 of the specification of the execution, which names its modules by digest. */
  spec: digest,
  /** SHA-256 of the checkpoint, where it is known when the ticket is made. */
  checkpoint: optional(digest),
  /** Else who makes it. */
  source: optional(text(100)),
});
export type Ticket = ReturnType<typeof ticket>;

const statement = shape({ ticket: digest, checkpoint: digest, certificate: text(8192) });

export function issueTicket(authority: Identity, told: Ticket): Promise<string> {
  return authority.sign('ticket', told);
}

/** The digest of a specification: of its JSON with sorted keys. */
export function specDigest(spec: unknown): Promise<string> {
  return sha256Hex(new TextEncoder().encode(JSON.stringify(sorted(spec))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

/** The source's word for what it sends with a ticket. */
export async function signCheckpoint(
  source: Identity,
  ticketJws: string,
  checkpoint: Uint8Array,
): Promise<string> {
  const digests = [new TextEncoder().encode(ticketJws), checkpoint].map(sha256Hex);
  const [ticket, digest] = await Promise.all(digests);
  return source.sign('statement', {
    ticket,
    checkpoint: digest,
    certificate: source.certificate,
  });
}

/** Nonces that wait for their ticket. */
const MAX_NONCES = 1000;
/** Tickets whose signature is known: more than the moves that come to a device at one time. */
export const MAX_SHOWN = 64;

/** The target's side: gives nonces, and takes each ticket once. */
export class TicketOffice {
  private readonly nonces = new Set<string>();
  /** Signed as they should be. In a move a ticket is shown twice, the second time while the execution stands still. */
  private readonly shown = new Map<string, Ticket>();

  constructor(
    private readonly trust: Trust,
    private readonly name: string,
  ) {}

  nonce(): string {
    const [oldest] = this.nonces;
    if (this.nonces.size >= MAX_NONCES) this.nonces.delete(oldest);
    const nonce = crypto.randomUUID();
    this.nonces.add(nonce);
    return nonce;
  }

  /** The ticket, if it is for this device and has not been used. It counts as used only with `use`. */
  async read(jws: string): Promise<Ticket> {
    const told =
      this.shown.get(jws) ?? (await verified(jws, 'ticket', this.trust.authority, ticket as Reader<Ticket>));
    if (told.target !== this.name)
      throw new FleetError('forbidden', `the ticket is for ${told.target}, and this is ${this.name}`);
    if (!this.nonces.has(told.nonce))
      throw new FleetError('forbidden', 'the ticket has been used, or its nonce is not one of mine');
    this.remember(jws, told);
    return told;
  }

  private remember(jws: string, told: Ticket): void {
    if (this.shown.has(jws)) return;
    const [oldest] = this.shown.keys();
    if (this.shown.size >= MAX_SHOWN) this.shown.delete(oldest);
    this.shown.set(jws, told);
  }

  use({ nonce }: Ticket): void {
    this.nonces.delete(nonce);
  }

  /** Whether the checkpoint is the one that the ticket, or with it the source, means. */
  async checkContents(
    jws: string,
    told: Ticket,
    checkpoint: Uint8Array,
    signed: string | undefined,
  ): Promise<void> {
    const found = await sha256Hex(checkpoint);
    if (told.checkpoint !== undefined) {
      if (told.checkpoint !== found)
        throw new FleetError('forbidden', 'the ticket is for another checkpoint');
      return;
    }
    const source = await this.sourceOf(jws, found, signed);
    if (source.name !== told.source)
      throw new FleetError(
        'forbidden',
        `the checkpoint comes from ${source.name}, and the ticket is for ${told.source}`,
      );
  }

  private async sourceOf(jws: string, found: string, signed: string | undefined): Promise<Certificate> {
    if (signed === undefined) throw new FleetError('forbidden', 'the checkpoint is not signed by its source');
    const named = unverified(signed, 'statement', statement, 'forbidden');
    const source = await this.trust.check(named.certificate);
    const told = await verified(signed, 'statement', source.signing, statement);
    if (told.checkpoint !== found || told.ticket !== (await sha256Hex(new TextEncoder().encode(jws))))
      throw new FleetError('forbidden', 'the source has signed another checkpoint, or for another ticket');
    return source;
  }
}
