/**
 * What an orchestrator knows, as documents under keys. A write can ask that nobody has written since one read: that is all that several
 * orchestrators need to serve one fleet.
 */
import { integer, list, type Reader, readJson, shape, text } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import type { Files } from './files';

export interface Entry {
  readonly key: string;
  readonly value: unknown;
  /** Changes with every write of the key. */
  readonly revision: number;
}

export interface Database {
  get(key: string): Promise<Entry | undefined>;
  /** Gives the new revision. With `expected` (0: there is none yet) it is an `already-exists` error when the entry has another one. */
  put(key: string, value: unknown, expected?: number): Promise<number>;
  remove(key: string): Promise<void>;
  /** All whose key begins so, in the order of the keys. */
  list(prefix: string): Promise<Entry[]>;
}

/** Lines after which the journal is written anew: reading it at start takes a tenth of a second then. */
const COMPACT_AFTER = 5_000;
const FORMAT = 1;

interface Line {
  readonly key: string;
  readonly revision: number;
  /** Undefined: removed. */
  readonly value?: unknown;
}

const anything: Reader<unknown> = (value) => value;
const line = shape({ key: text(400), revision: integer(1), value: anything });
const whole = shape({ format: integer(1), lines: list(line, 10_000_000) });

/**
 * A database in a folder: a file with all entries, and a journal of what has changed since. A line of the journal is a digest, a space and JSON; the
 * first one that is damaged (by a loss of power, only the last can be) ends it.
 */
export class JournalDatabase implements Database {
  private readonly entries = new Map<string, Entry>();
  private revision = 0;
  private lines = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly files: Files) {}

  async open(): Promise<void> {
    const base = await this.files.read('database.json');
    if (base !== undefined) await this.load(new TextDecoder().decode(base));
    const journal = new TextDecoder().decode((await this.files.read('journal')) ?? new Uint8Array(0));
    for (const row of journal.split('\n')) {
      const [digest, json] = [row.slice(0, 16), row.slice(17)];
      if (json === '' || (await sha256Hex(new TextEncoder().encode(json))).slice(0, 16) !== digest) break;
      this.apply(readJson(json, line, 'journal') as Line);
    }
    await this.compact();
  }

  private async load(source: string): Promise<void> {
    const { format, lines } = JSON.parse(source) as { format: number; lines: unknown[] };
    if (format > FORMAT)
      throw new FleetError(
        'unavailable',
        `the database has format ${format}, and this tswasm-fleet knows up to ${FORMAT}: use a newer one`,
      );
    for (const one of whole({ format, lines }, 'database').lines) this.apply(one as Line);
  }

  private apply({ key, revision, value }: Line): void {
    this.revision = Math.max(this.revision, revision);
    if (value === undefined) this.entries.delete(key);
    else this.entries.set(key, { key, value, revision });
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.entries.get(key);
  }

  async put(key: string, value: unknown, expected?: number): Promise<number> {
    const before = this.entries.get(key);
    if (expected !== undefined && (before?.revision ?? 0) !== expected)
      throw new FleetError('already-exists', `${key} has been written by somebody else`);
    const revision = ++this.revision;
    // A copy: what the caller does to the value later is not written.
    await this.write({ key, revision, value: JSON.parse(JSON.stringify(value)) }, before);
    return revision;
  }

  async remove(key: string): Promise<void> {
    const before = this.entries.get(key);
    if (before !== undefined) await this.write({ key, revision: ++this.revision }, before);
  }

  async list(prefix: string): Promise<Entry[]> {
    const found = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Visible at once, so that nobody reads what has been replaced; taken back when it cannot be written. */
  private async write(row: Line, before: Entry | undefined): Promise<void> {
    this.apply(row);
    const json = JSON.stringify(row);
    const write = async (): Promise<void> => {
      const digest = (await sha256Hex(new TextEncoder().encode(json))).slice(0, 16);
      await this.files.append('journal', new TextEncoder().encode(`${digest} ${json}\n`));
      if (++this.lines >= COMPACT_AFTER) await this.compact();
    };
    const next = this.last.then(write);
    this.last = next.catch(() => undefined);
    try {
      await next;
    } catch (error) {
      if (this.entries.get(row.key)?.revision === row.revision || row.value === undefined) {
        if (before === undefined) this.entries.delete(row.key);
        else this.entries.set(row.key, before);
      }
      throw error;
    }
  }

  /** The file with all entries takes the place of the one before; a journal that is still there then says nothing new. */
  private async compact(): Promise<void> {
    const lines = [...this.entries.values()].map(({ key, value, revision }) => ({ key, revision, value }));
    const source = JSON.stringify({ format: FORMAT, lines });
    await this.files.write('database.json', new TextEncoder().encode(source));
    await this.files.write('journal', new Uint8Array(0));
    this.lines = 0;
  }
}
