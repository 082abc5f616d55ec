/**
 * The device's side of a relay (orchestrator/relay.ts): it fetches what is for it and brings the replies, and sends what is for others through the
 * orchestrator. For pages of browsers, which nobody can reach, and which may ask no address but their own.
 */
import type { Hono } from 'hono';
import type { Client, Reply, Transport } from '../protocol/client';
import { decodeReply, decodeRequest, encodeReply, encodeRequest } from '../protocol/frames';
import { baseOf } from '../protocol/relayed';
import { type Clock, sleep } from './world';

/** Questions that are open at one time: a browser has six connections to a server, and needs others for what it sends. */
const ASKING = 2;
/** Milliseconds of a question: longer than the orchestrator lets it wait. */
const PATIENCE = 8_000;
/** Milliseconds before it asks again when nobody has answered. */
const AGAIN = 1_000;

export interface RelayedParts {
  readonly clock: Clock;
  /** Signs, and sends to the orchestrator. */
  readonly client: Client;
  /** The orchestrator's address. */
  readonly base: string;
  /** What answers requests. */
  readonly app: Hono;
}

export class RelayedServer {
  private isStopped = false;

  constructor(private readonly parts: RelayedParts) {}

  start(): void {
    for (let k = 0; k < ASKING; k++) void this.ask();
  }
  stop(): void {
    this.isStopped = true;
  }

  private async ask(): Promise<void> {
    const { client, base, clock } = this.parts;
    while (!this.isStopped) {
      try {
        const url = `${base}/liquid/v1/relay/next`;
        const { status, body } = await client.send({ method: 'POST', url, timeout: PATIENCE });
        if (status !== 204) void this.serve(body);
      } catch {
        await sleep(clock, AGAIN);
      }
    }
  }

  private async serve(bytes: Uint8Array): Promise<void> {
    const { client, base, app } = this.parts;
    const { number, method, url, headers, body } = decodeRequest(bytes);
    const response = await app.fetch(
      new Request(base + url, { method, headers, body: body as Uint8Array<ArrayBuffer> | undefined }),
    );
    const reply: Reply = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
    const back = `${base}/liquid/v1/relay/replies/${number}`;
    // Who asked hears that in time, or that there was no answer.
    await client.send({ method: 'POST', url: back, body: encodeReply(reply) }).catch(() => undefined);
  }
}

/** A transport to everybody: what is not for the orchestrator goes through it. `outer` signs for the orchestrator. */
export function forwarding(direct: Transport, outer: Client, base: string, orchestrator: string): Transport {
  return async (request) => {
    const to = baseOf(request.url);
    const rest = request.url.slice(to.length);
    if (to === base || to === orchestrator) return direct({ ...request, url: base + rest });
    const { timeout } = request;
    const url = `${base}/liquid/v1/relay/forward`;
    const { body } = await outer.send({ method: 'POST', url, body: encodeRequest(request), timeout });
    return decodeReply(body);
  };
}
