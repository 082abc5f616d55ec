/**
 * A store that is moved in stages, ours: while its execution runs on, the blocks of its memories are sent, then those that have been written since;
 * it stands still only for what is left then. At the other end the instances are made at once and the blocks put into their memories, so that
 * going on costs what the last stage has, not what the memories have.
 *
 * The opening is the head of a store's snapshot: magic, version and linkage (store.ts). A piece is eight bytes of magic and version, and records of
 * four u32, little endian: memory by its address, its pages, offset, length; the bytes follow each. The last stage is a store's snapshot whose
 * memory chunks are the blocks that are left: a block that it does not name is as it was sent, or zero when it never was.
 */
import { type ByteSource, bytesOf, COUNT, check } from '../checks';
import type { Module } from '../decoder';
import { Reader } from '../decoder/reader';
import { SnapshotError } from '../errors';
import type { Execution } from '../interpreter';
import type { Instance, Memory, Store } from '../runtime';
import type { CaptureOptions } from './capture';
import { reject } from './checks';
import type { MemoryChunk } from './document';
import type { LiveLinkage } from './linkage';
import {
  linkageOf,
  type RestoredStore,
  type RestoreStoreOptions,
  StagedStore,
  storeHead,
  storeSnapshot,
} from './store';
import { Writer } from './writer';

const MAGIC = [0x00, 0x64, 0x6d, 0x67, 0x01, 0x00, 0x00, 0x00]; // \0dmg, version 1
/** Bytes that one mark of `Memory.takeDirty` stands for. */
const BLOCK = 4096;

interface Source {
  readonly memory: Memory;
  /** 1: to be sent. */
  pending: Uint8Array;
  /** 1: has been sent, so that zeros have to be, too. */
  sent: Uint8Array;
}

/** The end that a store leaves. */
export class Departure {
  private readonly linkage: LiveLinkage;
  private readonly sources: readonly Source[];

  /** Starts to track the writes of the instances' memories. Not while anything runs. */
  constructor(instances: readonly Instance[]) {
    this.linkage = linkageOf(instances);
    this.sources = this.linkage.memories.map((memory) => {
      memory.track();
      memory.takeDirty();
      const blocks = Math.ceil(memory.byteLength / BLOCK);
      return { memory, pending: new Uint8Array(blocks).fill(1), sent: new Uint8Array(blocks) };
    });
  }

  /** What the other end has to have before any piece. */
  opening(): Uint8Array {
    return storeHead(this.linkage);
  }

  /** Bytes of the blocks that are to be sent. */
  left(): number {
    let blocks = 0;
    for (const source of this.sources) {
      look(source);
      for (const mark of source.pending) blocks += mark;
    }
    return blocks * BLOCK;
  }

  /** The next piece, of about so many bytes; undefined when nothing is left for now. */
  next(bytes: number): Uint8Array | undefined {
    check('the number of bytes', bytes, COUNT);
    const out = new Writer();
    for (const byte of MAGIC) out.u8(byte);
    let room = Math.max(1, Math.floor(bytes / BLOCK));
    let records = 0;
    this.sources.forEach((source, address) => {
      look(source);
      for (const { offset, data } of takeRuns(source, room)) {
        room -= Math.ceil(data.length / BLOCK);
        records++;
        for (const value of [address, source.memory.pages, offset, data.length]) out.word(value);
        out.bytes(data);
      }
    });
    return records === 0 ? undefined : out.finish();
  }

  /** The last stage: all but the blocks that have been sent. What runs on after it is not in it. */
  finish(execution?: Execution, options: CaptureOptions = {}): Uint8Array {
    const contents = (memory: Memory): readonly MemoryChunk[] => {
      const source = this.sources.find((one) => one.memory === memory)!;
      look(source);
      return [...takeRuns(source, Number.POSITIVE_INFINITY)].map(({ offset, data }) => ({
        kind: 'raw',
        offset,
        bytes: data,
      }));
    };
    return storeSnapshot(this.linkage, execution, options, contents);
  }
}

