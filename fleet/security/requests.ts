/**
 * Signed requests. Beside a request goes a token: method, path, digest of the body, who shall get it, a number that is used once, and a nonce
 * that the receiver has given. A token counts once, for that request, and no clock is asked. Who has no nonce yet, or an old one, hears a new one
 * with the refusal and asks again.
 */
import { type Reader, shape, text } from '../protocol/checked';
import type { Reply, Request, Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { baseOf } from '../protocol/relayed';
import type { Certificate, Trust } from './certificates';
import { sha256Hex } from './digest';
import { type Identity, unverified, verified } from './keys';

const token = shape({
  method: text(8),
  path: text(4096),
  body: text(64),
  nonce: text(64),
  once: text(64),
  certificate: text(8192),
});
type Token = ReturnType<typeof token>;

export const NONCE_HEADER = 'liquid-nonce';
const SCHEME = 'Liquid ';

/** Bytes of a body from which on the nonce is asked for first: who refuses a request answers before it has read the body. */
const LARGE_BODY = 256 * 1024;

/** A transport that signs. A nonce that has just served is taken for good; after anything that went wrong it is asked for. */
export function signing(transport: Transport, identity: Identity): Transport {
  const nonces = new Map<string, string>();
  const learn = (base: string, reply: Reply): void => {
    const nonce = reply.headers[NONCE_HEADER];
    if (nonce !== undefined) nonces.set(base, nonce);
  };
  const ask = async (base: string, timeout: number | undefined): Promise<void> =>
    learn(base, await transport({ method: 'HEAD', url: `${base}/liquid/v1/nonce`, timeout }));
  const attempt = async (request: Request): Promise<Reply> => {
    const base = baseOf(request.url);
    const { pathname, search } = new URL(request.url);
    const told: Token = {
      method: request.method,
      path: pathname + search,
      body: await sha256Hex(request.body ?? new Uint8Array(0)),
      nonce: nonces.get(base) ?? '',
      once: crypto.randomUUID(),
      certificate: identity.certificate,
    };
    const authorization = SCHEME + (await identity.sign('request', told));
    try {
      const reply = await transport({ ...request, headers: { ...request.headers, authorization } });
      learn(base, reply);
      return reply;
    } catch (error) {
      nonces.delete(base);
      throw error;
    }
  };
  return async (request) => {
    const base = baseOf(request.url);
    const large = (request.body?.length ?? 0) > LARGE_BODY;
    const before = nonces.get(base);
    if (large && before === undefined) await ask(base, request.timeout);
    let reply: Reply;
    try {
      reply = await attempt(request);
    } catch (error) {
      // A refusal may be lost with the connection when the body is still on its way. A new nonce says that it was one.
      if (!large || before === undefined) throw error;
      await ask(base, request.timeout);
      if (nonces.get(base) === before) throw error;
      return attempt(request);
    }
    return reply.status === 401 && reply.headers[NONCE_HEADER] !== undefined ? attempt(request) : reply;
  };
}

/** Requests under one nonce: so many identifiers are remembered. */
const MAX_ONCE = 50_000;

export interface Signed {
  readonly certificate: Certificate;
  /** SHA-256 of the body, by the signature. */
  readonly body: string;
}

/** The receiver's side: who asks, and whether it is the first time. The body is compared when it is read (protocol/body). */
export class Receiver {
  private once = new Set<string>();
  private before = new Set<string>();
  nonce: string = crypto.randomUUID();
  private nonceBefore = '';

  constructor(private readonly trust: Trust) {}

  async check(authorization: string | undefined, method: string, path: string): Promise<Signed> {
    const { certificate, told } = await this.read(authorization, method, path);
    this.use(told);
    return { certificate, body: told.body };
  }

  /** Who has signed a request that is for another receiver: that one finds out whether it is the first time. */
  async signer(authorization: string | undefined, method: string, path: string): Promise<Signed> {
    const { certificate, told } = await this.read(authorization, method, path);
    return { certificate, body: told.body };
  }

  private async read(authorization: string | undefined, method: string, path: string) {
    if (authorization === undefined || !authorization.startsWith(SCHEME))
      throw new FleetError('unauthorized', 'the request is not signed by a member of the fleet');
    const jws = authorization.slice(SCHEME.length);
    const { certificate: named } = unverified(jws, 'token', token);
    const certificate = await this.trust.check(named);
    const told = await verified(jws, 'request', certificate.signing, token as Reader<Token>);
    if (told.method !== method || told.path !== path)
      throw new FleetError('unauthorized', 'the signature is of another request');
    return { certificate, told };
  }

  private use({ nonce, once }: Token): void {
    const used =
      nonce === this.nonce ? this.once : nonce === this.nonceBefore && nonce !== '' ? this.before : undefined;
    if (used === undefined) throw new FleetError('unauthorized', 'the nonce is not one of mine, or too old');
    if (used.has(once)) throw new FleetError('unauthorized', 'the request has been made before');
    used.add(once);
    if (this.once.size < MAX_ONCE) return;
    this.before = this.once;
    this.once = new Set();
    this.nonceBefore = this.nonce;
    this.nonce = crypto.randomUUID();
  }
}
