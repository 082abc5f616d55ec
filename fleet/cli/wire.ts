/**
 * Requests from a Node process. Connections are kept for the next request, and no body is copied on its way to the socket; `fetch` does the second,
 * and needs WebAssembly itself, which `node --jitless` has not.
 */
import http from 'node:http';
import https from 'node:https';
import { DEFAULT_TIMEOUT, type Reply, type Request, type Transport } from '../protocol/client';
import { FleetError } from '../protocol/errors';

const AGENTS: Readonly<
  Record<string, { readonly agent: http.Agent; readonly request: typeof http.request }>
> = {
  'http:': { agent: new http.Agent({ keepAlive: true, scheduling: 'lifo' }), request: http.request },
  'https:': { agent: new https.Agent({ keepAlive: true, scheduling: 'lifo' }), request: https.request },
};

export const nodeTransport: Transport = async (request) => {
  const url = new URL(request.url);
  try {
    return await exchange(url, request);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FleetError('unavailable', `${url.host} does not answer: ${reason}`);
  }
};

/** The other end closed a kept connection before it had heard of the request. */
class ClosedBefore extends Error {}

async function exchange(url: URL, request: Request): Promise<Reply> {
  const end = performance.now() + (request.timeout ?? DEFAULT_TIMEOUT);
  for (;;) {
    try {
      return await attempt(url, request, end - performance.now());
    } catch (error) {
      if (!(error instanceof ClosedBefore)) throw error;
    }
  }
}

function attempt(url: URL, { method, headers, body }: Request, timeout: number): Promise<Reply> {
  const wire = AGENTS[url.protocol];
  if (wire === undefined) throw new Error(`no way to send over ${url.protocol}`);
  return new Promise((resolve, reject) => {
    const length =
      body === undefined && (method === 'GET' || method === 'HEAD')
        ? {}
        : { 'content-length': body?.length ?? 0 };
    const sent = wire.request(url, { method, agent: wire.agent, headers: { ...headers, ...length } });
    const alarm = setTimeout(() => sent.destroy(new Error('it took too long')), Math.max(1, timeout));
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(alarm);
      const closed = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(closed ? new ClosedBefore(error.message) : error);
    };
    sent.on('error', fail);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(alarm);
        const reply = {
          status: response.statusCode!,
          headers: headersOf(response),
          body: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces),
        };
        // The connection is free for the next request at `close`, which does not come while the body is still on its way.
        if (sent.writableFinished) sent.on('close', () => resolve(reply));
        else resolve(reply);
      });
    });
    sent.end(body);
  });
}

function headersOf({ headers }: http.IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) found[name] = typeof value === 'string' ? value : value.join(', ');
  return found;
}
