/** The registry as OCI clients read it. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../cli/server';
import { Sessions } from '../security/gate';
import { FileBlobs } from '../store/blobs';
import { JournalDatabase } from '../store/database';
import { MemoryFiles } from '../store/files';
import { assemble, COUNTER, STATEFUL } from '../testing/modules';
import { Modules } from './modules';
import { ociRoutes } from './oci';

const sha = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const TOKEN = 'word';
const authorization = `Basic ${btoa(`observer:${TOKEN}`)}`;

let app: Hono;
let older: Uint8Array;
let newer: Uint8Array;
beforeEach(async () => {
  const files = new MemoryFiles();
  const database = new JournalDatabase(files);
  await database.open();
  const blobs = new FileBlobs(files);
  const modules = new Modules(database, blobs);
  [older, newer] = [await assemble(STATEFUL), await assemble(COUNTER)];
  await modules.push('counter', '1.9.0', older);
  await modules.push('counter', '1.10.0+one', newer);
  await modules.push('other', '1.0.0', older);
  const sessions = new Sessions();
  sessions.grant(TOKEN, { name: 'observer', role: 'observer' });
  app = new Hono().route('/', ociRoutes(modules, blobs, sessions));
});

async function get(route: string, method = 'GET', headers: Record<string, string> = { authorization }) {
  const response = await app.request(`/v2/${route}`, { method, headers });
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body, text: new TextDecoder().decode(body) };
}

describe('/v2/', () => {
  it('gives manifests by tag and by digest, whose blobs are there', async () => {
    for (const [tag, bytes] of [
      ['1.9.0', older],
      ['1.10.0_one', newer],
      ['latest', newer],
    ] as const) {
      const { headers, body, text } = await get(`counter/manifests/${tag}`);
      expect(headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
      expect(headers.get('docker-content-digest')).toBe(sha(body));
      expect((await get(`counter/manifests/${sha(body)}`)).text).toBe(text);
      const { config, layers, schemaVersion } = JSON.parse(text);
      expect([schemaVersion, config.mediaType, layers.length]).toEqual([
        2,
        'application/vnd.wasm.config.v0+json',
        1,
      ]);
      expect(layers[0]).toEqual({ mediaType: 'application/wasm', digest: sha(bytes), size: bytes.length });
      const layer = await get(`counter/blobs/${layers[0].digest}`);
      expect([...layer.body]).toEqual([...bytes]);
      const read = await get(`counter/blobs/${config.digest}`);
      expect([sha(read.body), read.body.length]).toEqual([config.digest, config.size]);
      expect(JSON.parse(read.text)).toMatchObject({ architecture: 'wasm', layerDigests: [sha(bytes)] });
      const head = await get(`counter/blobs/${layers[0].digest}`, 'HEAD');
      expect([head.status, head.headers.get('content-length'), head.body.length]).toEqual([
        200,
        `${bytes.length}`,
        0,
      ]);
    }
  });

  it('lists names and tags', async () => {
    expect((await get('')).status).toBe(200);
    expect(JSON.parse((await get('_catalog')).text)).toEqual({ repositories: ['counter', 'other'] });
    expect(JSON.parse((await get('counter/tags/list')).text)).toEqual({
      name: 'counter',
      tags: ['1.10.0_one', '1.9.0'],
    });
  });

  it('says what there is not, and takes nothing', async () => {
    const nothing = sha(new Uint8Array(1));
    for (const [route, code] of [
      ['nobody/tags/list', 'NAME_UNKNOWN'],
      ['counter/manifests/2.0.0', 'MANIFEST_UNKNOWN'],
      [`counter/manifests/${nothing}`, 'MANIFEST_UNKNOWN'],
      [`counter/blobs/${nothing}`, 'BLOB_UNKNOWN'],
      // A blob of another name is none of this one.
      [`other/blobs/${sha(newer)}`, 'BLOB_UNKNOWN'],
      ['counter/blobs/..%2f..%2fidentity.json', 'BLOB_UNKNOWN'],
      ['what/is/this', 'NAME_UNKNOWN'],
    ]) {
      const { status, text } = await get(route);
      expect([status, JSON.parse(text).errors[0].code]).toEqual([404, code]);
    }
    for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
      expect((await get('counter/manifests/1.9.0', method)).status).toBe(405);
    for (const given of ['', 'Basic', 'Basic !', `Basic ${btoa('observer:guess')}`, `Bearer ${TOKEN}`]) {
      const { status, headers, text } = await get('', 'GET', given === '' ? {} : { authorization: given });
      expect([status, headers.get('www-authenticate'), JSON.parse(text).errors[0].code]).toEqual([
        401,
        'Basic realm="tswasm-fleet"',
        'UNAUTHORIZED',
      ]);
    }
  });

  const hasSkopeo = spawnSync('skopeo', ['--version']).error === undefined;
  if (!hasSkopeo)
    console.warn('SKIPPED: skopeo is not installed, so no OCI client of others reads the registry');
  it.skipIf(!hasSkopeo)('is read by skopeo', async () => {
    const server = await listen(app, { hostname: '127.0.0.1', port: 0 });
    const folder = mkdtempSync(path.join(tmpdir(), 'tswasm-oci-'));
    try {
      const source = `docker://127.0.0.1:${server.port}/counter:1.9.0`;
      const args = [
        'copy',
        '--src-tls-verify=false',
        '--src-creds',
        `observer:${TOKEN}`,
        source,
        `oci:${folder}:c`,
      ];
      const child = spawn('skopeo', ['--insecure-policy', ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
      const layer = readFileSync(path.join(folder, 'blobs', ...sha(older).split(':')));
      expect([...layer]).toEqual([...older]);
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
