/**
 * Files in a browser's IndexedDB: each in the parts in which it was written, so that adding to one costs what is added. A transaction is whole or not
 * at all.
 */
import { FleetError } from '../protocol/errors';
import type { Files } from '../store/files';

const STORE = 'parts';

export class IndexedFiles implements Files {
  private constructor(private readonly database: IDBDatabase) {}

  static async open(name: string): Promise<IndexedFiles> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    return new IndexedFiles(await settled(request));
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const parts = await settled<Uint8Array[]>(this.parts('readonly').getAll(rangeOf(path)));
    if (parts.length === 0) return undefined;
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  write(path: string, bytes: Uint8Array): Promise<void> {
    return this.change((parts) => {
      parts.delete(rangeOf(path));
      parts.put(bytes.slice(), [path, 0]);
    });
  }

  append(path: string, ...added: readonly Uint8Array[]): Promise<void> {
    return this.change((parts) => {
      const last = parts.openKeyCursor(rangeOf(path), 'prev');
      last.onsuccess = () => {
        const key = last.result?.key as [string, number] | undefined;
        const from = key === undefined ? 0 : key[1] + 1;
        for (const [k, part] of added.entries()) parts.put(part.slice(), [path, from + k]);
      };
    });
  }

  remove(path: string): Promise<void> {
    return this.change((parts) => void parts.delete(rangeOf(path)));
  }

  async list(folder: string): Promise<string[]> {
    const range = IDBKeyRange.bound([`${folder}/`], [`${folder}0`], false, true);
    const keys = (await settled(this.parts('readonly').getAllKeys(range))) as [string, number][];
    const names = keys.map(([path]) => path.slice(folder.length + 1));
    return [...new Set(names.filter((name) => !name.includes('/')))];
  }

  private parts(mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(STORE, mode, { durability: 'strict' }).objectStore(STORE);
  }

  private change(work: (parts: IDBObjectStore) => void): Promise<void> {
    const parts = this.parts('readwrite');
    const { transaction } = parts;
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(readable(transaction.error));
      work(parts);
    });
  }
}

/** All parts of a file: `0` comes after `/`, and every number before an empty list. */
function rangeOf(path: string): IDBKeyRange {
  return IDBKeyRange.bound([path], [path, []]);
}

function readable(error: DOMException | null): Error {
  if (error?.name === 'QuotaExceededError')
    return new FleetError('unavailable', 'this browser gives the page no more room');
  return error ?? new FleetError('unavailable', 'the browser did not write');
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(readable(request.error));
  });
}
