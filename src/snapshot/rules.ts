/**
 * What a snapshot may say, module or no module: the rules of the draft (its grammar's prose and its section "Security and Soundness
 * Considerations") that hold between records. `decode` checks them with the offsets of the records, `encode` before it writes.
 */
import {
  checkIsDocument,
  checkValues,
  idBound,
  isU32,
  leastId,
  reject,
  valueComplaint,
  type Where,
} from './checks';
import { checkContinuations } from './continuation-rules';
import {
  isStored,
  type MemoryRecord,
  memoryBytes,
  type SnapshotDocument,
  type StoredMemory,
  type TableRecord,
  type U64,
  ZERO64,
} from './document';
import { exceptionOrder } from './exceptions';
import { MAX_PAGE_BITS, MEMORY_LIMIT, PENDING_CALL_MAGIC, SECTION } from './format';
import { startsWith } from './sections';
import { u64Add, u64FromNumber } from './u64';

export interface Totals {
  /** Over memories and tables at their first index. */
  readonly memoryBytes: U64;
  readonly tableElements: U64;
  /** Continuations that occupy a stack: neither the root nor finished. */
  readonly continuationStacks: number;
}

export function totalsOf(document: SnapshotDocument): Totals {
  let bytes = ZERO64;
  for (const memory of document.memories) {
    if (isStored(memory)) bytes = u64Add(bytes, u64FromNumber(memoryBytes(memory)));
  }
  let elements = 0;
  for (const table of document.tables) if (isStored(table)) elements += table.elements.length / 2;
  let stacks = 0;
  document.continuations.forEach((continuation, id) => {
    const root = id === 0 && !document.postmortem;
    if (!root && continuation.state !== 'finished') stacks++;
  });
  return { memoryBytes: bytes, tableElements: u64FromNumber(elements), continuationStacks: stacks };
}

const NOWHERE: Where = () => -1;

/** Throws `SnapshotError` when the document breaks a rule. */
export function checkDocument(document: SnapshotDocument, where: Where = NOWHERE): void {
  checkIsDocument(document);
  const { memories, tables, globals, exceptions, segments } = document;
  for (let i = 0; i < memories.length; i++) checkMemory(memories, memories[i], i, where('memory', i));
  for (let i = 0; i < tables.length; i++) checkTable(document, tables[i], i, where('table', i));
  for (let i = 0; i < globals.length; i++) {
    const complaint = valueComplaint(document, globals[i]);
    if (complaint !== undefined) reject(`global ${i}: ${complaint}`, where('global', i));
  }
  for (const dropped of [segments.dataDropped, segments.elemDropped]) {
    for (const flag of dropped) if (flag > 1) reject('a drop status other than 0 and 1', where('segment', 0));
  }
  for (let i = 0; i < exceptions.length; i++) {
    const at = where('exception', i);
    if (!isU32(exceptions[i].tag)) reject(`exception ${i}: bad tag index`, at);
    checkValues(document, exceptions[i].args, () => `exception ${i}`, at);
  }
  if (exceptionOrder(exceptions).length < exceptions.length) {
    reject('an exception holds itself', where('exception', 0));
  }
  checkContinuations(document, where);
  if (document.postmortem && document.hostState.length > 0) {
    reject('a postmortem carries host state', where('host', 0));
  }
  checkExtras(document);
}

function checkMemory(memories: readonly MemoryRecord[], memory: MemoryRecord, i: number, at: number): void {
  if (!isStored(memory)) {
    checkSharing(memories, memory.sameAs, `memory ${i}`, i, at);
    return;
  }
  const { pageBits, pages } = memory;
  if (!isU32(pageBits) || pageBits > MAX_PAGE_BITS) reject(`memory ${i}: a page of 2^${pageBits} bytes`, at);
  if (!isU32(pages) || memoryBytes(memory) >= MEMORY_LIMIT) {
    reject(`memory ${i}: ${memoryBytes(memory)} bytes, but the format describes memories below 4 GiB`, at);
  }
  checkChunks(memory, i, at);
}

function checkChunks(memory: StoredMemory, i: number, at: number): void {
  const size = memoryBytes(memory);
  for (const chunk of memory.chunks) {
    const length = chunk.kind === 'raw' ? chunk.bytes.length : chunk.length;
    if (!isU32(chunk.offset) || !isU32(length) || chunk.offset + length > size) {
      reject(`memory ${i}: a chunk of ${length} bytes at ${chunk.offset} lies outside its ${size} bytes`, at);
    }
  }
}

function checkSharing(
  records: readonly { readonly sameAs: number | undefined }[],
  first: number,
  name: string,
  index: number,
  at: number,
): void {
  if (!isU32(first) || first >= index || records[first].sameAs !== undefined) {
    reject(`${name}: shared with index ${first}, which is no first index before it`, at);
  }
}

function checkTable(document: SnapshotDocument, table: TableRecord, i: number, at: number): void {
  if (!isStored(table)) {
    checkSharing(document.tables, table.sameAs, `table ${i}`, i, at);
    return;
  }
  const { type, elements } = table;
  if (elements.length % 2 !== 0) reject(`table ${i}: half an element`, at);
  // Names of externrefs are the embedder's: any will do.
  if (type === 'externref') return;
  const bound = idBound(document, type);
  const least = leastId(document, type);
  for (let e = 0; e < elements.length; e += 2) {
    const lo = elements[e];
    const hi = elements[e + 1];
    if (hi === 0 ? lo >>> 0 < bound && lo >>> 0 >= least : lo === -1 && hi === -1) continue;
    reject(`table ${i}: element ${e / 2} names no ${type} of the snapshot`, at);
  }
}

function checkExtras({ extras, pendingCall }: SnapshotDocument): void {
  const known: readonly number[] = Object.values(SECTION);
  const seen = new Set<number>();
  for (const { id, bytes } of extras) {
    // Our own id is no privilege: another producer's section may have it, as long as it is not taken for ours.
    const foreign =
      id === SECTION.pendingCall && pendingCall === undefined && !startsWith(bytes, PENDING_CALL_MAGIC);
    if (!Number.isInteger(id) || id < 0 || id > 255 || (known.includes(id) && !foreign))
      reject(`section ${id} is not an extra one`, -1);
    if (seen.has(id)) reject(`section ${id} appears twice`, -1);
    if (bytes.length === 0) reject(`section ${id} is empty`, -1);
    seen.add(id);
  }
}