/** Takes what has been written, and grown, into what is to be sent. */
function look(source: Source): void {
  const dirty = source.memory.takeDirty();
  if (dirty === undefined) return;
  if (dirty.length > source.pending.length) {
    const [pending, sent] = [new Uint8Array(dirty.length).fill(1), new Uint8Array(dirty.length)];
    pending.set(source.pending);
    sent.set(source.sent);
    source.pending = pending;
    source.sent = sent;
  }
  for (let k = dirty.indexOf(1); k >= 0; k = dirty.indexOf(1, k + 1)) source.pending[k] = 1;
}

/** Runs of at most `room` blocks that are to be sent. Zeros that the other end has anyway are passed over. */
function* takeRuns(source: Source, room: number): Generator<{ offset: number; data: Uint8Array }> {
  const { pending, sent, memory } = source;
  const { bytes } = memory;
  for (let k = pending.indexOf(1); k >= 0 && room > 0; k = pending.indexOf(1, k)) {
    const first = k;
    for (; k < pending.length && pending[k] === 1 && room > 0; k++) {
      pending[k] = 0;
      if (sent[k] === 0 && isZero(bytes, k * BLOCK)) break;
      sent[k] = 1;
      room--;
    }
    if (k > first)
      yield { offset: first * BLOCK, data: bytes.subarray(first * BLOCK, Math.min(k * BLOCK, bytes.length)) };
  }
}

function isZero(bytes: Uint8Array, from: number): boolean {
  const to = Math.min(from + BLOCK, bytes.length);
  for (let k = from; k < to; k++) if (bytes[k] !== 0) return false;
  return true;
}

/** The end where a store arrives. Until `finish` nobody gets at its instances. */
export class Arrival {
  private readonly staged: StagedStore;

  /**
   * Makes the instances from their modules in the order of their instantiation, as `restoreStore` does. Throws `SnapshotError` when opening and
   * modules do not fit.
   */
  constructor(
    opening: ByteSource,
    store: Store,
    modules: readonly Module[],
    options: RestoreStoreOptions = {},
  ) {
    this.staged = new StagedStore(bytesOf('the opening', opening), store, modules, options);
  }

  /** Puts a piece where it belongs. A piece that is refused has changed nothing. */
  take(piece: ByteSource): void {
    const records = this.recordsOf(bytesOf('the piece', piece));
    for (const { memory, pages, offset, data } of records) {
      if (pages > memory.pages && memory.grow(pages - memory.pages) < 0)
        throw new SnapshotError(`there is no room for a memory of ${pages} pages`, 'limit');
      memory.bytes.set(data, offset);
    }
  }

  private recordsOf(bytes: Uint8Array) {
    if (bytes.length < MAGIC.length || !MAGIC.every((byte, k) => bytes[k] === byte))
      reject('not a piece of a store of version 1', 0);
    const reader = new Reader(bytes, MAGIC.length);
    const { memories } = this.staged;
    const records: { memory: Memory; pages: number; offset: number; data: Uint8Array }[] = [];
    while (reader.pos < reader.end) {
      const at = reader.pos;
      if (reader.end - at < 16) reject('unexpected end of a record', at);
      const [address, pages, offset, length] = [
        reader.word(),
        reader.word(),
        reader.word(),
        reader.word(),
      ].map((word) => word >>> 0);
      const memory = memories[address];
      if (memory === undefined) reject(`there is no memory ${address}`, at);
      if (offset + length > Math.max(pages, memory.pages) * memory.pageSize)
        reject(`${length} bytes at ${offset} do not lie in a memory of ${pages} pages`, at);
      if (length > reader.end - reader.pos) reject('the bytes of a record are cut off', at);
      records.push({ memory, pages, offset, data: bytes.subarray(reader.pos, reader.pos + length) });
      reader.pos += length;
    }
    return records;
  }

  /** Takes the last stage: the store is as it was there. Throws `SnapshotError`, and the arrival is of no more use then. */
  finish(last: ByteSource): RestoredStore {
    return this.staged.finish(bytesOf('the last stage', last));
  }

  /** Gives up: what it has taken of the store's limits is given back. */
  release(): void {
    this.staged.release();
  }
}
