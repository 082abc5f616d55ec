/** Reading the records inside sections, by the draft's grammar. What holds between records is the business of `rules.ts`. */
import type { Reader } from '../decoder/reader';
import { SnapshotError } from '../errors';
import { type RecordKind, reject } from './checks';
import {
  type Activation,
  type ContinuationRecord,
  isRefTag,
  type MemoryChunk,
  type MemoryRecord,
  NULL_WORD,
  type PendingCall,
  type RefTag,
  type SegmentStates,
  type TableRecord,
  type TypedValue,
} from './document';
import {
  CHUNK,
  MEMORY_LIMIT,
  NO_TYPE,
  NULL_KIND,
  PENDING_CALL_MAGIC,
  PENDING_CALL_VERSION,
  REF_KIND,
  SITE_OF_BYTE,
  STATE_OF_BYTE,
  TYPE_OF_BYTE,
  UNMARKED_CALL_VERSION,
} from './format';
import type { Room } from './room';
import { guarded, startsWith } from './sections';

/** Where each record began. */
export class Offsets {
  private readonly starts = new Map<RecordKind, number[]>();
  private readonly frames: number[][] = [];

  add(kind: RecordKind, offset: number): void {
    const starts = this.starts.get(kind) ?? [];
    starts.push(offset);
    this.starts.set(kind, starts);
  }
  addFrame(continuation: number, offset: number): void {
    while (this.frames.length <= continuation) this.frames.push([]);
    this.frames[continuation].push(offset);
  }
  of(kind: RecordKind, index: number, frame?: number): number {
    return (frame === undefined ? this.starts.get(kind)?.[index] : this.frames[index]?.[frame]) ?? -1;
  }
}

/** A vector that lists every index in order; one that lists nothing has no business being there. */
export function list<T>(
  body: Reader,
  kind: RecordKind,
  offsets: Offsets,
  room: Room,
  read: (body: Reader, index: number, room: Room) => T,
): T[] {
  const start = body.pos;
  const count = body.count();
  room.records(kind, count, start);
  if (count === 0) reject(`a section that lists no ${kind}`, start);
  const items: T[] = [];
  for (let i = 0; i < count; i++) {
    const at = body.pos;
    const index = body.u32();
    if (index !== i) reject(`${kind} ${i} is listed as ${index}`, at);
    offsets.add(kind, at);
    items.push(read(body, i, room));
  }
  return items;
}

export function memory(body: Reader, index: number, room: Room): MemoryRecord {
  const first = body.u32();
  if (first !== index) return { sameAs: first };
  const pageBits = body.u32();
  const pages = body.u32();
  const size = Math.min(pages * 2 ** pageBits, MEMORY_LIMIT);
  const chunks: MemoryChunk[] = [];
  for (;;) {
    const at = body.pos;
    const kind = body.u8();
    if (kind === CHUNK.end) return { sameAs: undefined, pageBits, pages, chunks };
    if (kind !== CHUNK.raw && kind !== CHUNK.ones) reject(`unknown chunk kind ${kind}`, at);
    const offset = body.u32();
    const length = body.u32();
    room.chunks(chunks.length, size, at);
    chunks.push(
      kind === CHUNK.raw
        ? { kind: 'raw', offset, bytes: view(body, length) }
        : { kind: 'ones', offset, length },
    );
  }
}

export function table(body: Reader, index: number, room: Room): TableRecord {
  const first = body.u32();
  if (first !== index) return { sameAs: first };
  const at = body.pos;
  const type = TYPE_OF_BYTE[body.u8()];
  if (type === undefined || !isRefTag(type)) reject('a table of a type that is no reference', at);
  const count = body.count();
  room.addElements(count, at);
  const elements = new Int32Array(count * 2);
  for (let i = 0; i < elements.length; i += 2) {
    reference(body, type);
    elements[i] = body.lo;
    elements[i + 1] = body.hi;
  }
  return { sameAs: undefined, type, elements };
}

export function segments(body: Reader, offsets: Offsets): SegmentStates {
  const at = body.pos;
  offsets.add('segment', at);
  const dataDropped = view(body, body.count());
  const elemDropped = view(body, body.count());
  if (dataDropped.length + elemDropped.length === 0) reject('a section that lists no segments', at);
  return { dataDropped, elemDropped };
}

export function continuation(
  body: Reader,
  id: number,
  postmortem: boolean,
  offsets: Offsets,
  room: Room,
): ContinuationRecord {
  const at = body.pos;
  const stateByte = body.u8();
  const state = STATE_OF_BYTE[stateByte];
  if (state === undefined) reject(`unknown continuation state ${stateByte}`, at);
  const root = id === 0 && !postmortem;
  if (body.u8() !== (root ? 1 : 0)) reject(`continuation ${id} is wrong about being the root`, body.pos - 1);
  const type = body.u32();
  const typeIndex = type === NO_TYPE ? -1 : type;
  const entryFunc = body.u32();
  const resumeThrow = idReference(body, 'exnref');
  let boundCount = 0;
  const boundArgs: TypedValue[] = [];
  let activations: Activation[] = [];
  if (!postmortem) {
    boundCount = body.u32();
    if (state === 'allocated') {
      if (boundCount > body.end - body.pos) reject('more bound arguments than bytes', body.pos);
      room.addValues(boundCount, at);
      for (let i = 0; i < boundCount; i++) boundArgs.push(typedValue(body));
    }
    if (state === 'suspended') activations = frames(body, id, offsets, room);
  }
  return { state, typeIndex, entryFunc, resumeThrow, boundCount, boundArgs, activations };
}

