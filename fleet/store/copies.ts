/**
 * Checkpoints that are kept for others, the newest of each execution, and fences: the epoch below which nothing of an execution is taken any
 * more. Agents keep them for their neighbours, an orchestrator for everybody, and each for what it has given away itself.
 */

import { type Checkpoint, type CheckpointHead, decodeCheckpoint, isNewer } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';
import { Fences } from './fences';
import type { Files } from './files';
import { Locks } from './locks';

export class Copies {
  private readonly heads = new Map<string, CheckpointHead>();
  private readonly fences: Fences;
  /** Writes of one file follow each other. */
  private readonly locks = new Locks();

  constructor(
    private readonly files: Files,
    private readonly folder: string,
  ) {
    this.fences = new Fences(files, `${folder}-fences`);
  }

  /** Reads what is there. A copy that is damaged is none. */
  async open(): Promise<void> {
    await this.fences.open();
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
      await this.locks.with(head.execution, () =>
        this.files.write(`${this.folder}/${head.execution}`, bytes),
      );
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
    await this.locks.with(id, () => this.files.remove(`${this.folder}/${id}`));
  }

  /** Throws when there is a later epoch than this one. */
  check(id: string, epoch: number): void {
    const fence = this.fence(id);
    if (epoch < fence)
      throw new FleetError('older-epoch', `${id} is of epoch ${fence} or later by now, not of ${epoch}`);
  }
  fence(id: string): number {
    return this.fences.of(id);
  }

  /** From now on nothing of an epoch below this one is taken. */
  raise(id: string, epoch: number): Promise<void> {
    return this.fences.raise(id, epoch);
  }
}
