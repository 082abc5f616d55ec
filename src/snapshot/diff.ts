/** How two snapshots differ in what they say, whatever their chunking: `tswasm snapshot diff`. */
import { checkIsDocument } from './checks';
import { disjoint, lengthOf } from './chunks';
import {
  type Activation,
  type ContinuationRecord,
  isStored,
  type MemoryChunk,
  type MemoryRecord,
  memoryBytes,
  type SnapshotDocument,
  type TableRecord,
  type TypedValue,
} from './document';
import { frameText, funcText, type NamingModule, plural, timeText, valueText } from './text';
import { u64Equal, u64Hex } from './u64';

/** Ranges of memory and elements of a table that are listed one by one. */
const LISTED = 8;

/** One line a difference; none when both describe the same state. */
export function diff(a: SnapshotDocument, b: SnapshotDocument, module?: NamingModule): string[] {
  for (const document of [a, b]) checkIsDocument(document);
  const lines: string[] = [];
  const note = (what: string, left: string, right: string) => {
    if (left !== right) lines.push(`${what}: ${left} | ${right}`);
  };
  note('module', u64Hex(a.wasmHash), u64Hex(b.wasmHash));
  note('kind', kindText(a), kindText(b));
  if (!u64Equal(a.timestampMs, b.timestampMs))
    note('taken', timeText(a.timestampMs), timeText(b.timestampMs));
  note('continuations', String(a.continuations.length), String(b.continuations.length));
  pairs(a.continuations, b.continuations, (left, right, id) => continuations(note, left, right, id, module));
  note('pending host call', pendingText(a, module), pendingText(b, module));
  note('exceptions', JSON.stringify(a.exceptions), JSON.stringify(b.exceptions));
  note('memories', String(a.memories.length), String(b.memories.length));
  pairs(a.memories, b.memories, (left, right, i) => memories(lines, left, right, i));
  note('tables', String(a.tables.length), String(b.tables.length));
  pairs(a.tables, b.tables, (left, right, i) => tables(lines, left, right, i, module));
  values(note, 'global', a.globals, b.globals, module);
  note('dropped data segments', a.segments.dataDropped.join(''), b.segments.dataDropped.join(''));
  note('dropped element segments', a.segments.elemDropped.join(''), b.segments.elemDropped.join(''));
  bytes(lines, 'host state', a.hostState, b.hostState);
  note('other sections', extrasText(a), extrasText(b));
  return lines;
}

type Note = (what: string, left: string, right: string) => void;

function pairs<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (left: T, right: T, index: number) => void,
): void {
  for (let i = 0; i < Math.min(a.length, b.length); i++) compare(a[i], b[i], i);
}

function kindText({ postmortem }: SnapshotDocument): string {
  return postmortem ? 'postmortem' : 'resumable';
}
function pendingText({ pendingCall }: SnapshotDocument, module?: NamingModule): string {
  if (pendingCall === undefined) return 'none';
  return `${funcText(pendingCall.func, module)} (${pendingCall.args.map((arg) => valueText(arg, module)).join(', ')})`;
}
function extrasText({ extras }: SnapshotDocument): string {
  return JSON.stringify(extras.map(({ id, bytes: body }) => [id, ...body]).sort((x, y) => x[0] - y[0]));
}

function values(
  note: Note,
  what: string,
  a: readonly TypedValue[],
  b: readonly TypedValue[],
  module?: NamingModule,
): void {
  if (a.length !== b.length) note(`${what}s`, String(a.length), String(b.length));
  const text = (value: TypedValue) => `${value.type} ${valueText(value, module)}`;
  pairs(a, b, (left, right, i) => note(`${what} ${i}`, text(left), text(right)));
}

function continuations(
  note: Note,
  a: ContinuationRecord,
  b: ContinuationRecord,
  id: number,
  module?: NamingModule,
): void {
  const name = `continuation ${id}`;
  const shape = ({ state, typeIndex, resumeThrow, boundCount }: ContinuationRecord) =>
    `${state}, type ${typeIndex}, to raise ${resumeThrow}, ${boundCount} bound`;
  note(name, shape(a), shape(b));
  note(`${name}, invoked`, funcText(a.entryFunc, module), funcText(b.entryFunc, module));
  values(note, `${name}, bound argument`, a.boundArgs, b.boundArgs, module);
  if (a.activations.length !== b.activations.length) {
    note(`${name}, frames`, String(a.activations.length), String(b.activations.length));
  }
  pairs(a.activations, b.activations, (left: Activation, right: Activation, i) => {
    note(`${name}, frame ${i}`, frameText(left, module), frameText(right, module));
    values(note, `${name}, frame ${i}, value`, left.values, right.values, module);
  });
}

function sharingDiffers(
  lines: string[],
  what: string,
  a: { sameAs: number | undefined },
  b: { sameAs: number | undefined },
): boolean {
  if (a.sameAs === b.sameAs) return a.sameAs !== undefined;
  const text = (first: number | undefined) => (first === undefined ? 'its own' : `shared with ${first}`);
  lines.push(`${what}: ${text(a.sameAs)} | ${text(b.sameAs)}`);
  return true;
}

