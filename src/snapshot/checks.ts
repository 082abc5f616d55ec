/** What the rules of a snapshot share: how one is refused, and the checks of a single value. */
import { type Check, check, OBJECT } from '../checks';
import { SnapshotError } from '../errors';
import { isNull, isRefTag, type SnapshotDocument, type TypedValue } from './document';

export type RecordKind =
  | 'memory'
  | 'table'
  | 'global'
  | 'segment'
  | 'exception'
  | 'continuation'
  | 'host'
  | 'pending';
/** Byte offset of a record, or -1. `frame` picks an activation of a continuation. */
export type Where = (kind: RecordKind, index: number, frame?: number) => number;

export function reject(message: string, offset: number): never {
  throw new SnapshotError(message, 'malformed', offset);
}

/** Whether a value has the records of a document; what is in them is for `checkDocument`. */
const DOCUMENT: Check = {
  expected: 'a SnapshotDocument, as decode gives it',
  isKind: hasRecords,
  holds: hasRecords,
};
function hasRecords(value: unknown): boolean {
  if (!OBJECT.holds(value)) return false;
  const { memories, tables, globals, exceptions, continuations, extras } = value as Record<string, unknown>;
  return [memories, tables, globals, exceptions, continuations, extras].every(Array.isArray);
}

/** For what a caller gives: throws a TypeError. */
export function checkIsDocument(document: unknown): void {
  check('the snapshot', document, DOCUMENT);
}

export function isU32(n: number): boolean {
  return Number.isInteger(n) && n >= 0 && n <= 0xffffffff;
}

/** Exclusive bound of the numbers that a reference of this family may hold. Function indices await the module. */
export function idBound(document: SnapshotDocument, type: 'funcref' | 'exnref' | 'contref'): number {
  if (type === 'funcref') return 0xffffffff;
  return type === 'exnref' ? document.exceptions.length : document.continuations.length;
}
/** Wasm cannot name the root invocation. */
export function leastId(document: SnapshotDocument, type: string): number {
  return type === 'contref' && !document.postmortem ? 1 : 0;
}

/** What is wrong with a value: its shape, or that it refers to nothing of the snapshot. */
export function valueComplaint(document: SnapshotDocument, value: TypedValue): string | undefined {
  const { type, lo, hi } = value;
  if (lo !== (lo | 0) || hi !== (hi | 0)) return "a value's words are not int32";
  if ((type === 'i32' || type === 'f32') && hi !== 0) return 'a 32-bit value with high bits';
  if (type === 'v128' && value.bytes?.length !== 16) return 'a v128 without its sixteen bytes';
  if (!isRefTag(type) || type === 'externref' || isNull(value)) return undefined;
  const id = lo >>> 0;
  const found = hi === 0 && id < idBound(document, type) && id >= leastId(document, type);
  return found ? undefined : `a ${type} names nothing of the snapshot`;
}

/** Throws at the first bad value of a record, which `name` describes. */
export function checkValues(
  document: SnapshotDocument,
  values: readonly TypedValue[],
  name: () => string,
  at: number,
): void {
  for (let i = 0; i < values.length; i++) {
    const complaint = valueComplaint(document, values[i]);
    if (complaint !== undefined) reject(`${name()}, value ${i}: ${complaint}`, at);
  }
}
