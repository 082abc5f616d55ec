/**
 * A network in this process: applications by their address. A process that is removed resets its connections; a link that is cut loses what is sent,
 * so that only the time that a request has ends it; a slow one is late. Everything by the clock that it is given.
 */
import type { Hono } from 'hono';
import { nodeWorld } from '../agent/node-world';
import { type Clock, sleep } from '../agent/world';
import {
  DEFAULT_TIMEOUT,
  type Request as FleetRequest,
  type Reply,
  type Transport,
} from '../protocol/client';
import { FleetError } from '../protocol/errors';

export class TestNetwork {
  private readonly apps = new Map<string, Hono>();
  /** How many processes at an address have ended. */
  private readonly ended = new Map<string, number>();
  private readonly connections = new Map<string, Set<(error: Error) => void>>();
  private readonly cut = new Set<string>();
  readonly requests: FleetRequest[] = [];
  /** Bytes under a URL, for downloads. */
  readonly pages = new Map<string, Uint8Array>();
  /** Milliseconds that a message takes from one address to another. */
  delay: (from: string, to: string) => number = () => 0;
  /** Somebody in the middle, who may answer in the stead of the receiver. */
  intercept: ((from: string, request: FleetRequest) => Promise<Reply | undefined>) | undefined;
  /** Sees every request with its reply, whoever hears it. */
  observe: ((from: string, request: FleetRequest, reply: Reply) => void) | undefined;

  constructor(private readonly clock: Clock = nodeWorld) {}

  add(origin: string, app: Hono): void {
    this.apps.set(origin, app);
  }
  remove(origin: string): void {
    this.apps.delete(origin);
    this.ended.set(origin, this.generation(origin) + 1);
    const open = this.connections.get(origin);
    this.connections.delete(origin);
    for (const reset of open ?? []) reset(unavailable(`${origin} has gone away`));
  }
  private generation(origin: string): number {
    return this.ended.get(origin) ?? 0;
  }

  /** Nothing gets from one address to the other, nor back. */
  cutLink(one: string, other: string): void {
    this.cut.add(`${one} ${other}`).add(`${other} ${one}`);
  }
  mend(): void {
    this.cut.clear();
    this.delay = () => 0;
  }

  /** The wire of one member: dead once that has been removed, even when another starts at its address. */
  wireOf(origin: string): Transport {
    const born = this.generation(origin);
    const check = (): void => {
      if (this.generation(origin) !== born) throw unavailable(`${origin} is dead`);
    };
    return async (request) => {
      check();
      const reply = await this.carry(origin, request);
      check();
      return reply;
    };
  }

  /** The wire of somebody who is at no address. */
  readonly transport: Transport = (request) => this.carry('', request);

  private carry(from: string, request: FleetRequest): Promise<Reply> {
    const { origin } = new URL(request.url);
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      const open = this.connections.get(origin) ?? new Set();
      this.connections.set(origin, open);
      const end = (): void => {
        callOff();
        open.delete(reset);
      };
      const reset = (error: Error): void => {
        end();
        reject(error);
      };
      const callOff = this.clock.after(request.timeout ?? DEFAULT_TIMEOUT, () =>
        reset(unavailable(`${origin} does not answer in time`)),
      );
      open.add(reset);
      this.exchange(from, origin, request).then((reply) => {
        end();
        resolve(reply);
      }, reset);
    });
  }

  private async exchange(from: string, origin: string, request: FleetRequest): Promise<Reply> {
    const page = this.pages.get(request.url);
    if (page !== undefined) return { status: 200, headers: {}, body: page };
    await this.pass(from, origin);
    const forged = await this.intercept?.(from, request);
    if (forged !== undefined) return forged;
    const app = this.apps.get(origin);
    if (app === undefined) throw unavailable(`${origin} does not answer`);
    const { method, headers, body } = request;
    const response = await app.fetch(
      new Request(request.url, { method, headers, body: body as Uint8Array<ArrayBuffer> | undefined }),
    );
    const reply = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    };
    if (this.apps.get(origin) !== app) throw unavailable(`${origin} has gone away`);
    this.observe?.(from, request, reply);
    await this.pass(origin, from);
    return reply;
  }

  /** A message on its way. One that is lost never arrives. */
  private async pass(from: string, to: string): Promise<void> {
    const wait = this.delay(from, to);
    if (wait > 0) await sleep(this.clock, wait);
    if (this.cut.has(`${from} ${to}`)) await new Promise<never>(() => undefined);
  }
}

function unavailable(text: string): FleetError {
  return new FleetError('unavailable', text);
}
