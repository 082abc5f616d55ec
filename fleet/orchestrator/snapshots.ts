/** Snapshots of executions, for operators: of the device that has it, or, when that is away, the newest checkpoint that is here. */
import type { Context } from 'hono';
import { FleetError } from '../protocol/errors';
import { sendBytes, sinceOf } from '../protocol/routes';
import type { Placements } from './placements';

/** Milliseconds in which a large one comes. */
const FETCH = 120_000;
/** What the device is told of what the operator asks, and the operator of what it answers. */
const ASKED = ['range', 'if-range', 'if-none-match'];
const ANSWERED = ['etag', 'content-type', 'content-range', 'accept-ranges', 'im', 'delta-base'];

export async function snapshotOf(orchestrator: Placements, c: Context, id: string): Promise<Response> {
  const { device } = orchestrator.record(id);
  if (device !== undefined && orchestrator.isAlive(device)) return fromDevice(orchestrator, c, device, id);
  const copy = await orchestrator.copies.bytes(id);
  if (copy !== undefined) return sendBytes(c, copy);
  throw new FleetError('unavailable', `${id} is on no device that answers, and there is no checkpoint here`);
}

async function fromDevice(
  { devices, options }: Placements,
  c: Context,
  device: string,
  id: string,
): Promise<Response> {
  const since = sinceOf(c);
  const query = since === undefined ? '' : `?since=${since}`;
  const reply = await options.client.raw({
    method: 'GET',
    url: `${devices.url(device)}/liquid/v1/executions/${encodeURIComponent(id)}/snapshot${query}`,
    headers: chosen(ASKED, (name) => c.req.header(name)),
    timeout: FETCH,
  });
  if (reply.status === 307) throw new FleetError('unavailable', `${id} has just moved; ask again`);
  const headers = chosen(ANSWERED, (name) => reply.headers[name]);
  if (reply.status === 304) return c.body(null, 304, headers);
  return c.body(reply.body as Uint8Array<ArrayBuffer>, reply.status as 200, headers);
}

function chosen(names: readonly string[], get: (name: string) => string | undefined): Record<string, string> {
  const found = names.map((name) => [name, get(name)] as const);
  return Object.fromEntries(found.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}
