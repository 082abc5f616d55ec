/**
 * Defined types and their canonical identity: two types that are equal in the specification's sense have one `DefType`, whatever
 * modules they come from, so that comparing types across instances is comparing two numbers.
 *
 * Types are defined in recursion groups, and a group is what is equal or not: its key is its structure, in which a reference to a type
 * outside is that type's canonical id, and one to a type inside is its position. The map only grows: it holds the distinct types of all
 * modules ever decoded, a few hundred for real ones.
 */
import { InternalError } from '../errors';
import type { CompositeType, DefType, FuncType, HeapType, ValType } from './types';
import { concreteHeap, heapOf, heapTypeId, isNullable, isRef, refType } from './types';

/** A type as it stands in its group: references to the group are recursive heap types. */
export interface SubType {
  readonly composite: CompositeType;
  readonly final: boolean;
  readonly supertype: HeapType | undefined;
}

/** In a recursion group that is being read: the type at a position in that group. */
export function recursiveHeap(position: number): HeapType {
  return -1 - position;
}

const groups = new Map<string, readonly DefType[]>();
const canonical: DefType[] = [];

/** The defined type with a canonical id. */
export function defTypeOf(id: number): DefType {
  const type = canonical[id];
  if (type === undefined) throw new InternalError(`no type has the id ${id}`);
  return type;
}

/**
 * Lists of types, each of them once: whoever compares two compares no types, and what gives a thousand values to what takes them moves none.
 */
const lists = new Map<string, readonly ValType[]>();
function listOf(types: readonly ValType[]): readonly ValType[] {
  const key = types.join();
  const known = lists.get(key);
  if (known !== undefined) return known;
  lists.set(key, types);
  return types;
}

/** The types of a recursion group, in its order. */
export function internGroup(group: readonly SubType[]): readonly DefType[] {
  const key = group.map(keyOf).join(';');
  let types = groups.get(key);
  if (types === undefined) {
    const first = canonical.length;
    for (const type of group) canonical.push(closed(type, first, canonical.length));
    types = canonical.slice(first);
    groups.set(key, types);
  }
  return types;
}

function keyOf({ composite: { func }, final, supertype }: SubType): string {
  const head = final && supertype === undefined ? '' : `${final ? 'final' : 'open'} ${supertype} `;
  return `${head}${func.params}:${func.results}`;
}

/** The type outside of its group, whose first type has the id `first`. */
function closed({ composite: { func }, final, supertype }: SubType, first: number, id: number): DefType {
  const heapId = (heap: HeapType) => (heap < 0 ? first - 1 - heap : heapTypeId(heap));
  const close = (type: ValType) =>
    isRef(type) && heapOf(type) < 0 ? refType(isNullable(type), concreteHeap(heapId(heapOf(type)))) : type;
  const above = supertype === undefined ? undefined : heapId(supertype);
  return {
    composite: {
      kind: 'func',
      func: { params: listOf(func.params.map(close)), results: listOf(func.results.map(close)) },
    },
    final,
    supertype: above,
    id,
    depth: above === undefined ? 0 : defTypeOf(above).depth + 1,
  };
}

/** The defined type that is a group of its own and nobody's subtype: what the abbreviated form in a module means. */
export function internFuncType(func: FuncType): DefType {
  return internGroup([{ composite: { kind: 'func', func }, final: true, supertype: undefined }])[0];
}

/** The canonical id of a function type that comes from the host. */
export function canonicalFuncType({ params, results }: FuncType): number {
  return internFuncType({ params: [...params], results: [...results] }).id;
}
