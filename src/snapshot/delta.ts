/**
 * Delta snapshots, ours: what has changed since the snapshot before. For periodic checkpoints and for moving a guest that goes on
 * running while its memory is sent: the time that it stands still depends on what it wrote, not on what it has.
 *
 * A delta file is eight bytes of magic and version, the XXH64 of the file before it (the full snapshot or the previous delta; two
 * little-endian words), and a snapshot of the draft whose memory chunks are the blocks of 4 KiB that were written; a block that is not
 * there is unchanged, not zero. Everything else is whole. `applyDeltas` gives plain draft bytes again, the very bytes that a full
 * snapshot at the same place has.
 */
import { type ByteSource, bytesOf, check, checkClass, LIST } from '../checks';
import { InternalError, SnapshotError } from '../errors';
import type { Execution } from '../interpreter';
import { Instance, type Memory } from '../runtime';
import { type CaptureOptions, captureWith, snapshot } from './capture';
import { applyChunks, chunksOf } from './chunks';
import { type DecodeOptions, decode } from './decode';
import {
  isStored,
  type MemoryChunk,
  type MemoryRecord,
  memoryBytes,
  type SnapshotDocument,
  type U64,
} from './document';
import { encode } from './encode';
import { u64, u64Equal, u64Hex } from './u64';
import { xxh64 } from './xxh64';

const MAGIC = [0x00, 0x64, 0x6c, 0x74, 0x01, 0x00, 0x00, 0x00]; // \0dlt, version 1
const HEADER = MAGIC.length + 8;
/** Bytes that one mark of `Memory.takeDirty` stands for. */
const BLOCK = 4096;

/** A series of snapshots of one execution: the first is whole, the others are deltas, each on the one before. */
export class Checkpoints {
  private last: U64 | undefined;
  private readonly memories: readonly Memory[];

  /** Starts to track the writes of the instance's memories. Not while anything runs. */
  constructor(instance: Instance) {
    checkClass('the instance', instance, Instance, 'Instance');
    this.memories = [...new Set(instance.memories)];
    for (const memory of this.memories) memory.track();
  }

  /** The next snapshot of the series. When it throws, the series goes on as if it had not been asked for. */
  take(execution: Execution, options: CaptureOptions = {}): Uint8Array {
    const bytes =
      this.last === undefined ? this.whole(execution, options) : this.delta(execution, options, this.last);
    this.last = xxh64(bytes);
    return bytes;
  }

  private whole(execution: Execution, options: CaptureOptions): Uint8Array {
    const bytes = snapshot(execution, options);
    for (const memory of this.memories) memory.takeDirty();
    return bytes;
  }

  private delta(execution: Execution, options: CaptureOptions, before: U64): Uint8Array {
    const taken = new Map<Memory, Uint8Array>();
    const contents = (memory: Memory): readonly MemoryChunk[] => {
      const dirty = memory.takeDirty();
      if (dirty === undefined) throw new InternalError('the memory is not tracked');
      taken.set(memory, dirty);
      return dirtyChunks(memory.bytes, dirty);
    };
    try {
      const inner = encode(captureWith(execution, options, contents));
      const bytes = new Uint8Array(HEADER + inner.length);
      bytes.set(MAGIC);
      for (let k = 0; k < 4; k++) {
        bytes[MAGIC.length + k] = before.lo >>> (8 * k);
        bytes[MAGIC.length + 4 + k] = before.hi >>> (8 * k);
      }
      bytes.set(inner, HEADER);
      return bytes;
    } catch (error) {
      for (const [memory, dirty] of taken) {
        dirty.forEach((mark, k) => {
          if (mark !== 0) memory.touch(k * BLOCK, 1);
        });
      }
      throw error;
    }
  }
}

