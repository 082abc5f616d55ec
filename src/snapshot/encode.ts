/**
 * Document -> bytes. Deterministic: sections in ascending order, shortest integers, records in index order, totals computed here. What
 * the document may say is checked first (`rules.ts`), so nothing that `decode` would refuse is written.
 */
import {
  type Activation,
  type ContinuationRecord,
  isRefTag,
  isStored,
  type MemoryRecord,
  NULL_WORD,
  type PendingCall,
  type RefTag,
  type SnapshotDocument,
  type TableRecord,
  type TypedValue,
} from './document';
import {
  CHUNK,
  FLAG_POSTMORTEM,
  HEADER_BYTES,
  MAGIC,
  NO_TYPE,
  NULL_KIND,
  PENDING_CALL_MAGIC,
  PENDING_CALL_VERSION,
  REF_KIND,
  SECTION,
  SITE_BYTE,
  STATE_BYTE,
  TYPE_BYTE,
  VERSION,
} from './format';
import { checkDocument, totalsOf } from './rules';
import { Writer } from './writer';

/** A standalone container. Throws `SnapshotError` for a document that breaks a rule of the format. */
export function encode(document: SnapshotDocument): Uint8Array {
  const out = new Writer(HEADER_BYTES);
  for (const byte of MAGIC) out.u8(byte);
  out.word(VERSION);
  writeSections(out, document);
  return out.finish();
}

/** The same without the container's header: the payload of a custom section. */
export function encodeSections(document: SnapshotDocument): Uint8Array {
  const out = new Writer();
  writeSections(out, document);
  return out.finish();
}

function writeSections(out: Writer, document: SnapshotDocument): void {
  checkDocument(document);
  section(out, SECTION.meta, metaBody(document));
  if (document.memories.length > 0) section(out, SECTION.memory, vector(document.memories, memoryRecord));
  if (document.tables.length > 0) section(out, SECTION.table, vector(document.tables, tableRecord));
  if (document.globals.length > 0) section(out, SECTION.global, vector(document.globals, globalRecord));
  const { dataDropped, elemDropped } = document.segments;
  if (dataDropped.length + elemDropped.length > 0) {
    const body = new Writer();
    flags(body, dataDropped);
    flags(body, elemDropped);
    section(out, SECTION.segment, body);
  }
  if (document.exceptions.length > 0) {
    const record = (body: Writer, { args }: { args: readonly TypedValue[] }, id: number) => {
      body.u32(id);
      values(body, args);
    };
    section(out, SECTION.exception, vector(document.exceptions, record));
  }
  if (document.continuations.length > 0) {
    const record = (body: Writer, continuation: ContinuationRecord, id: number) =>
      continuationRecord(body, continuation, id, document.postmortem);
    section(out, SECTION.continuation, vector(document.continuations, record));
  }
  if (document.hostState.length > 0) {
    const body = new Writer(0);
    body.bytes(document.hostState);
    section(out, SECTION.hostState, body);
  }
  trailingSections(out, document);
}

/** Sections outside the draft, ours among them, by ascending id. */
function trailingSections(out: Writer, { extras, pendingCall }: SnapshotDocument): void {
  const bodies = extras.map(({ id, bytes }) => {
    const body = new Writer(0);
    body.bytes(bytes);
    return { id, body };
  });
  if (pendingCall !== undefined) bodies.push({ id: SECTION.pendingCall, body: pendingCallBody(pendingCall) });
  bodies.sort((a, b) => a.id - b.id);
  for (const { id, body } of bodies) section(out, id, body);
}

function section(out: Writer, id: number, body: Writer): void {
  out.u8(id);
  out.u32(body.length);
  out.append(body);
}

function vector<T>(records: readonly T[], write: (body: Writer, record: T, index: number) => void): Writer {
  const body = new Writer();
  body.u32(records.length);
  for (let i = 0; i < records.length; i++) write(body, records[i], i);
  return body;
}

