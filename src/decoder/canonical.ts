/**
 * Defined types and their canonical identity: two types that are equal in the specification's sense have one `DefType`, whatever
 * modules they come from, so that comparing function types across instances is comparing two numbers.
 *
 * The key of a type is its structure with every reference to another defined type replaced by that type's canonical id. The map
 * only grows: it holds the distinct types of all modules ever decoded, a few hundred for real ones.
 */
import type { DefType, FuncType } from './types';

const interned = new Map<string, DefType>();

export function internFuncType(func: FuncType): DefType {
  const key = `${func.params}:${func.results}`;
  let type = interned.get(key);
  if (type === undefined) {
    type = { composite: { kind: 'func', func }, final: true, supertype: undefined, id: interned.size };
    interned.set(key, type);
  }
  return type;
}

/** The canonical id of a function type that comes from the host. */
export function canonicalFuncType({ params, results }: FuncType): number {
  return internFuncType({ params: [...params], results: [...results] }).id;
}
