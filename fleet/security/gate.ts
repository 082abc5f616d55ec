/**
 * Who may do what: a gate stands before all routes and finds out who asks; each route says which roles it serves. Without a gate nobody is known,
 * and every route refuses.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { expectBody } from '../protocol/body';
import { errorDocument, FleetError } from '../protocol/errors';
import type { Role } from './certificates';
import type { PublicKey } from './keys';
import { NONCE_HEADER, type Receiver } from './requests';

export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** The key with which the request is signed; a session has none. */
  readonly signing?: PublicKey;
}

const callers = new WeakMap<Request, Caller>();

/** Sessions of people at a page: a token in place of a signature. */
export class Sessions {
  private readonly tokens = new Map<string, Caller>();
  private readonly invitations = new Map<string, Caller>();

  /** A word that can be exchanged for a session, once. */
  invite(caller: Caller): string {
    const word = crypto.randomUUID();
    this.invitations.set(word, caller);
    return word;
  }
  open(word: string): string {
    const caller = this.invitations.get(word);
    if (caller === undefined)
      throw new FleetError('unauthorized', 'the link has been used, or was never one of mine');
    this.invitations.delete(word);
    const token = crypto.randomUUID();
    this.tokens.set(token, caller);
    return token;
  }
  /** A session for whoever has this token, as long as this process is there. */
  grant(token: string, caller: Caller): void {
    this.tokens.set(token, caller);
  }
  get(token: string): Caller | undefined {
    return this.tokens.get(token);
  }
}

const BEARER = 'Bearer ';

/** `receiver` is asked for each request: a device that has not been enrolled has none. */
export function gate(receiver: () => Receiver | undefined, sessions?: Sessions): MiddlewareHandler {
  return async (c, next) => {
    const authorization = c.req.header('authorization');
    const session = authorization?.startsWith(BEARER)
      ? sessions?.get(authorization.slice(BEARER.length))
      : undefined;
    if (session !== undefined) {
      callers.set(c.req.raw, session);
      return next();
    }
    const { pathname, search } = new URL(c.req.url);
    const known = receiver();
    try {
      if (known === undefined) throw new FleetError('unauthorized', 'this device has not been enrolled');
      // No body is read before its sender is known.
      const { certificate, body } = await known.check(authorization, c.req.method, pathname + search);
      expectBody(c, body);
      callers.set(c.req.raw, certificate);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      const headers = known === undefined ? undefined : { [NONCE_HEADER]: known.nonce };
      return c.json(errorDocument(error), error.status as 401, headers);
    }
    await next();
    // Set in place: `c.header` makes another response, whose body is a stream, and that leaves a timer later.
    c.res.headers.set(NONCE_HEADER, known.nonce);
    return undefined;
  };
}

const BASIC = 'Basic ';

/** For clients that know user and password alone: the password is the token of a session. */
export function credentialsGate(sessions: Sessions): MiddlewareHandler {
  return async (c, next) => {
    const authorization = c.req.header('authorization') ?? '';
    const caller = authorization.startsWith(BASIC)
      ? sessions.get(passwordOf(authorization.slice(BASIC.length)))
      : undefined;
    if (caller === undefined)
      throw new FleetError(
        'unauthorized',
        'user and password are needed: the password is what observer.token has',
      );
    callers.set(c.req.raw, caller);
    await next();
  };
}

function passwordOf(credentials: string): string {
  try {
    const text = atob(credentials);
    return text.slice(text.indexOf(':') + 1);
  } catch {
    return '';
  }
}

/** Lets everybody do everything: only for `--compat`, whose protocol knows no keys. */
export function openGate(): MiddlewareHandler {
  return async (c, next) => {
    callers.set(c.req.raw, { name: 'anybody', role: 'operator' });
    await next();
  };
}

export function callerOf(c: Context): Caller {
  const caller = callers.get(c.req.raw);
  if (caller === undefined) throw new FleetError('unauthorized', 'nobody is known to ask');
  return caller;
}

/** Serves these roles only. */
export function only(...roles: readonly Role[]): MiddlewareHandler {
  return async (c, next) => {
    const { name, role } = callerOf(c);
    if (!roles.includes(role))
      throw new FleetError('forbidden', `${name} is ${role}, and this is for ${roles.join(' and ')} alone`);
    await next();
  };
}
