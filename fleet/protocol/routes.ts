/** Routes that agents and orchestrators have in common: blobs and copies of checkpoints. */
import { type Context, Hono } from 'hono';
import { sha256Hex } from '../security/digest';
import { only } from '../security/gate';
import type { Blobs } from '../store/blobs';
import type { Copies } from '../store/copies';
import { readBody, readDocument } from './body';
import { digest, integer, optional, shape } from './checked';
import { decodeCheckpoint } from './checkpoint';
import { executionIdOf } from './deployment';
import { FleetError } from './errors';

/** The part of a range request that can be given: `[from, to)`. */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  if (from >= to) throw new FleetError('bad-request', `the range lies outside of ${size} bytes`);
  return [from, to];
}

/** What somebody who has other bytes is told of these (RFC 3229). */
export interface Since {
  /** SHA-256 of the bytes that they have, in hexadecimal. */
  readonly digest: string;
  readonly delta: Uint8Array;
}
/** The only kind of them (protocol/delta.ts). */
const MANIPULATION = 'tswasm-delta';
const USED = 226;

/** Bytes with their digest as ETag, whole, or a range of them, or what has changed since others. */
export async function sendBytes(c: Context, bytes: Uint8Array, since?: Since): Promise<Response> {
  const tag = `"${await sha256Hex(bytes)}"`;
  const headers = { etag: tag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  if (c.req.header('if-none-match') === tag) return c.body(null, 304, headers);
  if (since !== undefined) {
    const told = { im: MANIPULATION, 'delta-base': `"${since.digest}"` };
    return c.body(since.delta as Uint8Array<ArrayBuffer>, USED, { ...headers, ...told });
  }
  const isStill = (c.req.header('if-range') ?? tag) === tag;
  const range = isStill ? rangeOf(c.req.header('range'), bytes.length) : undefined;
  if (range === undefined) return c.body(bytes as Uint8Array<ArrayBuffer>, 200, headers);
  const [from, to] = range;
  return c.body(bytes.subarray(from, to) as Uint8Array<ArrayBuffer>, 206, {
    ...headers,
    'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
  });
}

/** The digest that `?since=` names. */
export const sinceOf = (c: Context): string | undefined => optional(digest)(c.req.query('since'), 'since');

const fence = shape({ epoch: integer(1) });

const MEMBERS = only('orchestrator', 'agent', 'operator');

export function blobRoutes(blobs: Blobs): Hono {
  const app = new Hono();
  app.get('/blobs/sha256/:hex', MEMBERS, async (c) => {
    const hex = digest(c.req.param('hex'), 'digest');
    const bytes = await blobs.get(hex);
    if (bytes === undefined) throw new FleetError('not-found', `no blob sha256:${hex} here`);
    return sendBytes(c, bytes);
  });
  app.put('/blobs/sha256/:hex', MEMBERS, async (c) => {
    const hex = digest(c.req.param('hex'), 'digest');
    const bytes = await readBody(c);
    if ((await sha256Hex(bytes)) !== hex)
      throw new FleetError('bad-request', `the bytes are not those of sha256:${hex}`);
    await blobs.put(bytes);
    return c.body(null, 201);
  });
  return app;
}

export function copyRoutes(copies: Copies): Hono {
  const app = new Hono();
  const idOf = (c: Context) => executionIdOf(c.req.param('id'), 'execution');
  app.get('/checkpoints', MEMBERS, (c) =>
    c.json(copies.list().map(({ execution, epoch, sequence }) => ({ execution, epoch, sequence }))),
  );
  app.get('/checkpoints/:id', MEMBERS, async (c) => {
    const bytes = await copies.bytes(idOf(c));
    if (bytes === undefined) throw new FleetError('not-found', `no checkpoint of ${idOf(c)} here`);
    return sendBytes(c, bytes);
  });
  // Asked before a checkpoint is chosen: nothing older is taken any more, so what is told is the last word.
  app.post('/checkpoints/:id/fence', only('orchestrator'), async (c) => {
    const { epoch } = await readDocument(c, fence, 'fence');
    await copies.raise(idOf(c), epoch);
    const head = copies.head(idOf(c));
    return c.json(head === undefined ? {} : { epoch: head.epoch, sequence: head.sequence });
  });
  app.put('/checkpoints/:id', MEMBERS, async (c) => {
    const bytes = await readBody(c);
    const { head } = decodeCheckpoint(bytes);
    if (head.execution !== idOf(c))
      throw new FleetError('bad-request', `the checkpoint is of ${head.execution}`);
    await copies.put(bytes, head);
    return c.body(null, 204);
  });
  return app;
}
