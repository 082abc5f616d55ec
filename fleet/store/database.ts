/**
 * What an orchestrator knows, as documents under keys. A write can ask that nobody has written since one read: that is all that several
 * orchestrators need to serve one fleet.
 */
import { integer, list, type Reader, readJson, shape, text, withDefault } from '../protocol/checked';
import { FleetError } from '../protocol/errors';
import { sha256Hex } from '../security/digest';
import type { Files } from './files';
import { Groups } from './groups';

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

/** Lines after which the journal is written anew, if they are more than the entries: reading so many takes a tenth of a second at start. */
const COMPACT_AFTER = 5_000;
const FORMAT = 1;

interface Line {
  readonly key: string;
  readonly revision: number;
  /** Undefined: removed. */
  readonly value?: unknown;
}

interface Change {
  readonly row: Line;
  /** As JSON, of when it was made. */
  readonly json: string;
  readonly before: Entry | undefined;
}

const anything: Reader<unknown> = (value) => value;
const line = shape({ key: text(400), revision: integer(1), value: anything });
const whole = shape({
  format: integer(1),
  /** Lines of the journal up to this revision are in it. */
  revision: withDefault(integer(0), 0),
  lines: list(line, 10_000_000),
});

/**
 * A database in a folder: a file with all entries, and a journal of what has changed since. A line of the journal is a digest, a space and JSON; the
 * first one that is damaged (by a loss of power, only the last can be) ends it.
 */
export class JournalDatabase implements Database {
  private readonly entries = new Map<string, Entry>();
  private revision = 0;
  private lines = 0;
  /** The journal's last line may be cut off: nothing may be added behind it. */
  private isTorn = false;
  private readonly changes = new Groups<Change>(
    (changes) => this.add(changes),
    (changes) => this.takeBack(changes),
  );

  constructor(private readonly files: Files) {}

  async open(): Promise<void> {
    const base = await this.files.read('database.json');
    const known = base === undefined ? 0 : this.load(new TextDecoder().decode(base));
    const journal = new TextDecoder().decode((await this.files.read('journal')) ?? new Uint8Array(0));
    for (const row of journal.split('\n')) {
      const [digest, json] = [row.slice(0, 16), row.slice(17)];
      if (json === '' || (await sha256Hex(new TextEncoder().encode(json))).slice(0, 16) !== digest) break;
      const read = readJson(json, line, 'journal') as Line;
      if (read.revision > known) this.apply(read);
    }
    await this.compact();
  }

  /** Gives the revision of the file with all entries. */
  private load(source: string): number {
    const { format, revision, lines } = JSON.parse(source) as Record<'format' | 'revision', number> & {
      lines: unknown[];
    };
    if (format > FORMAT)
      throw new FleetError(
        'unavailable',
        `the database has format ${format}, and this tswasm-fleet knows up to ${FORMAT}: use a newer one`,
      );
    const read = whole({ format, revision, lines }, 'database');
    for (const one of read.lines) this.apply(one as Line);
    this.revision = Math.max(this.revision, read.revision);
    return read.revision;
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
    // One that is not there may be on its way out, which may fail.
    if (before !== undefined || this.changes.isBusy)
      await this.write({ key, revision: ++this.revision }, before);
  }

  async list(prefix: string): Promise<Entry[]> {
    const found = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Visible at once, so that nobody reads what has been replaced; taken back when it cannot be written. */
  private write(row: Line, before: Entry | undefined): Promise<void> {
    this.apply(row);
    return this.changes.add({ row, json: JSON.stringify(row), before });
  }

  private async add(changes: readonly Change[]): Promise<void> {
    const rows = changes.map(async ({ json }) => {
      const digest = await sha256Hex(new TextEncoder().encode(json));
      return `${digest.slice(0, 16)} ${json}\n`;
    });
    const text = (await Promise.all(rows)).join('');
    if (this.isTorn) await this.compact();
    this.isTorn = true;
    await this.files.append('journal', new TextEncoder().encode(text));
    this.isTorn = false;
    this.lines += rows.length;
    // Where there is no room for that, the journal stays as it is, and all that is in it counts.
    if (this.lines >= Math.max(COMPACT_AFTER, this.entries.size)) await this.compact().catch(() => undefined);
  }

  private takeBack(changes: readonly Change[]): void {
    for (const { row, before } of [...changes].reverse()) {
      if (this.entries.get(row.key)?.revision !== (row.value === undefined ? undefined : row.revision))
        continue;
      if (before === undefined) this.entries.delete(row.key);
      else this.entries.set(row.key, before);
    }
  }

  /** The file with all entries takes the place of the one before; of a journal that is still there then, no line counts. */
  private async compact(): Promise<void> {
    const lines = [...this.entries.values()].map(({ key, value, revision }) => ({ key, revision, value }));
    const source = JSON.stringify({ format: FORMAT, revision: this.revision, lines });
    await this.files.write('database.json', new TextEncoder().encode(source));
    await this.files.write('journal', new Uint8Array(0));
    this.lines = 0;
  }
}
