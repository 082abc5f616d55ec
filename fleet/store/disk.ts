/** Files in a folder of this machine. A write goes beside the file, is flushed, and takes its place; the folder is flushed then. */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { FleetError } from '../protocol/errors';
import type { Files } from './files';

/** The errors that mean that there is no such file. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function readable(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FleetError('unavailable', `no room on the disk for ${file}`);
  if (code === 'EACCES' || code === 'EROFS')
    return new FleetError('unavailable', `${file} may not be written (${code})`);
  return error;
}

export class DiskFiles implements Files {
  private counter = 0;
  private readonly flushedFolders = new Set<string>();

  constructor(readonly root: string) {}

  async read(file: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.place(file));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async write(file: string, bytes: Uint8Array): Promise<void> {
    const place = this.place(file);
    const beside = `${place}.${process.pid}-${++this.counter}.new`;
    try {
      await this.makeFolder(path.dirname(place));
      const handle = await open(beside, 'w', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(beside, place);
      await flushFolder(path.dirname(place));
    } catch (error) {
      await rm(beside, { force: true });
      throw readable(error, file);
    }
  }

  async append(file: string, ...parts: readonly Uint8Array[]): Promise<void> {
    const place = this.place(file);
    try {
      await this.makeFolder(path.dirname(place));
      const handle = await open(place, 'a', 0o600);
      try {
        for (const part of parts) await handle.writeFile(part);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw readable(error, file);
    }
  }

  async remove(file: string): Promise<void> {
    await rm(this.place(file), { force: true });
  }

  async list(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(this.place(folder), { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.new'))
        .map(({ name }) => name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Names are checked where they come in; this is the second lock on the door. */
  private place(file: string): string {
    const place = path.resolve(this.root, file);
    if (!place.startsWith(path.resolve(this.root) + path.sep))
      throw new FleetError('bad-request', `${file} is outside of the folder`);
    return place;
  }

  private async makeFolder(folder: string): Promise<void> {
    if (this.flushedFolders.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    this.flushedFolders.add(folder);
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
