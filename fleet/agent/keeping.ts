/**
 * What of an agent's executions outlasts its process: on its disk the newest checkpoint of each, or the stages in which it has come, and copies at
 * neighbours.
 */
import {
  type Checkpoint,
  type CheckpointHead,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../protocol/checkpoint';
import type { Client } from '../protocol/client';
import { FleetError } from '../protocol/errors';
import { sha256 } from '../security/digest';
import { StageDigest } from '../security/transfer';
import { Copies } from '../store/copies';
import type { Files } from '../store/files';
import { Stages } from '../store/stages';

/** Milliseconds that a holder may take to keep a copy before an answer is given without it. */
const COPY_TIMEOUT = 2_000;

export interface KeepingParts {
  readonly files: Files;
  readonly client: Client;
  /** Base URLs of those who keep copies, the most trusted first. */
  readonly holders: () => readonly string[];
  readonly log: (text: string, execution: string) => void;
}

/** The stages in which an execution has come. */
export interface Staged {
  readonly opening: Checkpoint;
  readonly pieces: readonly Uint8Array[];
  readonly last: Checkpoint;
}

export class Keeping {
  private readonly own: Copies;
  /** Executions that have come in stages, and those that are coming. */
  readonly stages: Stages;

  constructor(private readonly parts: KeepingParts) {
    this.own = new Copies(parts.files, 'executions');
    this.stages = new Stages(parts.files, 'stages');
  }

  /** The executions of which there is something. */
  async open(): Promise<ReadonlySet<string>> {
    await this.own.open();
    await this.stages.open();
    return new Set([...this.own.list().map(({ execution }) => execution), ...this.stages.list()]);
  }

  /** Throws when there is a later epoch than this one. */
  check(id: string, epoch: number): void {
    this.own.check(id, epoch);
  }
  fence(id: string): number {
    return this.own.fence(id);
  }
  /** From now on nothing of an epoch below this one comes here. */
  raise(id: string, epoch: number): Promise<void> {
    return this.own.raise(id, epoch);
  }

  checkpoint(id: string): Promise<Checkpoint | undefined> {
    return this.own.get(id);
  }
  bytes(id: string): Promise<Uint8Array | undefined> {
    return this.own.bytes(id);
  }
  /** Undefined when it has not come in stages, its last one is not there, or it has been refused since. */
  async staged(id: string): Promise<Staged | undefined> {
    const [first, ...pieces] = await this.stages.read(id);
    const last = pieces.pop();
    if (first === undefined || last === undefined) return undefined;
    const digest = new StageDigest();
    for (const stage of [first, ...pieces]) await digest.add(await sha256(stage));
    const head = headOf(last);
    if (head?.execution !== id || head.staged !== digest.value) return undefined;
    if (head.epoch < this.fence(id)) return undefined;
    return { opening: decodeCheckpoint(first), pieces, last: decodeCheckpoint(last) };
  }

  /** A checkpoint, which takes the place of the stages in which the execution has come. */
  async whole(bytes: Uint8Array, { head }: Checkpoint): Promise<void> {
    await this.own.put(bytes, head);
    await this.stages.remove(head.execution);
  }

  /** The last stage. */
  async last(id: string, stage: Uint8Array): Promise<void> {
    await this.stages.add(id, stage, await sha256(stage));
  }

  /** On the disk, and at as many neighbours as the deployment asks for. */
  async keep(checkpoint: Checkpoint): Promise<void> {
    const bytes = encodeCheckpoint(checkpoint);
    await this.whole(bytes, checkpoint);
    await this.spread(bytes, checkpoint);
  }

  /** Gives copies to holders. One that knows a later epoch stops the execution. */
  private async spread(bytes: Uint8Array, { head }: Checkpoint): Promise<void> {
    const { client, holders, log } = this.parts;
    let wanted = head.spec.copies;
    for (const holder of holders()) {
      if (wanted === 0) return;
      try {
        await client.send({
          method: 'PUT',
          url: `${holder}/liquid/v1/checkpoints/${encodeURIComponent(head.execution)}`,
          body: bytes,
          timeout: COPY_TIMEOUT,
        });
        wanted--;
      } catch (error) {
        if (error instanceof FleetError && error.code === 'older-epoch') throw error;
        log(`no copy at ${holder}: ${error instanceof Error ? error.message : error}`, head.execution);
      }
    }
  }

  /** The execution is not here any more, nor may it come back below this epoch. */
  async drop(id: string, epoch: number): Promise<void> {
    await this.own.raise(id, epoch);
    await this.own.remove(id);
    await this.stages.remove(id);
  }
}

/** What a stage says, if it is a checkpoint. */
function headOf(stage: Uint8Array): CheckpointHead | undefined {
  try {
    return decodeCheckpoint(stage).head;
  } catch {
    return undefined;
  }
}