function metaBody(document: SnapshotDocument): Writer {
  const body = new Writer();
  const totals = totalsOf(document);
  body.u32(document.postmortem ? FLAG_POSTMORTEM : 0);
  body.u64Of(document.timestampMs);
  body.u64Of(document.wasmHash);
  body.u32(document.continuations.length);
  body.u32(document.exceptions.length);
  body.u64Of(totals.memoryBytes);
  body.u64Of(totals.tableElements);
  body.u32(totals.continuationStacks);
  for (const exception of document.exceptions) body.u32(exception.tag);
  return body;
}

function memoryRecord(body: Writer, memory: MemoryRecord, index: number): void {
  body.u32(index);
  body.u32(memory.sameAs ?? index);
  if (!isStored(memory)) return;
  body.u32(memory.pageBits);
  body.u32(memory.pages);
  for (const chunk of memory.chunks) {
    const raw = chunk.kind === 'raw';
    body.u8(raw ? CHUNK.raw : CHUNK.ones);
    body.u32(chunk.offset);
    body.u32(raw ? chunk.bytes.length : chunk.length);
    if (raw) body.bytes(chunk.bytes);
  }
  body.u8(CHUNK.end);
}

function tableRecord(body: Writer, table: TableRecord, index: number): void {
  body.u32(index);
  body.u32(table.sameAs ?? index);
  if (!isStored(table)) return;
  const { type, elements } = table;
  body.u8(TYPE_BYTE[type]);
  body.u32(elements.length / 2);
  for (let i = 0; i < elements.length; i += 2) reference(body, type, elements[i], elements[i + 1]);
}

function globalRecord(body: Writer, value: TypedValue, index: number): void {
  body.u32(index);
  typedValue(body, value);
}

function flags(body: Writer, dropped: Uint8Array): void {
  body.u32(dropped.length);
  body.bytes(dropped);
}

function continuationRecord(
  body: Writer,
  continuation: ContinuationRecord,
  id: number,
  postmortem: boolean,
): void {
  body.u32(id);
  body.u8(STATE_BYTE[continuation.state]);
  body.u8(id === 0 && !postmortem ? 1 : 0);
  body.u32(continuation.typeIndex < 0 ? NO_TYPE : continuation.typeIndex);
  body.u32(continuation.entryFunc);
  idReference(body, 'exnref', continuation.resumeThrow);
  if (postmortem) return;
  body.u32(continuation.boundCount);
  if (continuation.state === 'allocated') for (const arg of continuation.boundArgs) typedValue(body, arg);
  if (continuation.state === 'suspended') {
    body.u32(continuation.activations.length);
    for (const frame of continuation.activations) activation(body, frame);
  }
}

function activation(body: Writer, frame: Activation): void {
  body.u32(frame.func);
  body.u8(SITE_BYTE[frame.site]);
  body.u32(frame.offset);
  if (frame.site === 'loop') body.u32(frame.targetLoop);
  values(body, frame.values);
  if (frame.site === 'resume') idReference(body, 'contref', frame.targetCont);
}

function pendingCallBody(call: PendingCall): Writer {
  const body = new Writer();
  for (const byte of PENDING_CALL_MAGIC) body.u8(byte);
  body.u8(PENDING_CALL_VERSION);
  body.u32(call.func);
  values(body, call.args);
  return body;
}

function values(body: Writer, list: readonly TypedValue[]): void {
  body.u32(list.length);
  for (const value of list) typedValue(body, value);
}

function typedValue(body: Writer, value: TypedValue): void {
  const { type, lo, hi } = value;
  body.u8(TYPE_BYTE[type]);
  if (isRefTag(type)) reference(body, type, lo, hi);
  else if (type === 'i32') body.s64(lo, lo >> 31);
  else if (type === 'i64') body.s64(lo, hi);
  else if (type === 'v128') body.bytes(value.bytes!);
  else {
    body.word(lo);
    if (type === 'f64') body.word(hi);
  }
}

function reference(body: Writer, type: RefTag, lo: number, hi: number): void {
  if (lo === NULL_WORD && hi === NULL_WORD) {
    body.u8(NULL_KIND);
  } else {
    body.u8(REF_KIND[type]);
    body.u64(lo, hi);
  }
}

/** A reference by id below 2^32, or null when negative. */
function idReference(body: Writer, type: RefTag, id: number): void {
  if (id < 0) reference(body, type, NULL_WORD, NULL_WORD);
  else reference(body, type, id | 0, 0);
}
