/**
 * Types of an operand stack. Lists share what lies below, and values that came together are one part of a list: 1,000 results of a call
 * are one part, however many safepoints stand above them. So the stacks of all safepoints of a body together take room in proportion to
 * the body.
 */
import { BOTTOM, isRef, type ValType } from './types';

/** No values. */
export const NO_TYPES: readonly ValType[] = [];

/** The types `[first, first + count)` of `types`, on top of those below. */
export interface TypeList {
  readonly types: readonly ValType[];
  readonly first: number;
  readonly count: number;
  readonly below: TypeList | undefined;
  /** Types in the list. */
  readonly length: number;
}

/** A part of `types` on top of a list. */
export function onTop(
  below: TypeList | undefined,
  types: readonly ValType[],
  first = 0,
  count = types.length - first,
): TypeList | undefined {
  if (count === 0) return below;
  return { types, first, count, below, length: (below?.length ?? 0) + count };
}

/** The types, bottom first. */
export function typesOf(list: TypeList | undefined): ValType[] {
  const all = new Array<ValType>(list?.length ?? 0);
  for (let part = list; part !== undefined; part = part.below) {
    const start = part.length - part.count;
    for (let k = 0; k < part.count; k++) all[start + k] = part.types[part.first + k];
  }
  return all;
}

/** A list without its top types. Takes as long as the list has parts there. */
export function withoutTop(list: TypeList | undefined, count: number): TypeList | undefined {
  let left = count;
  let rest = list;
  while (left > 0 && rest !== undefined) {
    if (rest.count > left) return onTop(rest.below, rest.types, rest.first, rest.count - left);
    left -= rest.count;
    rest = rest.below;
  }
  return rest;
}

/** The type that has so many above it. */
export function typeAt(list: TypeList | undefined, above: number): ValType {
  let left = above;
  let part = list;
  while (part !== undefined && left >= part.count) {
    left -= part.count;
    part = part.below;
  }
  return part === undefined ? BOTTOM : part.types[part.first + part.count - 1 - left];
}

const known = new WeakMap<readonly ValType[], boolean>();
/** Whether some are references. A list is looked through once, however many branches carry it. */
export function holdReferences(types: readonly ValType[]): boolean {
  if (types.length === 0) return false;
  let found = known.get(types);
  if (found === undefined) {
    found = types.some(isRef);
    known.set(types, found);
  }
  return found;
}
