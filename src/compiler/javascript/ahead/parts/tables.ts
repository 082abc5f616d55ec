/** Tables and references. */
import { A, type Cell, trap } from './shared';

export interface FileTable {
  elements: (Cell | null)[];
  readonly type: string;
  max: number;
}

export function tableOf(count: number, max: number, type: string, value: Cell | null): FileTable {
  const elements: (Cell | null)[] = [];
  for (let k = 0; k < count; k++) elements.push(value);
  return { elements, max, type };
}
export function element(table: FileTable, index: number, type: string, at: number): Cell {
  if (index >= table.elements.length) throw trap('undefinedElement', at);
  const cell = table.elements[index];
  if (!cell) throw trap('uninitializedElement', at);
  if (cell.t !== type) throw trap('indirectCallType', at);
  return cell;
}
export function referred(cell: Cell | null, at: number): Cell {
  if (cell === null) throw trap('nullFunctionReference', at);
  return cell;
}
export function follow(fp: number, sp: number): unknown {
  const cell = A.t!;
  A.t = null;
  return cell.g!(fp, sp);
}
export function tableRange(table: FileTable, index: number, count: number, at: number): number {
  index = index >>> 0;
  if (index + (count >>> 0) > table.elements.length) throw trap('tableBounds', at);
  return index;
}
export function tableGet(table: FileTable, index: number, at: number): Cell | null {
  return table.elements[tableRange(table, index, 1, at)];
}
export function tableSet(table: FileTable, index: number, value: Cell | null, at: number): void {
  table.elements[tableRange(table, index, 1, at)] = value;
}
export function tableGrow(table: FileTable, value: Cell | null, by: number): number {
  const old = table.elements.length;
  by = by >>> 0;
  if (by > (table.max < 0 ? 10000000 : table.max) - old) return -1;
  for (let k = 0; k < by; k++) table.elements.push(value);
  return old;
}
export function tableFill(table: FileTable, to: number, value: Cell | null, count: number, at: number): void {
  to = tableRange(table, to, count, at);
  for (let k = 0; k < count >>> 0; k++) table.elements[to + k] = value;
}
export function tableCopy(
  table: FileTable,
  source: FileTable,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  from = tableRange(source, from, count, at);
  to = tableRange(table, to, count, at);
  count = count >>> 0;
  if (to <= from) for (let k = 0; k < count; k++) table.elements[to + k] = source.elements[from + k];
  else for (let k = count - 1; k >= 0; k--) table.elements[to + k] = source.elements[from + k];
}
export function tableInit(
  table: FileTable,
  segment: (Cell | null)[] | null,
  to: number,
  from: number,
  count: number,
  at: number,
): void {
  from = from >>> 0;
  if (from + (count >>> 0) > (segment ? segment.length : 0)) throw trap('tableBounds', at);
  to = tableRange(table, to, count, at);
  for (let k = 0; k < count >>> 0; k++) table.elements[to + k] = segment![from + k];
}
export function nonNull(reference: unknown, at: number): unknown {
  if (reference === null) throw trap('nullReference', at);
  return reference;
}
