/**
 * Executions on their way to this device. A move comes in stages: the opening makes the instances, pieces fill their memories while the execution
 * still runs at its source, and the last stage, which Agent.place takes, says the rest. What comes is also written down, so that an execution
 * that has arrived outlasts a loss of power without a checkpoint of its whole memory.
 */
import { type Checkpoint, decodeCheckpoint } from '../protocol/checkpoint';
import { FleetError } from '../protocol/errors';
import { sha256 } from '../security/digest';
import { StageDigest } from '../security/transfer';
import type { Stages } from '../store/stages';
import type { FleetExecution } from './execution';
import type { Guest } from './guest';
import type { World } from './world';

/** Moves to this device at one time: each holds a guest's memory. */
const MAX_ARRIVALS = 32;
/** Milliseconds without a stage after which the source has given up. */
const LAPSE = 60_000;
/** Stages of one move: rounds of pieces of a megabyte, over four gigabytes. */
const MAX_STAGES = 20_000;

/** An execution whose guest is not whole yet. */
export interface Awaited {
  readonly execution: FleetExecution;
  readonly guest: Guest;
}

interface Arriving extends Awaited {
  readonly epoch: number;
  readonly source: string;
  readonly ticket: string;
  readonly digest: StageDigest;
  /** Stages so far, and bytes in them. */
  count: number;
  bytes: number;
  callOff: () => void;
}

export interface ArrivalParts {
  readonly world: Pick<World, 'after' | 'makeRoom'>;
  readonly stages: Stages;
  /** Makes the execution and its guest from the opening. */
  readonly prepare: (opening: Checkpoint) => Promise<Awaited>;
}

export class Arrivals {
  private readonly arriving = new Map<string, Arriving>();

  constructor(private readonly parts: ArrivalParts) {}

  /** The first stage. One of the same execution that has been on its way is given up. */
  async begin(bytes: Uint8Array, source: string, ticket: string): Promise<void> {
    const opening = decodeCheckpoint(bytes);
    const { execution: id, epoch } = opening.head;
    const before = this.arriving.get(id);
    if (before !== undefined && before.epoch > epoch)
      throw new FleetError('older-epoch', `${id} is on its way here with epoch ${before.epoch}`);
    this.giveUp(id);
    if (this.arriving.size >= MAX_ARRIVALS)
      throw new FleetError('busy', `${MAX_ARRIVALS} executions are on their way here already`);
    const awaited = await this.parts.prepare(opening);
    const made = {
      ...awaited,
      epoch,
      source,
      ticket,
      digest: new StageDigest(),
      count: 0,
      bytes: 0,
      callOff: () => undefined,
    };
    this.arriving.set(id, made);
    this.watch(id, made);
    await this.parts.stages.begin(id);
    made.count++;
    await this.note(id, made, bytes);
  }

  /** Who may send a stage, and with which ticket it is sealed. */
  ticketOf(id: string, source: string, place: number): string {
    const found = this.find(id);
    if (found.source !== source)
      throw new FleetError(
        'forbidden',
        `${id} is on its way here from ${found.source}, and not from ${source}`,
      );
    if (place !== found.count)
      throw new FleetError('bad-request', `stage ${found.count} of ${id} is to come, and this is ${place}`);
    return found.ticket;
  }

  /** A piece: the next in the row. */
  async take(id: string, place: number, piece: Uint8Array): Promise<void> {
    const found = this.find(id);
    if (place !== found.count || place >= MAX_STAGES)
      throw new FleetError('bad-request', `stage ${found.count} of ${id} is to come, and this is ${place}`);
    found.count++;
    try {
      await found.guest.take(piece);
    } catch (error) {
      found.count--;
      throw error;
    }
    this.watch(id, found);
    await this.note(id, found, piece);
  }

  /** The next stage is the last one, for which the execution stands still. */
  expectLast(id: string, source: string): void {
    const found = this.find(id);
    if (found.source !== source)
      throw new FleetError('forbidden', `${id} is not on its way here from ${source}`);
    this.parts.world.makeRoom?.(found.bytes);
  }

  /** The last stage: the execution begins here, if the stages before are those that its source has sent. */
  async complete(last: Checkpoint): Promise<FleetExecution> {
    const { execution: id, epoch, staged } = last.head;
    const found = this.find(id);
    if (found.epoch !== epoch || found.digest.value !== staged) {
      this.giveUp(id);
      throw new FleetError('bad-request', `the stages of ${id} are not those that belong to its last one`);
    }
    this.forget(id, found);
    try {
      await found.guest.arrive(last.snapshot);
      found.execution.start(found.guest, last);
    } catch (error) {
      found.guest.dispose();
      throw error;
    }
    return found.execution;
  }

  /** Its source has given up. */
  cancel(id: string, source: string): void {
    if (this.arriving.get(id)?.source === source) this.giveUp(id);
  }

  /** What has come of it is thrown away. */
  giveUp(id: string): void {
    const found = this.arriving.get(id);
    if (found === undefined) return;
    this.forget(id, found);
    found.guest.dispose();
  }
  close(): void {
    for (const id of [...this.arriving.keys()]) this.giveUp(id);
  }

  private find(id: string): Arriving {
    const found = this.arriving.get(id);
    if (found === undefined) throw new FleetError('not-found', `${id} is not on its way here`);
    return found;
  }

  private async note(id: string, found: Arriving, stage: Uint8Array): Promise<void> {
    found.bytes += stage.length;
    const digest = await sha256(stage);
    await Promise.all([found.digest.add(digest), this.parts.stages.add(id, stage, digest)]);
  }

  private watch(id: string, found: Arriving): void {
    found.callOff();
    found.callOff = this.parts.world.after(LAPSE, () => {
      if (this.arriving.get(id) === found) this.giveUp(id);
    });
  }
  private forget(id: string, found: Arriving): void {
    found.callOff();
    this.arriving.delete(id);
  }
}
