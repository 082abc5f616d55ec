/** Requests to other members of the fleet: with a time to answer, errors that say why, and whatever proves who asks. */
import { errorFrom } from './errors';

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Milliseconds to the whole answer. */
  readonly timeout?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Sends a request. Rejects only when there is no answer. */
export type Transport = (request: Request) => Promise<Reply>;

/** Milliseconds that a member may take to answer an order. */
export const DEFAULT_TIMEOUT = 10_000;

export class Client {
  constructor(private readonly transport: Transport) {}

  /** The answer, if it is a good one; else throws what the other side said. */
  async send(request: Request): Promise<Reply> {
    const reply = await this.transport(request);
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw errorFrom(reply.status, new TextDecoder().decode(reply.body));
  }

  /** The answer whatever it is. */
  raw(request: Request): Promise<Reply> {
    return this.transport(request);
  }

  async json(
    method: Request['method'],
    url: string,
    document?: unknown,
    more: Partial<Request> = {},
  ): Promise<unknown> {
    const body = document === undefined ? undefined : new TextEncoder().encode(JSON.stringify(document));
    const reply = await this.send({
      ...more,
      method,
      url,
      body,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more.headers },
    });
    return reply.body.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(reply.body));
  }
}
