/** The registry over CoAP, as small devices fetch their modules. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request as ask, type IncomingMessage } from 'coap';
import { generate, parse } from 'coap-packet';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Modules } from '../orchestrator/modules';
import { ociRoutes } from '../orchestrator/oci';
import { readBody } from '../protocol/body';
import { Sessions } from '../security/gate';
import { FileBlobs } from '../store/blobs';
import { JournalDatabase } from '../store/database';
import { MemoryFiles } from '../store/files';
import { assemble, COUNTER } from '../testing/modules';
import { HEADER_OPTION, listenCoap } from './coap';
import type { Listening } from './server';

const authorization = `authorization: Basic ${btoa('observer:word')}`;
const sha = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

let door: Listening;
let asked = 0;
let module: Uint8Array;
let large: Uint8Array;
beforeEach(async () => {
  const files = new MemoryFiles();
  const database = new JournalDatabase(files);
  await database.open();
  const blobs = new FileBlobs(files);
  const modules = new Modules(database, blobs);
  module = await assemble(COUNTER);
  // With a custom section of noise, as long as a real one.
  const noise = Uint8Array.from({ length: 299_990 }, (_, k) => (k * 7919 + (k >> 8)) & 255);
  const body = [1, 'x'.charCodeAt(0), ...noise];
  const length = [(body.length & 127) | 128, ((body.length >> 7) & 127) | 128, body.length >> 14];
  large = Uint8Array.from([...module, 0, ...length, ...body]);
  await modules.push('counter', '1.0.0', module);
  await modules.push('large', '1.0.0', large);
  const sessions = new Sessions();
  sessions.grant('word', { name: 'observer', role: 'observer' });
  asked = 0;
  const app = new Hono();
  app.use('*', (_, next) => {
    asked++;
    return next();
  });
  app.post('/echo', async (c) => c.body((await readBody(c)) as Uint8Array<ArrayBuffer>, 201));
  app.get('/known', (c) => c.body(null, 204, { 'liquid-nonce': 'one', 'x-other': 'two' }));
  app.get('/elsewhere', (c) => c.redirect('http://there/', 307));
  app.route('/', ociRoutes(modules, blobs, sessions));
  door = await listenCoap(app.fetch, { hostname: '127.0.0.1', port: 0 });
});
afterEach(() => door.close());

function fetched(
  pathname: string,
  lines: readonly string[] = [authorization],
  more: { readonly method?: 'GET' | 'POST' | 'DELETE'; readonly body?: Buffer } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = ask({ hostname: '127.0.0.1', port: door.port, pathname, method: more.method ?? 'GET' });
    sent.on('error', reject);
    sent.on('response', resolve);
    if (lines.length > 0)
      sent.setOption(
        String(HEADER_OPTION),
        lines.map((line) => Buffer.from(line)),
      );
    sent.end(more.body);
  });
}

describe('a device asks', () => {
  it('for a module of one datagram, and for one of 293 blocks, which the application is asked for once', async () => {
    const short = await fetched(`/v2/counter/blobs/${sha(module)}`);
    expect([short.code, [...short.payload]]).toEqual(['2.05', [...module]]);
    asked = 0;
    const long = await fetched(`/v2/large/blobs/${sha(large)}`);
    expect([long.code, sha(long.payload), asked]).toEqual(['2.05', sha(large), 1]);
  });

  it('and hears in its own codes what is wrong', async () => {
    const codes = await Promise.all([
      fetched('/v2/counter/manifests/1.0.0', []),
      fetched('/v2/counter/manifests/1.0.0', [`authorization: Basic ${btoa('observer:guess')}`]),
      fetched('/v2/counter/manifests/2.0.0'),
      fetched('/v2/counter/manifests/1.0.0', [authorization], { method: 'DELETE' }),
      fetched('/v2/', ['cookie: no such line']),
      fetched('/elsewhere'),
    ]);
    expect(codes.map(({ code }) => code)).toEqual(['4.01', '4.01', '4.04', '4.05', '4.02', '5.05']);
  });

  it('with a body of one datagram', async () => {
    const echoed = await fetched('/echo', [], { method: 'POST', body: Buffer.from('hello') });
    expect([echoed.code, echoed.payload.toString()]).toEqual(['2.01', 'hello']);
  });
});

it('what stands in headers of an answer comes in options that may be ignored', async () => {
  const { code, _packet } = await fetched('/known', []);
  const told = _packet.options
    ?.filter(({ name }) => String(name) === '65002')
    .map(({ value }) => String(value));
  expect([code, told]).toEqual(['2.05', ['liquid-nonce: one']]);
});

describe('datagrams', () => {
  /** What comes back to each; a ping at the end says that the door has seen all. */
  async function told(messages: readonly Uint8Array[]): Promise<string[]> {
    const socket = createSocket('udp4');
    const found: string[] = [];
    const done = new Promise<void>((resolve) => {
      socket.on('message', (message) => {
        const { code, reset, messageId } = parse(message);
        if (reset && messageId === 0xbeef) resolve();
        else found.push(reset ? 'reset' : code);
      });
    });
    for (const message of [...messages, generate({ code: '0.00', confirmable: true, messageId: 0xbeef })])
      await new Promise((sent) => socket.send(message, door.port, '127.0.0.1', sent));
    await done;
    socket.close();
    return found;
  }
  const packet = (code: string, name?: string, value = Buffer.alloc(1)) =>
    generate({
      code,
      confirmable: true,
      messageId: 7,
      token: Buffer.from([1]),
      options: name === undefined ? [] : [{ name, value }],
    });

  it('that ask for memory or for others are refused, and the application hears nothing', async () => {
    // The last of a million blocks: a server that puts blocks together makes room for a gigabyte.
    expect(await told([packet('0.03', 'Block1', Buffer.from([0xff, 0xff, 0xf6]))])).toEqual(['4.13']);
    expect(await told([packet('0.01', 'Observe')])).toEqual(['4.02']);
    expect(await told([packet('0.01', 'Proxy-Uri', Buffer.from('coap://other/'))])).toEqual(['4.02']);
    expect(await told([packet('0.05')])).toEqual(['4.05']);
    expect(await told([generate({ code: '0.01', confirmable: true, messageId: 7 })])).toEqual(['4.00']);
    expect(asked).toBe(0);
  });

  it('of all kinds leave it as it was', async () => {
    const whole = packet('0.01', 'Block2', Buffer.from([0xff, 0xff, 0xff]));
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const mutated = Array.from({ length: 2000 }, () => {
      const bytes = Uint8Array.from(whole.subarray(0, random(whole.length + 1)));
      for (let k = random(4); k > 0 && bytes.length > 0; k--) bytes[random(bytes.length)] = random(256);
      return bytes;
    });
    // No more at once than the system keeps for a socket.
    for (let k = 0; k < mutated.length; k += 40) await told(mutated.slice(k, k + 40));
    expect((await fetched('/v2/')).code).toBe('2.05');
  });
});

const CLIENT = ['coap-client-notls', 'coap-client'].find(
  (name) => spawnSync(name, ['-?']).error === undefined,
);
if (CLIENT === undefined)
  console.warn(
    'SKIPPED: there is no coap-client (Debian: libcoap3-bin), so no CoAP client of others reads the registry',
  );
it.skipIf(CLIENT === undefined)('libcoap fetches a module of 300 kB', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-coap-'));
  try {
    const file = path.join(folder, 'module.wasm');
    const url = `coap://127.0.0.1:${door.port}/v2/large/blobs/${sha(large)}`;
    const child = spawn(CLIENT!, ['-m', 'get', '-O', `${HEADER_OPTION},${authorization}`, '-o', file, url]);
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
    expect(sha(readFileSync(file))).toBe(sha(large));
    expect(asked).toBe(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