function memories(lines: string[], a: MemoryRecord, b: MemoryRecord, index: number): void {
  const name = `memory ${index}`;
  if (sharingDiffers(lines, name, a, b) || !isStored(a) || !isStored(b)) return;
  if (memoryBytes(a) !== memoryBytes(b) || a.pageBits !== b.pageBits) {
    const size = (pages: number, bits: number) => `${plural(pages, 'page')} of 2^${bits} bytes`;
    lines.push(`${name}: ${size(a.pages, a.pageBits)} | ${size(b.pages, b.pageBits)}`);
  }
  const ranges = differingRanges(a.chunks, b.chunks);
  if (ranges.length === 0) return;
  const total = ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  const shown = ranges
    .slice(0, LISTED)
    .map(([start, end]) => `0x${start.toString(16)}..0x${end.toString(16)}`);
  if (ranges.length > LISTED) shown.push('...');
  lines.push(`${name}: ${plural(total, 'byte')} in ${plural(ranges.length, 'range')}: ${shown.join(' ')}`);
}

type Range = [start: number, end: number];

/** Where contents differ, as maximal ranges. Costs what the chunks hold, not what they span. */
export function differingRanges(a: readonly MemoryChunk[], b: readonly MemoryChunk[]): Range[] {
  const ranges: Range[] = [];
  const add = (start: number, end: number) => {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[1] === start) last[1] = end;
    else ranges.push([start, end]);
  };
  const left = new Cursor(a);
  const right = new Cursor(b);
  for (let at = 0; ; ) {
    const end = Math.min(left.until(at), right.until(at));
    if (end === Number.POSITIVE_INFINITY) return ranges;
    compareStretch(left, right, at, end, add);
    at = end;
  }
}

function compareStretch(
  left: Cursor,
  right: Cursor,
  start: number,
  end: number,
  add: (start: number, end: number) => void,
): void {
  if (left.raw === undefined && right.raw === undefined) {
    if (left.constant !== right.constant && end > start) add(start, end);
    return;
  }
  for (let at = start; at < end; at++) {
    if (left.byteAt(at) === right.byteAt(at)) continue;
    const from = at;
    while (at < end && left.byteAt(at) !== right.byteAt(at)) at++;
    add(from, at);
  }
}

/** Walks over chunks, and the zeros between them, in ascending order. */
class Cursor {
  private readonly chunks: readonly MemoryChunk[];
  private next = 0;
  /** What the stretch at hand holds: bytes of `raw`, which begins at `base`, or one byte throughout. */
  raw: Uint8Array | undefined;
  constant = 0;
  private base = 0;

  constructor(chunks: readonly MemoryChunk[]) {
    this.chunks = disjoint(chunks).filter((chunk) => lengthOf(chunk) > 0);
  }

  /** Enters the stretch that holds `at`, and tells where it ends. */
  until(at: number): number {
    let chunk = this.chunks[this.next];
    while (chunk !== undefined && chunk.offset + lengthOf(chunk) <= at) chunk = this.chunks[++this.next];
    this.raw = undefined;
    this.constant = 0;
    if (chunk === undefined) return Number.POSITIVE_INFINITY;
    if (chunk.offset > at) return chunk.offset;
    if (chunk.kind === 'raw') this.raw = chunk.bytes;
    this.constant = 0xff;
    this.base = chunk.offset;
    return chunk.offset + lengthOf(chunk);
  }

  byteAt(at: number): number {
    return this.raw === undefined ? this.constant : this.raw[at - this.base];
  }
}

function tables(lines: string[], a: TableRecord, b: TableRecord, index: number, module?: NamingModule): void {
  const name = `table ${index}`;
  if (sharingDiffers(lines, name, a, b) || !isStored(a) || !isStored(b)) return;
  const shape = ({ type, elements }: typeof a) => `${plural(elements.length / 2, 'element')} of ${type}`;
  if (shape(a) !== shape(b)) lines.push(`${name}: ${shape(a)} | ${shape(b)}`);
  if (a.type !== b.type) return;
  let differing = 0;
  const reference = (words: Int32Array, i: number): TypedValue => ({
    type: a.type,
    lo: words[i],
    hi: words[i + 1],
  });
  for (let i = 0; i < Math.min(a.elements.length, b.elements.length); i += 2) {
    const left = reference(a.elements, i);
    const right = reference(b.elements, i);
    if (left.lo === right.lo && left.hi === right.hi) continue;
    if (differing++ < LISTED) {
      lines.push(`${name}, element ${i / 2}: ${valueText(left, module)} | ${valueText(right, module)}`);
    }
  }
  if (differing > LISTED) lines.push(`${name}: ${plural(differing - LISTED, 'further element')}`);
}

function bytes(lines: string[], what: string, a: Uint8Array, b: Uint8Array): void {
  if (a.length !== b.length) lines.push(`${what}: ${plural(a.length, 'byte')} | ${plural(b.length, 'byte')}`);
  else if (a.some((byte, i) => byte !== b[i]))
    lines.push(`${what}: ${plural(a.length, 'byte')}, not the same`);
}
