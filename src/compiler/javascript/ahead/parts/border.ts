// biome-ignore-all lint/style/useTemplate: what small engines do not have, or have wrong
// biome-ignore-all lint/complexity/useOptionalChain: what small engines do not have, or have wrong
/** What comes from the host and goes to it: imports, and values in its words. */
import type { FileMemory } from './memories';
import { type Cell, type HostCallable, trap, W } from './shared';
import type { FileTable } from './tables';

type Imports = Record<string, Record<string, unknown>>;
export function unlinkable(module: string, name: string, why: string): Error {
  const error = new Error('import ' + module + '.' + name + ' ' + why) as Error & { code: string };
  error.code = 'link';
  return error;
}
export function imported(imports: Imports, module: string, name: string): unknown {
  const from = imports && imports[module];
  const found = from ? from[name] : undefined;
  if (found === undefined) throw unlinkable(module, name, 'is missing');
  return found;
}
/** A function of the host, or one of a module that is of the type. */
export function importedFunc(imports: Imports, module: string, name: string, type: string): HostCallable {
  const found = imported(imports, module, name) as HostCallable;
  if (typeof found !== 'function') throw unlinkable(module, name, 'is no function');
  if (found.cell && found.cell.t !== type) throw unlinkable(module, name, 'is of another type');
  return found;
}
function fits(size: number, max: number, least: number, most: number): boolean {
  return size >= least && (most < 0 || (max >= 0 && max <= most));
}
export function importedMemory(
  imports: Imports,
  module: string,
  name: string,
  least: number,
  most: number,
  bits: number,
): FileMemory {
  const found = imported(imports, module, name) as FileMemory;
  if (!found || !found.watchers) throw unlinkable(module, name, 'is no memory');
  if (found.bits !== bits || !fits(found.pages, found.max, least, most)) {
    throw unlinkable(module, name, 'is of another size');
  }
  return found;
}
export function importedTable(
  imports: Imports,
  module: string,
  name: string,
  least: number,
  most: number,
  type: string,
): FileTable {
  const found = imported(imports, module, name) as FileTable;
  if (!found || !found.elements) throw unlinkable(module, name, 'is no table');
  if (found.type !== type || !fits(found.elements.length, found.max, least, most)) {
    throw unlinkable(module, name, 'is of another size');
  }
  return found;
}
/** An i64 of a host without BigInt: a number, or its two words. */
export function fromPair(value: number | readonly number[]): number {
  if (typeof value === 'number') {
    W.hi = Math.floor(value / 4294967296) | 0;
    return (value - Math.floor(value / 4294967296) * 4294967296) | 0;
  }
  W.hi = value[1] | 0;
  return value[0] | 0;
}
export function toPair(low: number, high: number): number[] {
  return [low, high];
}
export function fromBig(value: bigint): number {
  const bits = BigInt.asIntN(64, value);
  W.hi = Number(bits >> BigInt(32));
  return Number(BigInt.asIntN(32, bits));
}
export function toBig(low: number, high: number): bigint {
  return BigInt(high) * BigInt(4294967296) + BigInt(low >>> 0);
}
/** A function reference that the host gives. */
export function fromHost(value: HostCallable | null): Cell | null {
  if (value === null || value === undefined) return null;
  if (!value.cell) throw new Error('a function reference is a function of a module, or null');
  return value.cell;
}
export function toHost(cell: Cell | null): HostCallable | null {
  return cell === null ? null : cell.h;
}
/** Gives a cell what hosts call. */
export function callable(cell: Cell, call: HostCallable): HostCallable {
  call.cell = cell;
  cell.h = call;
  return call;
}
/** The host's stack has ended before the count did. */
export function overflow(error: unknown): unknown {
  const { name, message } = error as Error;
  const full = name === 'RangeError' || (name === 'InternalError' && /stack|recursion/.test(message));
  return full && !(error as { code?: string }).code ? trap('callStackExhausted', -1) : error;
}
