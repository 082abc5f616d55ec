/**
 * Snapshots of files, in the format of src/snapshot: the same state gives the same bytes as there. Each thing is described once, for four ways:
 * bytes are counted, then written; or read and checked, then read and taken over. So what does not fit changes nothing.
 */
import { eachValue, type FileState, type FuncRecord, type SavedFrame } from './frames';

/** An execution that is paused: the exported function that was called, and its frames, outermost first. */
export interface Paused {
  root: FuncRecord | undefined;
  frames: SavedFrame[];
}

/** 0 counts, 1 writes, 2 checks, 3 takes over. */
let way = 0;
let bytes: Uint8Array;
let at = 0;
/** Of sections, by their ids. */
const sizes = [0, 0, 0, 0, 0, 0, 0];

const reads = (): boolean => way > 1;
const takes = (): boolean => way > 2;

/** Throws unless it holds: the snapshot is not one of this module, or not one that this file can go on with. */
function must(holds: unknown): void {
  if (holds) return;
  const error = new Error('the snapshot does not fit') as Error & { code: string; offset: number };
  error.code = 'snapshot';
  error.offset = at;
  throw error;
}
/** Writes a byte, or gives the one that is read. */
function byte(value: number): number {
  if (way > 1) {
    must(at < bytes.length);
    return bytes[at++];
  }
  if (way) bytes[at] = value;
  at++;
  return value;
}
/** Below 2^53. */
function count(value: number): number {
  let sum = 0;
  let unit = 1;
  let part = 128;
  while (part > 127) {
    const left = Math.floor(value / unit);
    part = byte(left > 127 ? (left % 128) + 128 : left);
    sum += (part % 128) * unit;
    unit *= 128;
  }
  return sum;
}
/** What is read must be this. */
function same(value: number): void {
  must(count(value) === value);
}
function text(all: string): void {
  for (let k = 0; k < all.length; k++) must(byte(all.charCodeAt(k)) === all.charCodeAt(k));
}
/** Of raw bytes, so many: when they are read, they are those at the place that is given. */
function pass(size: number): number {
  const first = at;
  must(way < 2 || at + size <= bytes.length);
  at += size;
  return first;
}
function rawByte(place: number, value: number): number {
  if (way === 1) bytes[place] = value;
  return way ? bytes[place] : value;
}
function section(id: number, walk: () => void): void {
  same(id);
  const size = way ? count(sizes[id]) : 0;
  const start = at;
  walk();
  if (way) {
    must(at - start === size);
  } else {
    sizes[id] = at - start;
    count(sizes[id]);
  }
}
/** Each thing once, under its first index. */
function list<T>(all: readonly T[], walk: (thing: T) => void): void {
  same(all.length);
  for (let k = 0; k < all.length; k++) {
    const first = all.indexOf(all[k]);
    same(k);
    same(first);
    if (first === k) walk(all[k]);
  }
}

/** The site whose text is read next. */
function siteHere(records: readonly FuncRecord[]): SavedFrame | undefined {
  for (let k = 0; k < records.length; k++) {
    const sites = records[k][4];
    for (let j = 0; j < sites.length; j += 4) {
      const start = sites[j] as string;
      let equal = 0;
      while (equal < start.length && bytes[at + equal] === start.charCodeAt(equal)) equal++;
      if (equal === start.length) return [records[k], j / 4, []];
    }
  }
  return undefined;
}
function walkFrames(state: FileState, paused: Paused): void {
  // The root, suspended, of no type.
  text('\x01\0\x01\x01\xff\xff\xff\xff\x0f');
  const index = count(reads() ? 0 : paused.root![0]);
  for (let k = 0; k < state.roots.length; k++) if (state.roots[k][0] === index) paused.root = state.roots[k];
  same(0);
  same(0);
  const frames = paused.frames;
  const depth = count(frames.length);
  must(paused.root && depth <= state.depth);
  let waits: unknown = paused.root![3];
  for (let k = 0; k < depth; k++) {
    if (reads()) frames[k] = siteHere(state.records) as SavedFrame;
    const frame = frames[k];
    must(frame && frame[0][3] === waits);
    const sites = frame[0][4];
    const site = 4 * frame[1];
    const operands = sites[site + 2] as string;
    waits = sites[site + 3];
    text(sites[site] as string);
    same(frame[0][2].indexOf('|') + operands.length);
    eachValue(frame[0][2], operands, (letter, place) => state.values[letter](frame[2], place, state));
  }
  must(depth && waits === null);
}
function walk(state: FileState, paused: Paused): void {
  at = 0;
  text('\0dmp\x01\0\0\0');
  section(0, () => {
    same(0);
    count(0);
    text(state.hash);
    same(1);
    same(0);
    let size = 0;
    let elements = 0;
    const memories = state.memories;
    const tables = state.tables;
    for (let k = 0; k < memories.length; k++)
      if (memories.indexOf(memories[k]) === k) size += memories[k].pages * (memories[k].bits ? 65536 : 1);
    for (let k = 0; k < tables.length; k++)
      if (tables.indexOf(tables[k]) === k) elements += tables[k].elements.length;
    count(size);
    count(elements);
    same(0);
  });
  for (let k = 0; k < state.sections.length; k++) state.sections[k](state);
  section(6, () => walkFrames(state, paused));
  // Behind it may be a digest, with nothing of the host's in the section, and what others have added; but no call of the host.
  while (reads() && at < bytes.length) {
    const id = count(0);
    const size = count(0);
    must(id === 7 ? size === 24 : id > 7 && id !== 116);
    pass(size);
  }
}
export function writeSnapshot(state: FileState, paused: Paused): Uint8Array {
  way = 0;
  walk(state, paused);
  bytes = new Uint8Array(at);
  way = 1;
  walk(state, paused);
  return bytes;
}
export function readSnapshot(state: FileState, given: Uint8Array): Paused {
  const paused: Paused = { root: undefined, frames: [] };
  bytes = given;
  for (way = 2; way < 4; way++) {
    paused.frames = [];
    walk(state, paused);
  }
  return paused;
}

export { byte, count, list, must, pass, rawByte, reads, same, section, takes };
