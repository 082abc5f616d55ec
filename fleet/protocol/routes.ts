/** Routes that agents and orchestrators have in common: blobs and copies of checkpoints. */
import { type Context, Hono } from 'hono';
import { sha256Hex } from '../security/digest';
import type { Blobs } from '../store/blobs';
import type { Copies } from '../store/copies';
import { digest } from './checked';
import { decodeCheckpoint } from './checkpoint';
import { executionIdOf } from './deployment';
import { FleetError } from './errors';

/** Bytes of a request: a snapshot of the largest memory that deployments get without asking, and what goes with it. */
export const MAX_BODY_BYTES = 320 * 1024 * 1024;

/** The body, read as it comes and no further than allowed. */
export async function readBody(c: Context, max = MAX_BODY_BYTES): Promise<Uint8Array> {
  const tooLarge = () => new FleetError('too-large', `a request may have ${max} bytes`);
  if (Number(c.req.header('content-length') ?? 0) > max) throw tooLarge();
  const stream = c.req.raw.body;
  if (stream === null) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > max) {
      await reader.cancel();
      throw tooLarge();
    }
    pieces.push(value);
  }
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The part of a range request that can be given: `[from, to)`. */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  if (from >= to) throw new FleetError('bad-request', `the range lies outside of ${size} bytes`);
  return [from, to];
}

/** Bytes with their digest as ETag, whole or a range of them. */
export async function sendBytes(c: Context, bytes: Uint8Array): Promise<Response> {
  const tag = `"${await sha256Hex(bytes)}"`;
  const headers = { etag: tag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  if (c.req.header('if-none-match') === tag) return c.body(null, 304, headers);
  const range = rangeOf(c.req.header('range'), bytes.length);
  if (range === undefined) return c.body(bytes as Uint8Array<ArrayBuffer>, 200, headers);
  const [from, to] = range;
  return c.body(bytes.subarray(from, to) as Uint8Array<ArrayBuffer>, 206, {
    ...headers,
    'content-range': `bytes ${from}-${to - 1}/${bytes.length}`,
  });
}

export function blobRoutes(blobs: Blobs): Hono {
  const app = new Hono();
  app.get('/blobs/sha256/:hex', async (c) => {
    const hex = digest(c.req.param('hex'), 'digest');
    const bytes = await blobs.get(hex);
    if (bytes === undefined) throw new FleetError('not-found', `no blob sha256:${hex} here`);
    return sendBytes(c, bytes);
  });
  app.put('/blobs/sha256/:hex', async (c) => {
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
  app.get('/checkpoints', (c) =>
    c.json(copies.list().map(({ execution, epoch, sequence }) => ({ execution, epoch, sequence }))),
  );
  app.get('/checkpoints/:id', async (c) => {
    const bytes = await copies.bytes(idOf(c));
    if (bytes === undefined) throw new FleetError('not-found', `no checkpoint of ${idOf(c)} here`);
    return sendBytes(c, bytes);
  });
  app.put('/checkpoints/:id', async (c) => {
    const bytes = await readBody(c);
    const { head } = decodeCheckpoint(bytes);
    if (head.execution !== idOf(c))
      throw new FleetError('bad-request', `the checkpoint is of ${head.execution}`);
    await copies.put(bytes, head);
    return c.body(null, 204);
  });
  return app;
}
