/** A network in this process: applications by their address, which can be cut off and counted. */
import type { Hono } from 'hono';
import type { Request as FleetRequest, Reply, Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';

export class TestNetwork {
  private readonly apps = new Map<string, Hono>();
  private readonly cut = new Set<string>();
  readonly requests: FleetRequest[] = [];
  /** Bytes under a URL, for downloads. */
  readonly pages = new Map<string, Uint8Array>();

  add(origin: string, app: Hono): void {
    this.apps.set(origin, app);
    this.cut.delete(origin);
  }
  remove(origin: string): void {
    this.cut.add(origin);
  }

  /** The wire of one member: dead once that has been cut off or started again. */
  wireOf(origin: string): Transport {
    const check = (alive: Hono | undefined): void => {
      if (this.cut.has(origin) || this.apps.get(origin) !== alive)
        throw new FleetError('unavailable', `${origin} is dead`);
    };
    let own: Hono | undefined;
    return async (request) => {
      own ??= this.apps.get(origin);
      check(own);
      const reply = await this.transport(request);
      check(own);
      return reply;
    };
  }

  readonly transport: Transport = async (request): Promise<Reply> => {
    const { origin } = new URL(request.url);
    this.requests.push(request);
    const page = this.pages.get(request.url);
    if (page !== undefined) return { status: 200, headers: {}, body: page };
    const app = this.apps.get(origin);
    if (app === undefined || this.cut.has(origin))
      throw new FleetError('unavailable', `${origin} does not answer`);
    const { method, headers, body } = request;
    const response = await app.fetch(
      new Request(request.url, { method, headers, body: body as Uint8Array<ArrayBuffer> | undefined }),
    );
    if (this.cut.has(origin)) throw new FleetError('unavailable', `${origin} has gone away`);
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  };
}
