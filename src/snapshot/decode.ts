/**
 * Bytes -> document. Accepts every order of sections after Meta and every chunking; refuses everything else that the draft refuses without
 * knowing the module. Allocates in proportion to the bytes it is given, whatever they claim; memory contents and host state are views of them.
 */

import { Reader } from '../decoder/reader';
import { CompileError, SnapshotError } from '../errors';
import { reject } from './checks';
import type { ExtraSection, SnapshotDocument, U64 } from './document';
import { EMPTY_DOCUMENT } from './document';
import { FLAG_POSTMORTEM, HEADER_BYTES, MAGIC, SECTION, STORE_MAGIC, VERSION } from './format';
import * as records from './records';
import { checkDocument, totalsOf } from './rules';
import { u64, u64Equal } from './u64';

/** What the Meta section says. */
export interface SnapshotMeta {
  readonly postmortem: boolean;
  readonly timestampMs: U64;
  readonly wasmHash: U64;
  readonly continuations: number;
  readonly memoryBytes: U64;
  readonly tableElements: U64;
  readonly continuationStacks: number;
  /** Tag index of each exception. */
  readonly exceptionTags: readonly number[];
}

/** Reads a standalone container, or the bare sections of an embedded one. Throws `SnapshotError`. */
export function decode(bytes: Uint8Array): SnapshotDocument {
  return guarded(() => {
    const reader = new Reader(bytes, sectionsStart(bytes));
    const state = new Decoding(readMeta(openMeta(reader)));
    while (reader.pos < reader.end) state.section(reader);
    return state.finish();
  });
}

/** Reads the header and the Meta section only: enough to decide whether the rest is wanted. */
export function decodeMeta(bytes: Uint8Array): SnapshotMeta {
  return guarded(() => readMeta(openMeta(new Reader(bytes, sectionsStart(bytes)))));
}

/** The house's reader blames a module; here the bytes are a snapshot's. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new SnapshotError(
      error.message.replace(/ \(at offset 0x[0-9a-f]+\)$/, ''),
      'malformed',
      error.offset,
    );
  }
}

/** Just past the header of a standalone container; 0 for bare sections, which open with Meta's id. */
function sectionsStart(bytes: Uint8Array): number {
  // Bare sections that began like the magic would be a Meta section of 0x64 bytes with the undefined flags 0x6d.
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    if (STORE_MAGIC.every((byte, i) => bytes[i] === byte)) {
      throw new SnapshotError(
        'a snapshot of a store, not of one instance: see restoreStore',
        'unsupported',
        0,
      );
    }
    if (bytes.length === 0 || bytes[0] !== SECTION.meta) reject('not a snapshot', 0);
    return 0;
  }
  if (bytes.length < HEADER_BYTES) reject('unexpected end of the header', bytes.length);
  const version = new Reader(bytes, MAGIC.length).word() >>> 0;
  if (version !== VERSION)
    throw new SnapshotError(`version ${version} of the format`, 'unsupported', MAGIC.length);
  return HEADER_BYTES;
}

/** A reader of the next section's body, with the section skipped in `reader`. */
function openSection(reader: Reader): { id: number; body: Reader } {
  const at = reader.pos;
  const id = reader.u8();
  const size = reader.u32();
  if (size === 0) reject(`section ${id} is empty`, at);
  if (size > reader.end - reader.pos) reject(`section ${id} is longer than what follows`, at);
  const body = new Reader(reader.bytes, reader.pos, reader.pos + size);
  reader.skip(size);
  return { id, body };
}

function closeSection(id: number, body: Reader): void {
  if (body.pos !== body.end) reject(`section ${id} does not use its whole length`, body.pos);
}

function openMeta(reader: Reader): Reader {
  const at = reader.pos;
  if (at === reader.end) reject('no Meta section', at);
  const { id, body } = openSection(reader);
  if (id !== SECTION.meta) reject(`section ${id} before Meta`, at);
  return body;
}

