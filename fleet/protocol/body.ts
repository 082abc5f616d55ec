/** Bodies of requests: read as they come, no further than allowed, once for all who ask, and only as the signature says. */
import type { Context } from 'hono';
import { sha256Hex } from '../security/digest';
import { MAX_DOCUMENT_BYTES, type Reader, readJson } from './checked';
import { FleetError } from './errors';

/** Bytes of a request: a snapshot of the largest memory that deployments get without asking, and what goes with it. */
export const MAX_BODY_BYTES = 320 * 1024 * 1024;

const bodies = new WeakMap<Request, Promise<Uint8Array>>();
const signed = new WeakMap<Request, string>();

/** What the sender's signature says of the body, which nobody has read yet. */
export function expectBody(c: Context, digest: string): void {
  signed.set(c.req.raw, digest);
}

export function readBody(c: Context, max = MAX_BODY_BYTES): Promise<Uint8Array> {
  const { raw } = c.req;
  const known = bodies.get(raw) ?? readSigned(c, max);
  bodies.set(raw, known);
  return known;
}

async function readSigned(c: Context, max: number): Promise<Uint8Array> {
  const bytes = await read(c, max);
  const digest = signed.get(c.req.raw);
  if (digest !== undefined && digest !== (await sha256Hex(bytes)))
    throw new FleetError('unauthorized', 'the signature is of another body');
  return bytes;
}

async function read(c: Context, max: number): Promise<Uint8Array> {
  const tooLarge = () => new FleetError('too-large', `a request may have ${max} bytes`);
  if (Number(c.req.header('content-length') ?? 0) > max) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of piecesOf(c)) {
    size += piece.length;
    if (size > max) throw tooLarge();
    pieces.push(piece);
  }
  return joined(pieces, size);
}

/** Node's own stream of the request where there is one: making a `Request`'s body of it takes longer than reading it. */
function piecesOf(c: Context): AsyncIterable<Uint8Array> {
  const { incoming } = (c.env ?? {}) as { readonly incoming?: AsyncIterable<Uint8Array> };
  return incoming ?? streamed(c.req.raw.body);
}
/** Not every browser's streams can be iterated over. */
async function* streamed(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = stream?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) return;
    yield value;
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A JSON document in the body. */
export async function readDocument<T>(
  c: Context,
  reader: Reader<T>,
  place: string,
  max = MAX_DOCUMENT_BYTES,
): Promise<T> {
  const bytes = await readBody(c, max);
  return readJson(new TextDecoder().decode(bytes), reader, place);
}
