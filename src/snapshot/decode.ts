/**
 * Bytes -> document. Accepts every order of sections after Meta and every chunking; refuses everything else that the draft refuses without
 * knowing the module. Allocates in proportion to the bytes it is given, whatever they claim; memory contents and host state are views of them.
 */

import { type ByteSource, bytesOf, FLAG, type OptionChecks, readOptions } from '../checks';
import { Reader } from '../decoder/reader';
import { LIMIT_CHECKS, type StoreLimits } from '../runtime';
import { reject } from './checks';
import { hostStateOf, refuseDamagedId } from './digest';
import type { ExtraSection, PendingCall, SnapshotDocument, U64 } from './document';
import { EMPTY_DOCUMENT } from './document';
import { FLAG_POSTMORTEM, SECTION } from './format';
import {
  continuation,
  isPendingCall,
  list,
  memory,
  Offsets,
  pendingCall,
  rest,
  segments,
  table,
  typedValue,
  unmarkedCall,
  values,
} from './records';
import { Room } from './room';
import { checkDocument, totalsOf } from './rules';
import { closeSection, guarded, openSection, sectionsStart } from './sections';
import { u64, u64Equal, u64ToNumber } from './u64';

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

/** What a snapshot may be; the defaults are those of a store. */
export interface DecodeOptions extends Partial<StoreLimits> {
  /** False reads a file that its digest does not fit, too. */
  readonly checkDigest?: boolean;
}

const DECODE_OPTIONS: OptionChecks<DecodeOptions> = { ...LIMIT_CHECKS, checkDigest: FLAG };

/**
 * Reads a standalone container, or the bare sections of an embedded one. Throws `SnapshotError`: of the kind `limit` when there is more
 * in it than the options allow.
 */
export function decode(source: ByteSource, options: DecodeOptions = {}): SnapshotDocument {
  const bytes = bytesOf('the snapshot', source);
  const given = readOptions('decode', options, DECODE_OPTIONS);
  return guarded(() => {
    const reader = new Reader(bytes, sectionsStart(bytes));
    const state = new Decoding(readMeta(openMeta(reader)), given);
    while (reader.pos < reader.end) state.section(reader);
    return state.finish();
  });
}

/** Reads the header and the Meta section only: enough to decide whether the rest is wanted. */
export function decodeMeta(bytes: Uint8Array): SnapshotMeta {
  return guarded(() => readMeta(openMeta(new Reader(bytes, sectionsStart(bytes)))));
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
  private readonly offsets = new Offsets();
  private readonly room: Room;
  private readonly checkDigest: boolean;
  /** A section with the id of ours but without its magic. Files of our first version have it so. */
  private unmarked: { readonly call: PendingCall | undefined; readonly bytes: Uint8Array } | undefined;

  constructor(meta: SnapshotMeta, options: DecodeOptions) {
    this.meta = meta;
    this.room = new Room(options);
    this.checkDigest = options.checkDigest ?? true;
    this.room.memory(u64ToNumber(meta.memoryBytes), -1);
    this.room.records('exceptions', meta.exceptionTags.length, -1);
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
    const { draft, offsets, room } = this;
    switch (id) {
      case SECTION.memory:
        draft.memories = list(body, 'memory', offsets, room, memory);
        break;
      case SECTION.table:
        draft.tables = list(body, 'table', offsets, room, table);
        break;
      case SECTION.global:
        draft.globals = list(body, 'global', offsets, room, typedValue);
        break;
      case SECTION.segment:
        draft.segments = segments(body, offsets);
        break;
      case SECTION.exception: {
        const args = list(body, 'exception', offsets, room, (from) => values(from, room));
        this.countIs(args.length, this.meta.exceptionTags.length, 'exceptions', body);
        draft.exceptions = args.map((of, i) => ({ tag: this.meta.exceptionTags[i], args: of }));
        break;
      }
      case SECTION.continuation: {
        const read = (from: Reader, i: number) => continuation(from, i, this.meta.postmortem, offsets, room);
        draft.continuations = list(body, 'continuation', offsets, room, read);
        this.countIs(draft.continuations.length, this.meta.continuations, 'continuations', body);
        break;
      }
      case SECTION.hostState:
        offsets.add('host', body.pos);
        draft.hostState = hostStateOf(body, this.checkDigest);
        break;
      case SECTION.pendingCall:
        offsets.add('pending', body.pos);
        if (isPendingCall(body)) draft.pendingCall = pendingCall(body, room);
        else this.unmarked = unmarkedCall(body, room);
        break;
      default:
        if (this.checkDigest) refuseDamagedId(body);
        this.extras.push({ id, bytes: rest(body) });
    }
  }

  finish(): SnapshotDocument {
    const { meta, draft, seen } = this;
    this.settleUnmarked();
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

  /** It is a pending call when some frame waits for one; else another producer's. */
  private settleUnmarked(): void {
    const { unmarked, draft, meta } = this;
    if (unmarked === undefined) return;
    const { activations = [] } = meta.postmortem ? {} : (draft.continuations[0] ?? {});
    const waits = activations.length > 0 && activations[activations.length - 1].site === 'call';
    if (waits && unmarked.call !== undefined) draft.pendingCall = unmarked.call;
    else this.extras.push({ id: SECTION.pendingCall, bytes: unmarked.bytes });
  }

  private countIs(count: number, expected: number, what: 'exceptions' | 'continuations', body: Reader): void {
    if (count !== expected) reject(`${count} ${what}, but Meta says ${expected}`, body.pos);
  }
}
