/** What must outlast a full disk and a loss of power: the database and the fences, on files of which writes fail in their middle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JournalDatabase } from './database';
import { Fences } from './fences';
import { type Files, MemoryFiles } from './files';
import { Groups } from './groups';

/** Files of a disk on which the next writes fail as the plan says; of an addition, a part is there then. */
class FailingFiles implements Files {
  readonly files = new MemoryFiles();
  private plan: boolean[] = [];
  appended = 0;

  failNext(...plan: boolean[]): void {
    this.plan = plan;
  }
  private get fails(): boolean {
    return this.plan.shift() ?? false;
  }

  read(path: string) {
    return this.files.read(path);
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (this.fails) throw new Error('no room on the disk');
    await this.files.write(path, bytes);
  }
  async append(path: string, ...parts: readonly Uint8Array[]): Promise<void> {
    await Promise.resolve();
    this.appended++;
    if (this.fails) {
      const [first] = parts;
      await this.files.append(path, first.subarray(0, Math.floor(first.length / 2)));
      throw new Error('no room on the disk');
    }
    await this.files.append(path, ...parts);
  }
  remove(path: string) {
    return this.files.remove(path);
  }
  list(folder: string) {
    return this.files.list(folder);
  }
}

async function reopened(files: Files): Promise<JournalDatabase> {
  const database = new JournalDatabase(files);
  await database.open();
  return database;
}

/** Values of a database by key. */
async function contents(database: JournalDatabase): Promise<Record<string, unknown>> {
  return Object.fromEntries((await database.list('')).map(({ key, value }) => [key, value]));
}

const key = fc.constantFrom('a', 'b', 'c');
/** Some changes at one time, of which the writes may fail. */
const burst = fc.record({
  changes: fc.array(fc.tuple(key, fc.option(fc.integer(), { nil: undefined })), {
    minLength: 1,
    maxLength: 5,
  }),
  failures: fc.array(fc.boolean(), { maxLength: 4 }),
  restart: fc.boolean(),
});

describe('the database', () => {
  it('has what it has acknowledged, and nothing else, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(burst, { maxLength: 12 }), async (bursts) => {
        const files = new FailingFiles();
        let database = await reopened(files);
        let expected: Record<string, unknown> = {};
        for (const { changes, failures, restart } of bursts) {
          files.failNext(...failures);
          const made = changes.map(([name, value]) =>
            value === undefined ? database.remove(name) : database.put(name, value),
          );
          const settled = await Promise.allSettled(made);
          for (const [k, { status }] of settled.entries()) {
            const [name, value] = changes[k];
            if (status === 'fulfilled' && value !== undefined) expected = { ...expected, [name]: value };
            if (status === 'fulfilled' && value === undefined) delete expected[name];
          }
          files.failNext();
          expect(await contents(database)).toEqual(expected);
          if (!restart) continue;
          // The next write takes the place of what a failed one has left.
          await database.put('end', 0);
          expected = { ...expected, end: 0 };
          database = await reopened(files);
          expect(await contents(database)).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('writes what waits with one addition to the journal', async () => {
    const files = new FailingFiles();
    const database = await reopened(files);
    await Promise.all(Array.from({ length: 100 }, (_, k) => database.put(`k${k}`, k)));
    expect(files.appended).toBe(2);
    expect(Object.keys(await contents(await reopened(files)))).toHaveLength(100);
  });

  it('compares and sets among changes that are under way', async () => {
    const database = await reopened(new FailingFiles());
    const made = await Promise.allSettled([database.put('a', 1, 0), database.put('a', 2, 0)]);
    expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

const rise = fc.record({
  id: fc.constantFrom('d~a', 'd~b', 'd~c'),
  epoch: fc.integer({ min: 1, max: 20 }),
  failures: fc.array(fc.boolean(), { maxLength: 2 }),
});

describe('fences', () => {
  it('stay where they have been raised to, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rise, { maxLength: 20 }), async (rises) => {
        const files = new FailingFiles();
        const fences = new Fences(files, 'copies-fences');
        await fences.open();
        const acknowledged = new Map<string, number>();
        for (const { id, epoch, failures } of rises) {
          files.failNext(...failures);
          const raised = await fences.raise(id, epoch).then(
            () => true,
            () => false,
          );
          expect(fences.of(id)).toBeGreaterThanOrEqual(epoch);
          if (raised) acknowledged.set(id, Math.max(epoch, acknowledged.get(id) ?? 0));
        }
        files.failNext();
        const again = new Fences(files, 'copies-fences');
        await again.open();
        for (const [id, epoch] of acknowledged) expect(again.of(id)).toBeGreaterThanOrEqual(epoch);
      }),
      { numRuns: 300 },
    );
  });

  it('are taken from the file of earlier versions', async () => {
    const files = new MemoryFiles();
    await files.write('copies-fences.json', new TextEncoder().encode('{"d~a":7}'));
    for (let opened = 0; opened < 2; opened++) {
      const fences = new Fences(files, 'copies-fences');
      await fences.open();
      expect(fences.of('d~a')).toBe(7);
      expect(await files.read('copies-fences.json')).toBeUndefined();
    }
  });
});

describe('groups', () => {
  it('what waits fails with the write that it waited for', async () => {
    const undone: number[] = [];
    const groups = new Groups<number>(
      async (items) => {
        await Promise.resolve();
        if (items.includes(1)) throw new Error('no');
      },
      (items) => undone.push(...items),
    );
    const made = await Promise.allSettled([1, 2, 3].map((item) => groups.add(item)));
    expect(made.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(undone).toEqual([1, 2, 3]);
    await groups.add(4);
  });
});
