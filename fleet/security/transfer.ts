/** How a checkpoint goes onto a device: under a ticket, sealed, and with the source's word where the ticket does not name the bytes. */
import { decodeCheckpoint } from '../protocol/checkpoint';
import type { Request } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import type { Identity, PublicKey } from './keys';
import { seal, unseal } from './seal';
import { signCheckpoint, specDigest, type Ticket, type TicketOffice } from './tickets';

export const TICKET_HEADER = 'liquid-ticket';
export const STATEMENT_HEADER = 'liquid-statement';

export interface Destination {
  readonly url: string;
  readonly ticket: string;
  readonly epoch: number;
  readonly sealing: PublicKey;
}

/** The request that places a checkpoint. */
export async function placement(source: Identity, bytes: Uint8Array, to: Destination): Promise<Request> {
  return {
    method: 'POST',
    url: `${to.url}/liquid/v1/executions`,
    headers: {
      [TICKET_HEADER]: to.ticket,
      [STATEMENT_HEADER]: await signCheckpoint(source, to.ticket, bytes),
    },
    body: await seal(bytes, to.sealing, to.ticket),
  };
}

export interface Arrived {
  readonly bytes: Uint8Array;
  readonly ticket: Ticket;
}

/** What a request places, if ticket, seal and contents agree. */
export async function received(
  office: TicketOffice,
  own: Identity,
  sealed: Uint8Array,
  ticketJws: string | undefined,
  statement: string | undefined,
): Promise<Arrived> {
  if (ticketJws === undefined) throw new FleetError('forbidden', 'an execution comes with a ticket');
  const ticket = await office.read(ticketJws);
  const bytes = await unseal(sealed, own.unsealing, ticketJws);
  await office.checkContents(ticketJws, ticket, bytes, statement);
  const { head } = decodeCheckpoint(bytes);
  if (head.execution !== ticket.execution || head.epoch !== ticket.epoch)
    throw new FleetError('forbidden', `the ticket is for ${ticket.execution}, epoch ${ticket.epoch}`);
  if ((await specDigest(head.spec)) !== ticket.spec)
    throw new FleetError('forbidden', 'the ticket is for another specification of the execution');
  return { bytes, ticket };
}
