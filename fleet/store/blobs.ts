/** Bytes under the SHA-256 of themselves: modules, files, checkpoints. */

import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import type { Files } from './files';

export interface Blobs {
  /** Undefined when they are not here. Bytes that have changed on the disk are not here. */
  get(digest: string): Promise<Uint8Array | undefined>;
  has(digest: string): Promise<boolean>;
  /** Gives the digest. */
  put(bytes: Uint8Array): Promise<string>;
  remove(digest: string): Promise<void>;
  list(): Promise<string[]>;
}

/** Bytes of one blob: the largest linear memory that a deployment may ask for, with room for the rest of a checkpoint. */
export const MAX_BLOB_BYTES = 4 * 1024 * 1024 * 1024 + 64 * 1024 * 1024;

export class FileBlobs implements Blobs {
  constructor(private readonly files: Files) {}

  async get(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await this.files.read(`blobs/${digest}`);
    return bytes !== undefined && (await sha256Hex(bytes)) === digest ? bytes : undefined;
  }

  async has(digest: string): Promise<boolean> {
    return (await this.get(digest)) !== undefined;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const digest = await sha256Hex(bytes);
    if (!(await this.has(digest))) await this.files.write(`blobs/${digest}`, bytes);
    return digest;
  }

  async remove(digest: string): Promise<void> {
    await this.files.remove(`blobs/${digest}`);
  }

  list(): Promise<string[]> {
    return this.files.list('blobs');
  }
}

/** The bytes, which must have been asked for by a digest that is known. */
export async function blob(blobs: Blobs, digest: string): Promise<Uint8Array> {
  const bytes = await blobs.get(digest);
  if (bytes === undefined) throw new FleetError('not-found', `no blob sha256:${digest} here`);
  return bytes;
}
