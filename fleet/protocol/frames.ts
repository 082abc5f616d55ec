/**
 * A request or its reply as bytes, for those who pass them on: the length of the head (u32, little endian), the head as JSON, and the body.
 */
import { integer, oneOf, optional, type Reader, readJson, record, shape, text, wrong } from './checked';
import type { Reply, Request } from './client';
import { FleetError } from './errors';

/** What HTTP lets names and values of headers be. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;
const headerValue = text(16_384);
const headers: Reader<Readonly<Record<string, string>>> = (value, place) => {
  const read = record(headerValue)(value, place);
  for (const [name, one] of Object.entries(read))
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(one)) wrong(place, 'headers of HTTP', { [name]: one });
  return read;
};
export const requestMethod = oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE');
const requestHead = shape({
  method: requestMethod,
  url: text(4096),
  headers: optional(headers),
  timeout: optional(integer(0, 3_600_000)),
  /** Where somebody waits for the reply. */
  number: optional(integer(1)),
  /** An empty body is another thing than none. */
  hasBody: oneOf('yes', 'no'),
});
const replyHead = shape({ status: integer(200, 599), headers });

const PREFIX = 4;

export interface NumberedRequest extends Request {
  readonly number?: number;
}

export function encodeRequest({ body, timeout, ...rest }: NumberedRequest): Uint8Array {
  const { method, url, headers: told, number } = rest;
  const head = { method, url, headers: told, timeout: timeout && Math.ceil(timeout), number };
  return encode({ ...head, hasBody: body === undefined ? 'no' : 'yes' }, body);
}
export function decodeRequest(bytes: Uint8Array): NumberedRequest {
  const [{ hasBody, ...head }, body] = decode(bytes, requestHead, 'request');
  return hasBody === 'yes' ? { ...head, body } : head;
}

export function encodeReply({ status, headers: told, body }: Reply): Uint8Array {
  return encode({ status, headers: told }, body);
}
export function decodeReply(bytes: Uint8Array): Reply {
  const [head, body] = decode(bytes, replyHead, 'reply');
  return { ...head, body };
}

function encode(head: unknown, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(PREFIX + json.length + body.length);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, PREFIX);
  bytes.set(body, PREFIX + json.length);
  return bytes;
}

function decode<T>(bytes: Uint8Array, head: Reader<T>, place: string): readonly [T, Uint8Array] {
  const length = bytes.length < PREFIX ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (length === 0 || length > bytes.length - PREFIX)
    throw new FleetError('bad-request', `the ${place} is shorter than it says`);
  const json = new TextDecoder().decode(bytes.subarray(PREFIX, PREFIX + length));
  return [readJson(json, head, place), bytes.subarray(PREFIX + length)];
}
