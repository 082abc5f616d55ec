/**
 * Types of an operand stack, the top one first. Lists share what lies below, so that the stacks of all safepoints of a body together
 * take room in proportion to the body.
 */
import type { ValType } from '../decoder';

export interface TypeList {
  readonly type: ValType;
  readonly below: TypeList | undefined;
  /** Types in the list. */
  readonly length: number;
}

/** The types, bottom first. */
export function typesOf(list: TypeList | undefined): ValType[] {
  const types = new Array<ValType>(list?.length ?? 0);
  for (let node = list; node !== undefined; node = node.below) types[node.length - 1] = node.type;
  return types;
}

/** A list of types that stand bottom first. */
export function listOf(types: readonly ValType[]): TypeList | undefined {
  let list: TypeList | undefined;
  for (const type of types) list = { type, below: list, length: (list?.length ?? 0) + 1 };
  return list;
}