function readMeta(body: Reader): SnapshotMeta {
  const at = body.pos;
  const flags = body.u32();
  if ((flags & ~FLAG_POSTMORTEM) !== 0) reject(`undefined flags 0x${flags.toString(16)}`, at);
  const timestampMs = readU64(body);
  const wasmHash = readU64(body);
  const continuations = body.u32();
  const exceptions = body.u32();
  const memoryBytes = readU64(body);
  const tableElements = readU64(body);
  const continuationStacks = body.u32();
  if (exceptions > body.end - body.pos) reject('more exceptions than tags', body.pos);
  const exceptionTags: number[] = [];
  for (let i = 0; i < exceptions; i++) exceptionTags.push(body.u32());
  closeSection(SECTION.meta, body);
  const postmortem = flags === FLAG_POSTMORTEM;
  return {
    postmortem,
    timestampMs,
    wasmHash,
    continuations,
    memoryBytes,
    tableElements,
    continuationStacks,
    exceptionTags,
  };
}

function readU64(reader: Reader): U64 {
  reader.u64();
  return u64(reader.lo, reader.hi);
}

type Draft = { -readonly [K in keyof SnapshotDocument]: SnapshotDocument[K] };

/** The sections after Meta, in whatever order they come. */
class Decoding {
  private readonly meta: SnapshotMeta;
  private readonly draft: Draft;
  private readonly seen = new Uint8Array(256);
  private readonly extras: ExtraSection[] = [];
  private readonly offsets = new records.Offsets();

  constructor(meta: SnapshotMeta) {
    this.meta = meta;
    const { postmortem, timestampMs, wasmHash } = meta;
    const exceptions = meta.exceptionTags.map((tag) => ({ tag, args: [] }));
    this.draft = { ...EMPTY_DOCUMENT, postmortem, timestampMs, wasmHash, exceptions, extras: this.extras };
    this.seen[SECTION.meta] = 1;
  }

  section(reader: Reader): void {
    const at = reader.pos;
    const { id, body } = openSection(reader);
    if (this.seen[id] !== 0) reject(`section ${id} appears twice`, at);
    this.seen[id] = 1;
    this.body(id, body);
    closeSection(id, body);
  }

  private body(id: number, body: Reader): void {
    const { draft, offsets } = this;
    switch (id) {
      case SECTION.memory:
        draft.memories = records.list(body, 'memory', offsets, records.memory);
        break;
      case SECTION.table:
        draft.tables = records.list(body, 'table', offsets, records.table);
        break;
      case SECTION.global:
        draft.globals = records.list(body, 'global', offsets, records.typedValue);
        break;
      case SECTION.segment:
        draft.segments = records.segments(body, offsets);
        break;
      case SECTION.exception: {
        const args = records.list(body, 'exception', offsets, records.values);
        this.countIs(args.length, this.meta.exceptionTags.length, 'exceptions', body);
        draft.exceptions = args.map((list, i) => ({ tag: this.meta.exceptionTags[i], args: list }));
        break;
      }
      case SECTION.continuation: {
        const read = (from: Reader, i: number) =>
          records.continuation(from, i, this.meta.postmortem, offsets);
        draft.continuations = records.list(body, 'continuation', offsets, read);
        this.countIs(draft.continuations.length, this.meta.continuations, 'continuations', body);
        break;
      }
      case SECTION.hostState:
        offsets.add('host', body.pos);
        draft.hostState = records.rest(body);
        break;
      case SECTION.pendingCall:
        offsets.add('pending', body.pos);
        draft.pendingCall = records.pendingCall(body);
        break;
      default:
        this.extras.push({ id, bytes: records.rest(body) });
    }
  }

  finish(): SnapshotDocument {
    const { meta, draft, seen } = this;
    // Their order says nothing; this is the one that `encode` writes.
    this.extras.sort((a, b) => a.id - b.id);
    if (meta.continuations !== 0 && seen[SECTION.continuation] === 0) reject('no Continuation section', -1);
    if (meta.exceptionTags.length !== 0 && seen[SECTION.exception] === 0) reject('no Exception section', -1);
    checkDocument(draft, (kind, index, frame) => this.offsets.of(kind, index, frame));
    const totals = totalsOf(draft);
    if (!u64Equal(totals.memoryBytes, meta.memoryBytes))
      reject('the total of memory bytes in Meta is wrong', -1);
    if (!u64Equal(totals.tableElements, meta.tableElements)) {
      reject('the total of table elements in Meta is wrong', -1);
    }
    if (totals.continuationStacks !== meta.continuationStacks) {
      reject('the total of continuation stacks in Meta is wrong', -1);
    }
    return draft;
  }

  private countIs(count: number, expected: number, what: string, body: Reader): void {
    if (count !== expected) reject(`${count} ${what}, but Meta says ${expected}`, body.pos);
  }
}
