/** The database of an orchestrator that leads: all entries in memory, and in a bucket that it alone writes (nats.ts). */
import { FleetError } from '../protocol/errors';
import type { Database, Entry } from './database';
import { failureOf, type NatsStore, STORE_TIMEOUT } from './nats';

/** The key that says who leads. It is written again and again, so that others see that somebody does. */
export const LEADER = 'leader';

/** Keys of NATS have letters, digits and a few signs; any other byte is `=` and two digits. */
export function natsKey(key: string): string {
  return Array.from(new TextEncoder().encode(key), (byte) => {
    const sign = String.fromCharCode(byte);
    return /[A-Za-z0-9_/-]/.test(sign) ? sign : `=${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}
export function keyOfNats(key: string): string {
  return decodeURIComponent(key.replaceAll('=', '%'));
}

/** Bytes that are left for what NATS puts before a document. */
const HEADERS = 1_024;

export class NatsDatabase implements Database {
  private readonly known = new Map<string, Entry>();
  /** Writes follow each other: each names the number of the one before. */
  private tail: Promise<unknown> = Promise.resolve();
  private lost: FleetError | undefined;

  /** Called once, when what is known here need not be what is in the store. */
  onLost: ((reason: string) => void) | undefined;

  private constructor(
    private readonly store: NatsStore,
    private sequence: number,
  ) {}

  /** Takes the lead, unless somebody writes meanwhile. Gives nothing then. */
  static async lead(store: NatsStore, leader: unknown): Promise<NatsDatabase | undefined> {
    try {
      const { streamInfo } = await store.entries.status();
      const database = new NatsDatabase(store, streamInfo.state.last_seq);
      await database.put(LEADER, leader);
      // From here on nobody else writes.
      for await (const entry of await store.entries.history()) {
        const key = keyOfNats(entry.key);
        if (entry.operation === 'PUT')
          database.known.set(key, { key, value: entry.json(), revision: entry.revision });
      }
      return database;
    } catch (error) {
      if (error instanceof LeadLost) return undefined;
      throw failureOf(error);
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.known.get(key);
  }

  async list(prefix: string): Promise<Entry[]> {
    const found = [...this.known.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  put(key: string, value: unknown, expected?: number): Promise<number> {
    // As it is now: what the caller does to the value later is not written.
    const json = JSON.stringify(value);
    return this.inTurn(async () => {
      if (expected !== undefined && (this.known.get(key)?.revision ?? 0) !== expected)
        throw new FleetError('already-exists', `${key} has been written by somebody else`);
      const revision = await this.write(key, json);
      this.known.set(key, { key, value: JSON.parse(json), revision });
      return revision;
    });
  }

  remove(key: string): Promise<void> {
    return this.inTurn(async () => {
      if (!this.known.has(key)) return;
      await this.write(key, undefined);
      this.known.delete(key);
    });
  }

  get isLost(): boolean {
    return this.lost !== undefined;
  }

  /** From now on nothing is written: another one leads, or may do so. */
  leave(reason: string): void {
    if (this.lost !== undefined) return;
    this.lost = new LeadLost(reason);
    this.onLost?.(reason);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }

  /** Gives the number of the write. One whose end is unknown may have been made, so nothing can follow it. */
  private async write(key: string, json: string | undefined): Promise<number> {
    if (this.lost !== undefined) throw this.lost;
    const { jetstream, headers, bucket, maxBytes } = this.store;
    const body = new TextEncoder().encode(json ?? '');
    const most = maxBytes - HEADERS;
    if (body.length > most)
      throw new FleetError('too-large', `${key} has ${body.length} bytes, and the store takes up to ${most}`);
    const marks = headers();
    if (json === undefined) marks.set('KV-Operation', 'DEL');
    try {
      const told = await jetstream.publish(`$KV.${bucket}.${natsKey(key)}`, body, {
        headers: marks,
        timeout: STORE_TIMEOUT,
        expect: { lastSequence: this.sequence },
      });
      this.sequence = told.seq;
      return told.seq;
    } catch (error) {
      throw this.fail(error);
    }
  }

  private fail(error: unknown): FleetError {
    this.leave(failureOf(error).message);
    return this.lost!;
  }
}

/** Nothing of this is in the store. */
class LeadLost extends FleetError {
  constructor(reason: string) {
    super('unavailable', `this orchestrator leads no longer: ${reason}`);
  }
}
