import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeTransport } from './wire';

const servers: Server[] = [];

async function serving(answer: RequestListener) {
  // A connection that is kept stays so, however long a busy machine takes to the next request.
  const server = createServer({ keepAliveTimeout: 3_600_000 }, answer);
  servers.push(server);
  const seen = { connections: 0 };
  server.on('connection', () => seen.connections++);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('requests from Node', () => {
  it('bring method, headers and body there, and the answer back, over one connection', async () => {
    const { url, seen } = await serving(async (request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      response.writeHead(201, { said: `${request.method} ${request.url} ${request.headers.word}` });
      response.end(Buffer.concat(pieces));
    });
    const body = new Uint8Array(3_000_000).map((_, k) => k * 11);
    for (const method of ['PUT', 'POST'] as const) {
      const reply = await nodeTransport({ method, url: `${url}/a?b=c`, headers: { word: 'w' }, body });
      expect([reply.status, reply.headers.said]).toEqual([201, `${method} /a?b=c w`]);
      expect(Buffer.compare(reply.body, body)).toBe(0);
    }
    for (const method of ['GET', 'POST', 'DELETE', 'HEAD'] as const) {
      const reply = await nodeTransport({ method, url: `${url}/` });
      expect([reply.headers.said, reply.body.length]).toEqual([`${method} / undefined`, 0]);
    }
    expect(seen.connections).toBe(1);
  });

  it('are made again when a kept connection turns out to be closed, and only then', async () => {
    let count = 0;
    const { url, seen } = await serving((request, response) => {
      // The second request comes on the first one's connection, which ends just then.
      if (++count === 2) request.socket.destroy();
      else response.end(String(count));
    });
    await nodeTransport({ method: 'GET', url });
    const reply = await nodeTransport({ method: 'POST', url, body: new Uint8Array(10) });
    expect([String(reply.body), seen.connections]).toEqual(['3', 2]);
    let asked = 0;
    const dying = await serving((request) => {
      asked++;
      request.socket.destroy();
    });
    await expect(nodeTransport({ method: 'GET', url: dying.url })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(asked).toBe(1);
  });

  it('say why there is no answer', async () => {
    const silent = await serving(() => undefined);
    await expect(nodeTransport({ method: 'GET', url: silent.url, timeout: 30 })).rejects.toThrow(
      'does not answer: it took too long',
    );
    const half = await serving((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half');
    });
    await expect(nodeTransport({ method: 'GET', url: half.url, timeout: 100 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(nodeTransport({ method: 'GET', url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(nodeTransport({ method: 'GET', url: 'ftp://127.0.0.1/' })).rejects.toThrow(
      'no way to send over ftp:',
    );
  });

  it('hear a refusal that comes before the body has gone', async () => {
    const { url } = await serving((request, response) => {
      response.writeHead(401, { 'liquid-nonce': 'n' });
      response.end('no');
      request.pause();
    });
    const reply = await nodeTransport({ method: 'PUT', url, body: new Uint8Array(8_000_000) });
    expect([reply.status, reply.headers['liquid-nonce']]).toEqual([401, 'n']);
  });
});
