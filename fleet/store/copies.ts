/**
 * Checkpoints that are kept for others, the newest of each execution, and fences: the epoch below which nothing of an execution is taken any
 * more. Agents keep them for their neighbours, an orchestrator for everybody, and each for what it has given away itself.
 */

import { integer, readJson, record } from '../protocol/checked';
import { type Checkpoint, type CheckpointHead, decodeCheckpoint, isNewer } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';
import type { Files } from './files';

export class Copies {
  private readonly heads = new Map<string, CheckpointHead>();
  private fences = new Map<string, number>();
  /** Writes of one file follow each other. */
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly files: Files,
    private readonly folder: string,
  ) {}

  /** Reads what is there. A copy that is damaged is none. */
  async open(): Promise<void> {
    const fences = await this.files.read(`${this.folder}-fences.json`);
    if (fences !== undefined) {
      const told = readJson(new TextDecoder().decode(fences), record(integer(0)), 'fences');
      this.fences = new Map(Object.entries(told));
    }
    for (const id of await this.files.list(this.folder)) {
      const copy = await this.get(id);
      if (copy !== undefined) this.heads.set(id, copy.head);
    }
  }

  /** Keeps the bytes of a checkpoint, which must be later than what is known of the execution. */
  async put(bytes: Uint8Array, head = decodeCheckpoint(bytes).head): Promise<void> {
    const before = this.heads.get(head.execution);
    this.check(head.execution, head.epoch);
    if (before !== undefined && !isNewer(head, before)) {
      if (head.epoch === before.epoch && head.sequence === before.sequence) return;
      throw new FleetError('older-epoch', `a later checkpoint of ${head.execution} is here already`);
    }
    this.heads.set(head.execution, head);
    try {
      await this.inTurn(() => this.files.write(`${this.folder}/${head.execution}`, bytes));
    } catch (error) {
      if (before === undefined) this.heads.delete(head.execution);
      else this.heads.set(head.execution, before);
      throw error;
    }
  }

  async get(id: string): Promise<Checkpoint | undefined> {
    const bytes = await this.bytes(id);
    if (bytes === undefined) return undefined;
    try {
      return decodeCheckpoint(bytes);
    } catch {
      return undefined;
    }
  }
  bytes(id: string): Promise<Uint8Array | undefined> {
    return this.files.read(`${this.folder}/${id}`);
  }
  head(id: string): CheckpointHead | undefined {
    return this.heads.get(id);
  }
  list(): CheckpointHead[] {
    return [...this.heads.values()];
  }

  async remove(id: string): Promise<void> {
    this.heads.delete(id);
    await this.inTurn(() => this.files.remove(`${this.folder}/${id}`));
  }

  /** Throws when there is a later epoch than this one. */
  check(id: string, epoch: number): void {
    const fence = this.fences.get(id) ?? 0;
    if (epoch < fence)
      throw new FleetError('older-epoch', `${id} is of epoch ${fence} or later by now, not of ${epoch}`);
  }
  fence(id: string): number {
    return this.fences.get(id) ?? 0;
  }

  /** From now on nothing of an epoch below this one is taken. */
  async raise(id: string, epoch: number): Promise<void> {
    if ((this.fences.get(id) ?? 0) >= epoch) return;
    this.fences.set(id, epoch);
    await this.inTurn(() =>
      this.files.write(
        `${this.folder}-fences.json`,
        new TextEncoder().encode(JSON.stringify(Object.fromEntries(this.fences))),
      ),
    );
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    const next = this.last.then(write, write);
    this.last = next.catch(() => undefined);
    return next;
  }
}