/** Neighbouring dirty blocks are one chunk. */
function dirtyChunks(bytes: Uint8Array, dirty: Uint8Array): MemoryChunk[] {
  const chunks: MemoryChunk[] = [];
  for (let k = dirty.indexOf(1); k >= 0; ) {
    let end = k + 1;
    while (end < dirty.length && dirty[end] !== 0) end++;
    chunks.push({
      kind: 'raw',
      offset: k * BLOCK,
      bytes: bytes.subarray(k * BLOCK, Math.min(end * BLOCK, bytes.length)),
    });
    k = dirty.indexOf(1, end);
  }
  return chunks;
}

/** Whether these bytes claim to be a delta. */
export function isDelta(source: ByteSource): boolean {
  const bytes = bytesOf('the delta', source);
  return bytes.length >= MAGIC.length && MAGIC.every((byte, k) => bytes[k] === byte);
}

/**
 * The full snapshot that a whole one and the deltas after it stand for. Throws `SnapshotError` when one does not follow the one before, or
 * when it is more than the options allow: a few bytes can claim gigabytes of memory.
 */
export function applyDeltas(
  first: ByteSource,
  deltas: readonly ByteSource[],
  options: DecodeOptions = {},
): Uint8Array {
  const whole = bytesOf('the snapshot', first);
  check('the deltas', deltas, LIST);
  if (deltas.length === 0) return whole;
  let document = decode(whole, options);
  let before = xxh64(whole);
  const contents = new Contents(document);
  for (const source of deltas) {
    const delta = bytesOf('the delta', source);
    const after = decodeDelta(delta, before, options);
    checkFollows(document, after);
    contents.apply(after);
    document = after;
    before = xxh64(delta);
  }
  return encode({ ...document, memories: contents.records(document) });
}

function decodeDelta(bytes: Uint8Array, before: U64, options: DecodeOptions): SnapshotDocument {
  if (!isDelta(bytes) || bytes.length < HEADER)
    throw new SnapshotError('not a delta snapshot of version 1', 'malformed', 0);
  const word = (at: number) =>
    (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
  const base = u64(word(MAGIC.length), word(MAGIC.length + 4));
  if (!u64Equal(base, before)) {
    throw new SnapshotError(
      `the delta is on ${u64Hex(base)}, not on ${u64Hex(before)}`,
      'mismatch',
      MAGIC.length,
    );
  }
  return decode(bytes.subarray(HEADER), options);
}

/** A memory only grows. */
function checkFollows(before: SnapshotDocument, after: SnapshotDocument): void {
  if (!u64Equal(before.wasmHash, after.wasmHash) || before.memories.length !== after.memories.length) {
    throw new SnapshotError('the delta is of another module', 'mismatch');
  }
  after.memories.forEach((memory, k) => {
    const old = before.memories[k];
    if (memory.sameAs !== old.sameAs) {
      throw new SnapshotError('the delta shares memories otherwise', 'mismatch');
    }
    if (!isStored(memory) || !isStored(old)) return;
    if (memory.pages < old.pages || memory.pageBits !== old.pageBits) {
      throw new SnapshotError(`memory ${k} is not the one before, grown`, 'mismatch');
    }
  });
}

/** The contents of all memories, each written out once however many deltas follow. What a memory has grown by starts as zero. */
class Contents {
  private readonly memories: Uint8Array[] = [];

  constructor(document: SnapshotDocument) {
    this.apply(document);
  }

  apply(document: SnapshotDocument): void {
    document.memories.forEach((memory, k) => {
      if (!isStored(memory)) return;
      const size = memoryBytes(memory);
      const old = this.memories[k];
      if (old === undefined || old.length < size) {
        const grown = allocate(size, k);
        if (old !== undefined) grown.set(old);
        this.memories[k] = grown;
      }
      applyChunks(memory.chunks, this.memories[k]);
    });
  }

  records(document: SnapshotDocument): MemoryRecord[] {
    return document.memories.map((memory, k) =>
      isStored(memory) ? { ...memory, chunks: chunksOf(this.memories[k]) } : memory,
    );
  }
}

function allocate(size: number, index: number): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch {
    throw new SnapshotError(`the host has no room for the ${size} bytes of memory ${index}`, 'limit');
  }
}
