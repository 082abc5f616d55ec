/**
 * How a checkpoint goes onto a device: under a ticket, sealed, and with the source's word where the ticket does not name the bytes. A move has
 * stages before it: each is sealed for its place, comes from the source that the ticket names, and is counted into the digest that the last one has.
 */
import { type CheckpointHead, decodeCheckpoint } from '../protocol/checkpoint';
import type { Request } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { hex, sha256Hex } from './digest';
import type { Identity, PublicKey } from './keys';
import { Sealer, seal, type Unsealer } from './seal';
import { signCheckpoint, specDigest, type Ticket, type TicketOffice } from './tickets';

export const TICKET_HEADER = 'liquid-ticket';
export const STATEMENT_HEADER = 'liquid-statement';

export interface Destination {
  readonly url: string;
  readonly ticket: string;
  readonly epoch: number;
  readonly sealing: PublicKey;
}

/** The request that places a checkpoint: by itself, or the last one of a row of stages. */
export async function placement(
  source: Identity,
  bytes: Uint8Array,
  to: Destination,
  row?: Sealer,
): Promise<Request> {
  const [statement, body] = await Promise.all([
    signCheckpoint(source, to.ticket, bytes),
    row === undefined ? seal(bytes, to.sealing, to.ticket) : row.seal(bytes),
  ]);
  return {
    method: 'POST',
    url: `${to.url}/liquid/v1/executions`,
    headers: { [TICKET_HEADER]: to.ticket, [STATEMENT_HEADER]: statement },
    body,
  };
}

/** Seals the stages of a move to the target. */
export function rowTo(to: Destination): Promise<Sealer> {
  return Sealer.to(to.sealing, to.ticket);
}

/** The digest of stages in their order: the last one, which is signed, names it. */
export class StageDigest {
  value = '0'.repeat(64);

  /** The next stage, of this digest. */
  async add(stage: Uint8Array): Promise<void> {
    this.value = await sha256Hex(new TextEncoder().encode(`${this.value} ${hex(stage)}`));
  }
}

export interface Arrived {
  readonly bytes: Uint8Array;
  readonly ticket: Ticket;
}

/** What a request places, if ticket, seal and contents agree. */
export async function received(
  office: TicketOffice,
  own: Unsealer,
  sealed: Uint8Array,
  ticketJws: string | undefined,
  statement: string | undefined,
): Promise<Arrived> {
  // Both at one time: in a move, the execution stands still meanwhile. What is wrong with the ticket is said first.
  const opened = own.unseal(sealed, ticketJws ?? '');
  opened.catch(() => undefined);
  const ticket = await shown(office, ticketJws);
  const bytes = await opened;
  await office.checkContents(ticketJws!, ticket, bytes, statement);
  await checkHead(decodeCheckpoint(bytes).head, ticket);
  return { bytes, ticket };
}

/** The first stage of a move, from the device that the ticket names. */
export async function receivedOpening(
  office: TicketOffice,
  own: Unsealer,
  sealed: Uint8Array,
  ticketJws: string | undefined,
  caller: string,
): Promise<Arrived> {
  const ticket = await shown(office, ticketJws);
  if (ticket.source !== caller)
    throw new FleetError('forbidden', `${caller} is not ${ticket.source}, from whom the ticket takes it`);
  const bytes = await own.unseal(sealed, ticketJws!, 0);
  await checkHead(decodeCheckpoint(bytes).head, ticket);
  return { bytes, ticket };
}

async function shown(office: TicketOffice, ticketJws: string | undefined): Promise<Ticket> {
  if (ticketJws === undefined) throw new FleetError('forbidden', 'an execution comes with a ticket');
  return office.read(ticketJws);
}

async function checkHead(head: CheckpointHead, ticket: Ticket): Promise<void> {
  if (head.execution !== ticket.execution || head.epoch !== ticket.epoch)
    throw new FleetError('forbidden', `the ticket is for ${ticket.execution}, epoch ${ticket.epoch}`);
  if ((await specDigest(head.spec)) !== ticket.spec)
    throw new FleetError('forbidden', 'the ticket is for another specification of the execution');
}
