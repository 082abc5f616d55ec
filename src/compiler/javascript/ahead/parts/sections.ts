/** The sections of snapshots that a module has something for. */
import type { FileState } from './frames';
import type { FileMemory } from './memories';
import { byte, count, list, must, pass, rawByte, reads, same, section, takes } from './snapshots';
import type { FileTable } from './tables';
import { reference } from './values';

function rawChunk(u8: Uint8Array, from: number, to: number): void {
  if (to <= from) return;
  byte(1);
  count(from);
  count(to - from);
  const place = pass(to - from);
  for (let k = from; k < to; k++) rawByte(place + k - from, u8[k]);
}
/** Runs of 128 bytes and more that are zero are left out, and such of 255 are fills. Behind what a memory really has is zero. */
function writeChunks(m: FileMemory, size: number): void {
  const u8 = m.u8;
  const end = m.length;
  let raw = 0;
  let k = 0;
  while (k < end) {
    const value = u8[k];
    const first = k++;
    if (value && value !== 255) continue;
    while (k < end && u8[k] === value) k++;
    if (k - first + (value || k < end ? 0 : size - end) < 128) continue;
    rawChunk(u8, raw, first);
    raw = k;
    if (!value) continue;
    byte(2);
    count(first);
    count(k - first);
  }
  rawChunk(u8, raw, end);
  byte(0);
}
function readChunks(m: FileMemory, end: number): void {
  let kind = byte(0);
  while (kind) {
    const to = count(0);
    const size = count(0);
    must(kind < 3 && to + size <= end);
    const place = kind < 2 ? pass(size) : 0;
    if (takes()) for (let k = 0; k < size; k++) m.u8[to + k] = kind < 2 ? rawByte(place + k, 0) : 255;
    kind = byte(0);
  }
}
function walkMemory(m: FileMemory, grow: FileState['grow']): void {
  const page = m.bits ? 65536 : 1;
  same(m.bits);
  const pages = count(m.pages);
  if (!reads()) {
    writeChunks(m, pages * page);
    return;
  }
  must(pages === m.pages || (grow && pages > m.pages && (m.max < 0 || pages <= m.max)));
  if (takes()) {
    must(pages === m.pages || grow!(m, pages - m.pages) >= 0);
    if (m.u8.fill) m.u8.fill(0);
    else for (let k = 0; k < m.length; k++) m.u8[k] = 0;
  }
  readChunks(m, pages > m.pages ? pages * page : m.length);
}
export function memorySection(state: FileState): void {
  section(1, () => list(state.memories, (m) => walkMemory(m, state.grow)));
}

function walkTable(state: FileState, table: FileTable): void {
  const type = table.type === 'externref' ? 111 : 112;
  const elements = table.elements;
  same(type);
  const size = count(elements.length);
  must(size >= elements.length && (table.max < 0 || size <= table.max));
  for (let k = 0; k < size; k++) {
    const value = [k < elements.length ? elements[k] : null];
    reference(value, 0, state, type);
    if (takes()) elements[k] = value[0];
  }
}
export function tableSection(state: FileState): void {
  section(2, () => list(state.tables, (table) => walkTable(state, table)));
}

export function globalSection(state: FileState): void {
  section(3, () => {
    const now = state.globals();
    const found = now.slice();
    same(state.types.length);
    for (let k = 0; k < state.types.length; k++) {
      same(k);
      state.values[state.types.charAt(k)](found, 2 * k, state);
      const isSame = found[2 * k] === now[2 * k] && found[2 * k + 1] === now[2 * k + 1];
      must(isSame || state.mutable.charAt(k) === '1');
    }
    if (takes()) state.globals(found);
  });
}

export function segmentSection(state: FileState): void {
  section(4, () => {
    const now = state.dropped();
    const found: number[][] = [[], []];
    for (let k = 0; k < 2; k++) {
      same(now[k].length);
      for (let j = 0; j < now[k].length; j++) {
        found[k].push(byte(now[k][j]));
        // What is dropped here cannot be brought back.
        must(found[k][j] >= now[k][j]);
      }
    }
    if (takes()) state.dropped(found[0], found[1]);
  });
}
