/**
 * A door for devices that are too small for HTTP: an application over CoAP (RFC 7252), whose long answers go in blocks (RFC 7959). Who may ask what
 * is the application's business, as over HTTP; header lines travel in options of their own. What a device sends is one datagram: nothing is put
 * together for somebody who is not known yet. Without DTLS, nothing that is sent is encrypted.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { IncomingMessage, OutgoingMessage } from 'coap';
import type { Packet } from 'coap-packet';
import { FleetError } from '../protocol/errors';
import type { Address, Listening } from './server';

/** A header line, `name: value`: of the numbers for experiments (RFC 7252, 12.2), one that may not be ignored. Comes once for each line. */
export const HEADER_OPTION = 65001;
/** The same of an answer: a device may ignore them. */
const ANSWER_OPTION = 65002;
const HEADERS = /^(authorization|liquid-[a-z-]+): ([\x20-\x7e]*)$/;

const BLOCK = 1024;
/** As a block's option has it: the binary logarithm, less 4. */
const BLOCK_EXPONENT = 6;
/** A block's number has 20 bits. */
const LONGEST = BLOCK * 2 ** 20;
/** Answers that are kept, since a device asks for them block by block, and a signature counts once. */
const KEPT_ANSWERS = 16;
const KEPT_BYTES = 32 * 2 ** 20;
/** Milliseconds. */
const KEPT_FOR = 60_000;

/**
 * Milliseconds in which an answer goes with the acknowledgement. A device asks again after two seconds, and libcoap 4.3 does not hear what comes on
 * its own.
 */
const ANSWER_WITHIN = 1500;

interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
  readonly body: Buffer;
  readonly tag: Buffer;
  readonly until: number;
}

type Handler = (request: Request) => Response | Promise<Response>;

/** Answers that devices fetch, oldest first. */
class Answers {
  private readonly kept = new Map<string, Answer>();
  private bytes = 0;

  get(key: string): Answer | undefined {
    const answer = this.kept.get(key);
    return answer !== undefined && answer.until >= performance.now() ? answer : undefined;
  }

  keep(key: string, answer: Answer): void {
    this.drop(key);
    this.kept.set(key, answer);
    this.bytes += answer.body.length;
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_ANSWERS && (this.bytes <= KEPT_BYTES || oldest === key)) return;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.bytes -= this.kept.get(key)?.body.length ?? 0;
    this.kept.delete(key);
  }
}

/** Port 0: any that is free. */
export async function listenCoap(handle: Handler, { hostname, port }: Address): Promise<Listening> {
  const socket = createSocket({ type: isIPv6(hostname) ? 'udp6' : 'udp4' });
  await bound(socket, hostname, port);
  const [coap, packets] = await Promise.all([import('coap'), import('coap-packet')]);
  // A server's own `end` would cut the blocks, and look through the whole answer for each.
  const { end } = coap.OutgoingMessage.prototype;
  const server = coap.createServer({ piggybackReplyMs: ANSWER_WITHIN });
  server.listen(socket);
  // What the server would put together, for anybody, does not reach it.
  const take = socket.listeners('message') as Parameters<Socket['on']>[1][];
  socket.removeAllListeners('message');
  socket.on('message', (message, from) => {
    const refusal = refusalOf(packets, message);
    if (refusal === 'ignored') return;
    if (refusal !== undefined) socket.send(refusal, from.port, from.address);
    else for (const listener of take) (listener as (m: Buffer, f: typeof from) => void)(message, from);
  });
  const answers = new Answers();
  server.on('request', (request, response) => {
    response.on('error', () => {});
    answer(handle, answers, request)
      .then((found) => send(request, response, found, end))
      .catch(() => fail(response, '5.00'));
  });
  return {
    port: socket.address().port,
    close: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve());
        server.close();
        socket.close();
      }),
  };
}

function bound(socket: Socket, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new FleetError(
              'unavailable',
              `UDP port ${port} of ${hostname} is taken: choose another one with --coap`,
            )
          : error,
      );
    });
    socket.bind(port, hostname, () => {
      socket.removeAllListeners('error');
      // A device that is gone by now is no error of ours.
      socket.on('error', () => {});
      resolve();
    });
  });
}

