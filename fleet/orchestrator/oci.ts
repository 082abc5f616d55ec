/**
 * The registry of modules as OCI clients read it (`/v2/`, the distribution specification, reads alone): a module is an artifact as tools for
 * WebAssembly write it, with one layer. Its documents are made of the record, so that they are the same bytes whenever they are asked for.
 */
import { type Context, Hono } from 'hono';
import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import { credentialsGate, type Sessions } from '../security/gate';
import { type Blobs, blob } from '../store/blobs';
import type { Modules } from './modules';
import type { ModuleRecord } from './records';
import { compareVersions } from './versions';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.wasm.config.v0+json';
const LAYER = 'application/wasm';
const REALM = 'Basic realm="tswasm-fleet"';

const DIGEST = /^sha256:([0-9a-f]{64})$/;

/** Why there is no such thing, in the specification's words. */
type Code = 'NAME_UNKNOWN' | 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'UNAUTHORIZED' | 'UNSUPPORTED';

interface Artifact {
  readonly record: ModuleRecord;
  readonly config: Uint8Array;
  readonly configDigest: string;
  readonly manifest: Uint8Array;
  readonly manifestDigest: string;
}

const encoded = (document: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(document));

async function artifactOf(record: ModuleRecord): Promise<Artifact> {
  const layer = `sha256:${record.digest}`;
  const config = encoded({ architecture: 'wasm', os: 'wasip1', layerDigests: [layer] });
  const configDigest = await sha256Hex(config);
  const manifest = encoded({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: `sha256:${configDigest}`, size: config.length },
    layers: [{ mediaType: LAYER, digest: layer, size: record.bytes }],
    annotations: {
      'org.opencontainers.image.title': record.name,
      'org.opencontainers.image.version': record.version,
    },
  });
  return { record, config, configDigest, manifest, manifestDigest: await sha256Hex(manifest) };
}

/** A version as a tag, which has no `+`. */
const tagOf = ({ version }: ModuleRecord): string => version.replaceAll('+', '_');

export function ociRoutes(modules: Modules, blobs: Blobs, sessions: Sessions): Hono {
  const app = new Hono();
  const refuse = (c: Context, status: 401 | 404 | 405, code: Code, message: string) =>
    c.json({ errors: [{ code, message }] }, status, status === 401 ? { 'www-authenticate': REALM } : {});
  app.onError((error, c) => {
    if (error instanceof FleetError && error.status === 401)
      return refuse(c, 401, 'UNAUTHORIZED', error.message);
    if (error instanceof FleetError && error.status === 404)
      return refuse(c, 404, 'BLOB_UNKNOWN', error.message);
    throw error;
  });
  app.use('/v2/*', credentialsGate(sessions));
  /** The versions of a name, the newest first. */
  const versions = (c: Context): ModuleRecord[] =>
    modules
      .list()
      .filter(({ name }) => name === c.req.param('name'))
      .sort((a, b) => compareVersions(b.version, a.version));
  const give = (c: Context, bytes: Uint8Array, type: string, digest: string) =>
    c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      'content-type': type,
      'content-length': String(bytes.length),
      'docker-content-digest': `sha256:${digest}`,
    });

  for (const path of ['/v2', '/v2/']) app.get(path, (c) => c.json({}));
  app.get('/v2/_catalog', (c) => {
    const names = new Set(modules.list().map(({ name }) => name));
    return c.json({ repositories: [...names].sort() });
  });
  app.get('/v2/:name/tags/list', (c) => {
    const found = versions(c);
    if (found.length === 0) return refuse(c, 404, 'NAME_UNKNOWN', 'no module has this name');
    return c.json({ name: found[0].name, tags: found.map(tagOf).sort() });
  });
  app.get('/v2/:name/manifests/:reference', async (c) => {
    const reference = c.req.param('reference');
    const wanted = DIGEST.exec(reference)?.[1];
    for (const record of versions(c)) {
      const isNamed = reference === 'latest' || reference === tagOf(record);
      if (wanted === undefined && !isNamed) continue;
      const { manifest, manifestDigest } = await artifactOf(record);
      if (wanted === undefined || wanted === manifestDigest)
        return give(c, manifest, MANIFEST, manifestDigest);
    }
    return refuse(c, 404, 'MANIFEST_UNKNOWN', `no version ${reference} of ${c.req.param('name')}`);
  });
  app.get('/v2/:name/blobs/:digest', async (c) => {
    const wanted = DIGEST.exec(c.req.param('digest'))?.[1];
    for (const record of versions(c)) {
      if (record.digest === wanted)
        return give(c, await blob(blobs, wanted), 'application/octet-stream', wanted);
      const { config, configDigest } = await artifactOf(record);
      if (configDigest === wanted) return give(c, config, 'application/octet-stream', configDigest);
    }
    return refuse(c, 404, 'BLOB_UNKNOWN', `${c.req.param('name')} has no blob ${c.req.param('digest')}`);
  });
  app.all('/v2/*', (c) =>
    c.req.method === 'GET' || c.req.method === 'HEAD'
      ? refuse(c, 404, 'NAME_UNKNOWN', `there is no ${c.req.path}`)
      : refuse(c, 405, 'UNSUPPORTED', 'modules are pushed with tswasm-fleet push'),
  );
  return app;
}
