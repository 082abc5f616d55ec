import { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../agent/routes';
import { readBody, readDocument } from '../protocol/body';
import { MAX_DOCUMENT_BYTES, shape, text } from '../protocol/checked';
import type { Request as FleetRequest } from '../protocol/client';
import { MemoryFiles } from '../store/files';
import { issue, Trust } from './certificates';
import { callerOf, gate, only } from './gate';
import { type Identity, identityIn } from './keys';
import { NONCE_HEADER, Receiver, signing } from './requests';

const PIECE = new Uint8Array(64 * 1024);

/** A body that counts how much of it has been taken. */
function counted(pieces: number) {
  const taken = { bytes: 0 };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pieces-- === 0) return controller.close();
        taken.bytes += PIECE.length;
        controller.enqueue(PIECE);
      },
    },
    { highWaterMark: 0 },
  );
  return { taken, stream };
}

let [authority, ash]: Identity[] = [];
const served: string[] = [];
let made: Response | undefined;
const app = new Hono();

beforeAll(async () => {
  authority = await identityIn(new MemoryFiles());
  ash = await identityIn(new MemoryFiles());
  const { signing: key, sealing } = ash;
  ash.certificate = await issue(authority, { name: 'ash', role: 'agent', signing: key, sealing, serial: 1 });
  const receiver = new Receiver(new Trust(authority.signing));
  app.onError(failure);
  app.use(
    '*',
    gate(() => receiver),
  );
  app.post('/bytes', only('agent'), async (c) => {
    const { length } = await readBody(c);
    served.push(`${callerOf(c).name} ${length}`);
    return c.json({ length });
  });
  app.post('/document', only('agent'), async (c) =>
    c.json(await readDocument(c, shape({ a: text() }), 'it')),
  );
  app.get('/answer', (c) => {
    made = c.json({});
    return made;
  });
});

/** What `ash` would send: its headers. */
async function headersFor(request: FleetRequest): Promise<Readonly<Record<string, string>>> {
  let headers: FleetRequest['headers'] = {};
  const send = signing(async ({ method, url, headers: signed }) => {
    headers = signed;
    // A request to somewhere else: only the nonce is learnt.
    const { status, headers: told } = await app.request(`${new URL(url).origin}/nowhere`, { method });
    return { status, headers: Object.fromEntries(told), body: new Uint8Array(0) };
  }, ash);
  await send(request);
  return headers!;
}

function post(
  path: string,
  headers: Readonly<Record<string, string>>,
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>,
) {
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  return app.request(`http://x${path}`, init);
}

describe('the gate', () => {
  it('reads no body before it knows the sender', async () => {
    const good = await headersFor({ method: 'POST', url: 'http://x/elsewhere', body: PIECE });
    const [scheme] = good['authorization'].split(' ');
    const wrong = [{}, { authorization: 'Bearer x' }, { authorization: `${scheme} a.b.c` }, good];
    for (const headers of wrong) {
      const { taken, stream } = counted(1000);
      const answer = await post('/bytes', headers, stream);
      expect({ status: answer.status, taken: taken.bytes }).toEqual({ status: 401, taken: 0 });
    }
    expect(served).toEqual([]);
  });

  it('refuses a body that is not the one that has been signed', async () => {
    const headers = await headersFor({ method: 'POST', url: 'http://x/bytes', body: PIECE });
    const other = PIECE.slice();
    other[9] = 1;
    const answer = await post('/bytes', headers, other);
    expect([answer.status, await answer.json()]).toMatchObject([
      401,
      { message: expect.stringMatching(/body/) },
    ]);
    expect(served).toEqual([]);
    const again = await headersFor({ method: 'POST', url: 'http://x/bytes', body: PIECE });
    expect((await post('/bytes', again, PIECE)).status).toBe(200);
    expect(served).toEqual([`ash ${PIECE.length}`]);
  });

  it('lets the answer of a route out as it is, with a nonce: a copy of it would be a stream', async () => {
    const headers = await headersFor({ method: 'GET', url: 'http://x/answer' });
    const answer = await app.request('http://x/answer', { headers });
    expect(answer).toBe(made);
    expect(answer.headers.get(NONCE_HEADER)).toMatch(/./);
  });

  it('reads no more of a document than a document may have', async () => {
    const headers = await headersFor({ method: 'POST', url: 'http://x/document', body: PIECE });
    const { taken, stream } = counted(1000);
    const answer = await post('/document', headers, stream);
    expect([answer.status, await answer.json()]).toMatchObject([413, { error: 'too-large' }]);
    expect(taken.bytes).toBeLessThanOrEqual(MAX_DOCUMENT_BYTES + 2 * PIECE.length);
  });
});
