/**
 * Fences: the epoch below which nothing of an execution is taken any more. Each rise is a line, `EPOCH ID`, at the end of a file; the highest epoch of
 * an execution counts. So a rise costs the same however many executions there are.
 */
import { integer, readJson, record } from '../protocol/checked';
import { executionIdOf } from '../protocol/deployment';
import type { Files } from './files';
import { Groups } from './groups';

/** Lines beside those that count, after which the file is written anew. */
const SPARE = 1_000;

export class Fences {
  private readonly epochs = new Map<string, number>();
  private lines = 0;
  /** A line may be cut off: nothing may be added behind it. */
  private isTorn = false;
  private readonly rises = new Groups<string>((rows) => this.add(rows));

  constructor(
    private readonly files: Files,
    private readonly name: string,
  ) {}

  async open(): Promise<void> {
    // As versions before this one kept them.
    const old = await this.files.read(`${this.name}.json`);
    if (old !== undefined) {
      const told = readJson(new TextDecoder().decode(old), record(integer(0)), 'fences');
      for (const [id, epoch] of Object.entries(told)) this.take(id, epoch);
    }
    const bytes = await this.files.read(this.name);
    for (const row of new TextDecoder()
      .decode(bytes ?? new Uint8Array(0))
      .split('\n')
      .slice(0, -1))
      this.read(row);
    if (bytes !== undefined || old !== undefined) await this.rewrite();
    if (old !== undefined) await this.files.remove(`${this.name}.json`);
  }

  /** A row that is damaged was never acknowledged. */
  private read(row: string): void {
    try {
      const [epoch, id] = row.split(' ');
      this.take(executionIdOf(id, 'fence'), integer(0)(Number(epoch), 'fence'));
    } catch {
      this.isTorn = true;
    }
  }
  private take(id: string, epoch: number): void {
    this.epochs.set(id, Math.max(epoch, this.of(id)));
  }

  of(id: string): number {
    return this.epochs.get(id) ?? 0;
  }

  /** Counts at once; once it is settled, it outlasts a loss of power. */
  async raise(id: string, epoch: number): Promise<void> {
    const isKnown = this.of(id) >= epoch;
    this.take(id, epoch);
    // One that is known may be on its way to the disk, or have failed to get there.
    if (!isKnown || this.rises.isBusy || this.isTorn) await this.rises.add(isKnown ? '' : `${epoch} ${id}\n`);
  }

  private async add(rows: readonly string[]): Promise<void> {
    if (this.isTorn || this.lines >= this.epochs.size + SPARE) return this.rewrite();
    try {
      await this.files.append(this.name, new TextEncoder().encode(rows.join('')));
      this.lines += rows.length;
    } catch (error) {
      this.isTorn = true;
      throw error;
    }
  }

  private async rewrite(): Promise<void> {
    const rows = Array.from(this.epochs, ([id, epoch]) => `${epoch} ${id}\n`);
    await this.files.write(this.name, new TextEncoder().encode(rows.join('')));
    this.lines = rows.length;
    this.isTorn = false;
  }
}
