/**
 * What a snapshot may take of the host, counted while it is read and before anything is built of it: a few bytes of a file become a
 * hundred in memory.
 */
import { SnapshotError } from '../errors';
import { DEFAULT_STORE_LIMITS, type StoreLimits } from '../runtime';
import type { RecordKind } from './checks';
import { isStored, memoryBytes, type SnapshotDocument } from './document';

/** Globals, exceptions and the like in one snapshot: four times what the largest module may have. */
const MAX_RECORDS = 2 ** 22;
/**
 * Chunks of a memory, beside one for each 64 bytes of it: writers cut at runs of 128 bytes or more, and a run of 0xFF is a chunk between
 * two others. The allowance is for those that cut small memories finer.
 */
const MAX_EXTRA_CHUNKS = 2 ** 18;
const CHUNK_BYTES = 64;

export class Room {
  private readonly limits: StoreLimits;
  private frames = 0;
  private slots = 0;
  private elements = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.limits = { ...DEFAULT_STORE_LIMITS, ...limits };
  }

  records(what: RecordKind | 'exceptions', count: number, offset: number): void {
    if (count > MAX_RECORDS) exceeded(`the snapshot lists ${count} of ${what}`, MAX_RECORDS, offset);
  }

  /** Frames of all call stacks. */
  addFrames(count: number, offset: number): void {
    this.frames += count;
    const { maxFrames } = this.limits;
    if (this.frames > maxFrames) {
      exceeded(`call stack exhausted: the snapshot has ${this.frames} frames`, maxFrames, offset);
    }
  }

  /** Values of all frames and of what waits with them. */
  addValues(count: number, offset: number): void {
    this.slots += count;
    const { maxSlots } = this.limits;
    if (this.slots > maxSlots) {
      exceeded(`call stack exhausted: the snapshot has ${this.slots} values on it`, maxSlots, offset);
    }
  }

  addElements(count: number, offset: number): void {
    this.elements += count;
    const { maxTableElements } = this.limits;
    if (this.elements > maxTableElements) {
      exceeded(`the snapshot needs ${this.elements} table elements`, maxTableElements, offset);
    }
  }

  memory(bytes: number, offset: number): void {
    const { maxMemoryBytes } = this.limits;
    if (bytes > maxMemoryBytes)
      exceeded(`the snapshot needs ${bytes} bytes of memory`, maxMemoryBytes, offset);
  }

  chunks(count: number, bytes: number, offset: number): void {
    const most = MAX_EXTRA_CHUNKS + bytes / CHUNK_BYTES;
    if (count > most) exceeded(`a memory of ${bytes} bytes in ${count} chunks`, Math.floor(most), offset);
  }
}

/** Throws `SnapshotError` when the document, which may never have been bytes, does not fit the limits. */
export function checkLimits(document: SnapshotDocument, limits: Partial<StoreLimits>): void {
  const room = new Room(limits);
  for (const { activations } of document.continuations) {
    room.addFrames(activations.length, -1);
    for (const { values } of activations) room.addValues(values.length, -1);
  }
  let bytes = 0;
  for (const memory of document.memories) if (isStored(memory)) bytes += memoryBytes(memory);
  room.memory(bytes, -1);
  for (const table of document.tables) if (isStored(table)) room.addElements(table.elements.length / 2, -1);
}

function exceeded(what: string, limit: number, offset: number): never {
  throw new SnapshotError(`${what}, the limit is ${limit}`, 'limit', offset);
}
