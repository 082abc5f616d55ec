/** `snapshot`: the state of an execution as a file; of what a file before it has, nothing is fetched again. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { MAX_BODY_BYTES } from '../protocol/body';
import { decodeCheckpoint } from '../protocol/checkpoint';
import type { Client, Reply } from '../protocol/client';
import { applyDelta } from '../protocol/delta';
import { executionId } from '../protocol/deployment';
import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import { bytesText } from './table';

/** What there is to say, for programs and for people. */
interface Said {
  readonly document: unknown;
  readonly text: string;
}

/** Milliseconds in which a large one comes. */
const FETCH = 120_000;

export async function fetchSnapshot(client: Client, base: string, id: string, file: string): Promise<Said> {
  const before = await checkpointIn(file, id);
  const query = before === undefined ? '' : `?since=${await sha256Hex(before)}`;
  const url = `${base}/executions/${encodeURIComponent(id)}/snapshot${query}`;
  const reply = await client.send({ method: 'GET', url, timeout: FETCH });
  const bytes = await wholeOf(reply, before);
  const { head } = decodeCheckpoint(bytes);
  const beside = `${file}.new`;
  await writeFile(beside, bytes);
  await rename(beside, file);
  const { epoch, sequence } = head;
  const told = { execution: id, file, epoch, sequence, bytes: bytes.length, fetched: reply.body.length };
  const size = `${bytesText(bytes.length)}, ${bytesText(reply.body.length)} of it fetched`;
  return { document: told, text: `${id} ${epoch}.${sequence} is in ${file} (${size})` };
}

export async function sendSnapshot(
  client: Client,
  base: string,
  file: string,
  as: string | undefined,
): Promise<Said> {
  const body = await readFile(file);
  const { head } = decodeCheckpoint(body);
  const id = as === undefined ? head.execution : executionId(as, head.spec.name);
  const url = `${base}/executions/${encodeURIComponent(id)}/snapshot`;
  const reply = await client.send({ method: 'PUT', url, body, timeout: FETCH });
  const made = JSON.parse(new TextDecoder().decode(reply.body)) as unknown;
  return { document: made, text: `${id} goes on from ${head.epoch}.${head.sequence} of ${head.execution}` };
}

async function wholeOf({ headers, body }: Reply, before: Uint8Array | undefined): Promise<Uint8Array> {
  if (headers['im'] === undefined) return checked(body, headers['etag']);
  if (before === undefined)
    throw new FleetError('internal', 'what has changed was told, and nobody has asked');
  return checked(await applyDelta(before, body, MAX_BODY_BYTES), headers['etag']);
}

async function checked(bytes: Uint8Array, tag: string | undefined): Promise<Uint8Array> {
  if (tag === `"${await sha256Hex(bytes)}"`) return bytes;
  throw new FleetError('unavailable', 'the snapshot has been damaged on its way; try again');
}

/** What the file has, when there is one. It must be a checkpoint of this execution: nothing else is written over. */
async function checkpointIn(file: string, id: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const { head } = decodeCheckpoint(bytes);
  if (head.execution !== id)
    throw new FleetError(
      'already-exists',
      `${file} is a checkpoint of ${head.execution}; --out names another file`,
    );
  return bytes;
}
