/** How devices that nobody can reach are reached: `/via/DEVICE/liquid/v1/...` for others, `/liquid/v1/relay` for themselves. */
import { Hono } from 'hono';
import { failure } from '../agent/routes';
import { expectBody, readBody } from '../protocol/body';
import { integer, name } from '../protocol/checked';
import type { Reply, Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { decodeReply, decodeRequest, encodeReply, encodeRequest, requestMethod } from '../protocol/frames';
import { type RelayPlace, viaPath } from '../protocol/relayed';
import { callerOf, only } from '../security/gate';
import type { Receiver } from '../security/requests';
import type { DeviceTable } from './devices';
import type { Relay } from './relay';

/** Milliseconds of a request that comes with no time of its own: as long as an order with a checkpoint has. */
const TIMEOUT = 60_000;
/** Headers that say something of the request: the others are the connection's. */
const CARRIED = ['authorization', 'content-type', 'idempotency-key', 'if-none-match', 'range'];
const OWN = 'liquid-';

function carried(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].filter(([key]) => CARRIED.includes(key) || key.startsWith(OWN)));
}

/** Before the gate: the device that gets the request finds out who asks. Here only members are let through. */
export function viaRoutes(relay: Relay, receiver: Receiver): Hono {
  const app = new Hono();
  app.onError(failure);
  app.all('/via/:device/*', async (c) => {
    const device = name(c.req.param('device'), 'device');
    const { pathname, search } = new URL(c.req.url);
    const authorization = c.req.header('authorization');
    const { body: digest } = await receiver.signer(authorization, c.req.method, pathname + search);
    expectBody(c, digest);
    const bytes = await readBody(c);
    const method = requestMethod(c.req.method, 'method');
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const reply = await relay.send(device, {
      method,
      url: pathname + search,
      headers: carried(c.req.raw.headers),
      timeout: TIMEOUT,
      ...(hasBody ? { body: bytes } : {}),
    });
    return responseOf(reply);
  });
  return app;
}

/** Answers that have no body, not even an empty one. */
const EMPTY = [204, 205, 304];

function responseOf({ status, headers, body }: Reply): Response {
  const isEmpty = EMPTY.includes(status);
  return new Response(isEmpty ? null : (body as Uint8Array<ArrayBuffer>), { status, headers });
}

const AGENTS = only('agent');

export interface RelayParts {
  readonly relay: Relay;
  readonly devices: DeviceTable;
  /** As others reach the orchestrator. */
  readonly url: () => string;
  /** Sends what a device has signed itself. */
  readonly wire: Transport;
}

/** Behind the gate: for the devices themselves. */
export function relayRoutes({ relay, devices, url, wire }: RelayParts): Hono {
  const app = new Hono();
  app.get('/relay', AGENTS, (c) => {
    const place: RelayPlace = { orchestrator: url(), url: url() + viaPath(callerOf(c).name) };
    return c.json(place);
  });
  app.post('/relay/next', AGENTS, async (c) => {
    const request = await relay.next(callerOf(c).name, c.req.raw.signal);
    if (request === undefined) return c.body(null, 204);
    return c.body(encodeRequest(request) as Uint8Array<ArrayBuffer>, 200);
  });
  app.post('/relay/replies/:number', AGENTS, async (c) => {
    const number = integer(1)(Number(c.req.param('number')), 'number');
    relay.reply(callerOf(c).name, number, decodeReply(await readBody(c)));
    return c.body(null, 204);
  });
  app.post('/relay/forward', AGENTS, async (c) => {
    const request = decodeRequest(await readBody(c));
    const to = devices.names().find((one) => request.url.startsWith(`${devices.url(one)}/`));
    if (to === undefined) throw new FleetError('forbidden', `no device of this fleet is at ${request.url}`);
    const headers = carried(Object.entries(request.headers ?? {}));
    const reply = await wire({ ...request, headers, timeout: request.timeout ?? TIMEOUT });
    return c.body(encodeReply(reply) as Uint8Array<ArrayBuffer>, 200);
  });
  return app;
}