/** What is told at once to whoever sends a datagram that is no request in one piece. */
type Packets = typeof import('coap-packet');
function refusalOf({ generate, parse }: Packets, message: Buffer): Buffer | 'ignored' | undefined {
  let packet: ReturnType<Packets['parse']>;
  try {
    packet = parse(message);
  } catch {
    return 'ignored';
  }
  const { code, messageId, token, confirmable, ack, reset, options } = packet;
  if (ack || reset) return undefined;
  // An empty message that wants an answer asks whether anybody is there.
  if (code === '0.00') return confirmable ? generate({ code, messageId, reset: true }) : 'ignored';
  if (!code.startsWith('0.')) return 'ignored';
  const refuse = (why: string): Buffer =>
    generate({ code: why, messageId, token, ack: confirmable, confirmable: false } as Packet);
  const names = options.map(({ name }) => String(name));
  if (names.includes('Block1')) return refuse('4.13');
  // Nothing tells of changes, and nothing is asked of others.
  if (names.includes('Observe') || names.includes('Proxy-Uri') || names.includes('Proxy-Scheme'))
    return refuse('4.02');
  if (!['0.01', '0.02', '0.03', '0.04'].includes(code)) return refuse('4.05');
  return token.length === 0 ? refuse('4.00') : undefined;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];

async function answer(handle: Handler, answers: Answers, request: IncomingMessage): Promise<Answer | string> {
  const method = String(request.method);
  if (!METHODS.includes(method)) return '4.05';
  const headers = new Headers();
  for (const { name, value } of optionsOf(request)) {
    if (String(name) !== String(HEADER_OPTION)) continue;
    const [, header, told] = HEADERS.exec(Buffer.from(value as Buffer).toString('latin1')) ?? [];
    if (header === undefined) return '4.02';
    headers.append(header, told);
  }
  const { address, port } = request.rsinfo;
  const key = JSON.stringify([address, port, method, request.url, [...headers]]);
  const known = blockOf(request).number > 0 ? answers.get(key) : undefined;
  if (known !== undefined) return known;
  let url: URL;
  try {
    url = new URL(`http://coap${request.url}`);
  } catch {
    return '4.00';
  }
  const { payload } = request;
  const reply = await handle(
    new Request(url, {
      method,
      headers,
      ...(method === 'GET' || payload.length === 0 ? {} : { body: payload }),
    }),
  );
  const body = Buffer.from(await reply.arrayBuffer());
  if (body.length > LONGEST) return '5.00';
  const lines = [...reply.headers]
    .filter(([name]) => name === 'location' || name.startsWith('liquid-'))
    .map(([name, value]) => `${name}: ${value}`);
  const tag = Buffer.from(await crypto.subtle.digest('SHA-256', body)).subarray(0, 8);
  const made: Answer = { status: reply.status, lines, body, tag, until: performance.now() + KEPT_FOR };
  if (body.length > BLOCK) answers.keep(key, made);
  return made;
}

/** Each as it came: `headers` has one of a name. */
function optionsOf({ _packet }: IncomingMessage) {
  return _packet.options ?? [];
}

/** Which block of the answer is asked for, and how large it may be. */
function blockOf(request: IncomingMessage): { readonly number: number; readonly exponent: number } {
  const value = optionsOf(request).find(({ name }) => name === 'Block2')?.value;
  if (!(value instanceof Buffer) || value.length === 0 || value.length > 3)
    return { number: 0, exponent: BLOCK_EXPONENT };
  const word = value.readUIntBE(0, value.length);
  return { number: word >>> 4, exponent: Math.min(word & 7, BLOCK_EXPONENT) };
}

function send(
  request: IncomingMessage,
  response: OutgoingMessage,
  found: Answer | string,
  end: OutgoingMessage['end'],
): void {
  if (typeof found === 'string') {
    fail(response, found);
    return;
  }
  const { status, lines, body, tag } = found;
  const { number, exponent } = blockOf(request);
  const size = 2 ** (exponent + 4);
  const from = number * size;
  if (number > 0 && from >= body.length) {
    fail(response, '4.00');
    return;
  }
  response.statusCode = codeOf(status, String(request.method));
  if (lines.length > 0)
    response.setOption(
      String(ANSWER_OPTION),
      lines.map((line) => Buffer.from(line, 'latin1')),
    );
  if (body.length > size || number > 0) {
    const more = from + size < body.length ? 8 : 0;
    const word = Buffer.alloc(3);
    word.writeUIntBE(((number << 4) | more | exponent) >>> 0, 0, 3);
    response.setOption('Block2', word);
    response.setOption('ETag', tag);
  }
  end.call(response, body.subarray(from, from + size));
}

function fail(response: OutgoingMessage, code: string): void {
  response.statusCode = code;
  response.end();
}

/** The class and detail of a status are those of CoAP, where that has one (RFC 7252, 12.1.2; RFC 8132). It knows no answer from elsewhere. */
function codeOf(status: number, method: string): string {
  if (status === 201) return '2.01';
  if (status >= 200 && status < 300) return method === 'GET' ? '2.05' : method === 'DELETE' ? '2.02' : '2.04';
  if (status >= 300 && status < 400) return '5.05';
  const detail = status % 100;
  return `${Math.floor(status / 100)}.${String(detail > 31 ? 0 : detail).padStart(2, '0')}`;
}