function frames(body: Reader, id: number, offsets: Offsets, room: Room): Activation[] {
  const at = body.pos;
  const count = body.count();
  room.addFrames(count, at);
  const activations: Activation[] = [];
  for (let i = 0; i < count; i++) {
    offsets.addFrame(id, body.pos);
    activations.push(activation(body, room));
  }
  return activations;
}

function activation(body: Reader, room: Room): Activation {
  const func = body.u32();
  const at = body.pos;
  const siteByte = body.u8();
  const site = SITE_OF_BYTE[siteByte];
  if (site === undefined) reject(`unknown kind of safepoint ${siteByte}`, at);
  const offset = body.u32();
  const targetLoop = site === 'loop' ? body.u32() : -1;
  const list = values(body, room);
  let targetCont = -1;
  if (site === 'resume') {
    const start = body.pos;
    targetCont = idReference(body, 'contref');
    if (targetCont < 0) reject('a resume of no continuation', start);
  }
  return { func, site, offset, targetLoop, values: list, targetCont };
}

/** Whether the section is marked as ours; others may use its id for something else. */
export function isPendingCall(body: Reader): boolean {
  return startsWith(body.bytes.subarray(body.pos, body.end), PENDING_CALL_MAGIC);
}

export function pendingCall(body: Reader, room: Room): PendingCall {
  body.skip(PENDING_CALL_MAGIC.length);
  const at = body.pos;
  const version = body.u8();
  if (version !== PENDING_CALL_VERSION) reject(`version ${version} of the pending-call section`, at);
  return { func: body.u32(), args: values(body, room) };
}

/** A section without the mark, and what it says if it is one of our first version. */
export function unmarkedCall(
  body: Reader,
  room: Room,
): { readonly call: PendingCall | undefined; readonly bytes: Uint8Array } {
  const start = body.pos;
  let call: PendingCall | undefined;
  try {
    call = guarded(() => {
      if (body.u8() !== UNMARKED_CALL_VERSION) return undefined;
      const read = { func: body.u32(), args: values(body, room) };
      return body.pos === body.end ? read : undefined;
    });
  } catch (error) {
    if (!(error instanceof SnapshotError) || error.kind !== 'malformed') throw error;
  }
  body.pos = body.end;
  return { call, bytes: body.bytes.subarray(start, body.end) };
}

export function values(body: Reader, room: Room): TypedValue[] {
  const at = body.pos;
  const count = body.count();
  room.addValues(count, at);
  const list: TypedValue[] = [];
  for (let i = 0; i < count; i++) list.push(typedValue(body));
  return list;
}

export function typedValue(body: Reader): TypedValue {
  const at = body.pos;
  const byte = body.u8();
  const type = TYPE_OF_BYTE[byte];
  switch (type) {
    case 'i32':
      return { type, lo: body.s32(), hi: 0 };
    case 'i64':
      body.s64();
      break;
    case 'f32':
      return { type, lo: body.word(), hi: 0 };
    case 'f64':
      body.f64();
      break;
    case 'v128':
      return { type, lo: 0, hi: 0, bytes: view(body, 16) };
    case undefined:
      return reject(`unknown value type 0x${byte.toString(16)}`, at);
    default:
      reference(body, type);
  }
  return { type, lo: body.lo, hi: body.hi };
}

/** A reference of a known family, into the reader's `lo` and `hi`. */
function reference(body: Reader, type: RefTag): void {
  const at = body.pos;
  const kind = body.u8();
  if (kind === NULL_KIND) {
    body.lo = NULL_WORD;
    body.hi = NULL_WORD;
    return;
  }
  if (kind !== REF_KIND[type]) reject(`a reference of kind ${kind} where ${type} is said`, at);
  body.u64();
  if (body.lo === NULL_WORD && body.hi === NULL_WORD)
    reject('a reference with the reserved number of null', at);
}

/** A reference by an id below 2^32; -1 for null. */
function idReference(body: Reader, type: RefTag): number {
  const at = body.pos;
  reference(body, type);
  if (body.lo === NULL_WORD && body.hi === NULL_WORD) return -1;
  if (body.hi !== 0) reject(`no ${type} of the snapshot`, at);
  return body.lo >>> 0;
}

function view(body: Reader, length: number): Uint8Array {
  const start = body.pos;
  body.skip(length);
  return body.bytes.subarray(start, body.pos);
}

export function rest(body: Reader): Uint8Array {
  return view(body, body.end - body.pos);
}
