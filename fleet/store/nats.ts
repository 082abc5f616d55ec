/**
 * A store that several orchestrators share: a NATS server with JetStream. What they know is a key-value bucket, which is one sequence of writes; the
 * bytes of files are in an object store beside it, each under a name of its own, and count once the bucket names them.
 *
 * One of them leads. Every write says which number in the sequence it expects to follow, so a write of somebody else, such as the one by which another
 * orchestrator takes the lead, makes the next write of who led before fail. So nothing that is decided, and no checkpoint that is acknowledged, can
 * come from one who has been replaced without knowing it.
 */
import type { JetStreamClient } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { ObjectStore } from '@nats-io/obj';
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import { FleetError } from '../protocol/errors';

export interface NatsStore {
  readonly name: string;
  readonly bucket: string;
  readonly connection: NatsConnection;
  /** Of one document, with what NATS puts before it. */
  readonly maxBytes: number;
  readonly jetstream: JetStreamClient;
  /** Marks of a message that is to be sent, none at first. */
  readonly headers: () => MsgHdrs;
  readonly entries: KV;
  readonly objects: ObjectStore;
  close(): Promise<void>;
}

/** Milliseconds that a request to the server may take. */
export const STORE_TIMEOUT = 2_000;
const DEFAULT_BUCKET = 'tswasm-fleet';
/** Names of buckets, as NATS takes them. */
const BUCKET = /^[A-Za-z0-9_-]{1,64}$/;

interface Named {
  readonly servers: string;
  readonly bucket: string;
  readonly user?: string;
  readonly pass?: string;
}

/** `nats://[USER:PASSWORD@]HOST[:PORT][/BUCKET]`. */
export function readStoreUrl(source: string): Named {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  const bucket = url === undefined || url.pathname.length < 2 ? DEFAULT_BUCKET : url.pathname.slice(1);
  if (url?.protocol !== 'nats:' || url.hostname === '' || !BUCKET.test(bucket))
    throw new FleetError('bad-request', '--store takes nats://[USER:PASSWORD@]HOST[:PORT][/BUCKET]');
  const { host, username, password } = url;
  const access = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return { servers: host, bucket, ...(username === '' ? {} : access) };
}

/** Waits for a server that is not there, and goes on waiting whenever it goes. Its packages are loaded for those alone who have such a store. */
export async function connectNats(url: string): Promise<NatsStore> {
  const { bucket, ...access } = readStoreUrl(url);
  const [{ connect, headers }, { jetstream }, { Kvm }, { Objm }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
    import('@nats-io/obj'),
  ]);
  const connection = await connect({
    ...access,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: STORE_TIMEOUT,
  });
  try {
    const js = jetstream(connection, { timeout: STORE_TIMEOUT });
    return {
      name: `nats://${access.servers}/${bucket}`,
      bucket,
      connection,
      maxBytes: connection.info!.max_payload,
      jetstream: js,
      headers,
      entries: await new Kvm(js).create(bucket, { history: 1 }),
      objects: await new Objm(js).create(bucket),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw failureOf(error);
  }
}

/** What NATS does not do is not there for us. */
export function failureOf(error: unknown): FleetError {
  if (error instanceof FleetError) return error;
  return new FleetError('unavailable', `the store does not do it: ${(error as Error).message}`);
}
