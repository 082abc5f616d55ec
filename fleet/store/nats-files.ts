/**
 * Files in the object store of NATS. The bytes go under a new name, then the database says that the file is these; so a file is whole or as before, and
 * who does not lead any more changes none.
 */
import { integer, shape, text } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import type { Database } from './database';
import type { Files } from './files';
import { Locks } from './locks';
import { failureOf, type NatsStore } from './nats';

const pointer = shape({ object: text(64), bytes: integer(0), digest: text(64) });
const PREFIX = 'file/';

export class NatsFiles implements Files {
  private readonly locks = new Locks();

  constructor(
    private readonly store: NatsStore,
    private readonly database: Database,
  ) {}

  /** Removes objects that no file is: whoever put them there was replaced, or died, before they counted. */
  async open(): Promise<void> {
    const used = new Set((await this.database.list(PREFIX)).map((one) => pointer(one.value, one.key).object));
    try {
      for (const { name } of await this.store.objects.list())
        if (!used.has(name)) await this.store.objects.delete(name);
    } catch (error) {
      throw failureOf(error);
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const entry = await this.database.get(PREFIX + path);
    if (entry === undefined) return undefined;
    const { object, digest } = pointer(entry.value, path);
    const bytes = await this.store.objects.getBlob(object).catch((error) => {
      throw failureOf(error);
    });
    // It has been written anew since we looked.
    if (bytes === null && (await this.database.get(PREFIX + path))?.revision !== entry.revision)
      return this.read(path);
    if (bytes === null || (await sha256Hex(bytes)) !== digest)
      throw new FleetError('unavailable', `${path} in the store is damaged or gone`);
    return bytes;
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.locks.with(path, () => this.replace(path, bytes));
  }

  /** What grows so here are short lists of fences, so the whole file is written again. */
  append(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
    return this.locks.with(path, async () => {
      const all = [(await this.read(path)) ?? new Uint8Array(0), ...parts];
      await this.replace(path, new Uint8Array(Buffer.concat(all)));
    });
  }

  remove(path: string): Promise<void> {
    return this.locks.with(path, async () => {
      const before = await this.database.get(PREFIX + path);
      await this.database.remove(PREFIX + path);
      await this.drop(before?.value);
    });
  }

  async list(folder: string): Promise<string[]> {
    const found = await this.database.list(`${PREFIX}${folder}/`);
    const names = found.map(({ key }) => key.slice(PREFIX.length + folder.length + 1));
    return names.filter((name) => !name.includes('/'));
  }

  private async replace(path: string, bytes: Uint8Array): Promise<void> {
    const before = await this.database.get(PREFIX + path);
    const object = crypto.randomUUID();
    await this.store.objects.putBlob({ name: object }, bytes).catch((error) => {
      throw failureOf(error);
    });
    const told = { object, bytes: bytes.length, digest: await sha256Hex(bytes) };
    await this.database.put(PREFIX + path, told);
    await this.drop(before?.value);
  }

  /** One that stays is removed when somebody leads anew. */
  private async drop(value: unknown): Promise<void> {
    if (value === undefined) return;
    await this.store.objects.delete(pointer(value, 'file').object).catch(() => undefined);
  }
}
