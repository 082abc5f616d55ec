/** Snapshot values and a module's types: the tag says the storage family, the module says the rest (draft, "Value Representation"). */

import { hierarchyOf, matches } from '../decoder/matching';
import type { ModuleData } from '../decoder/module';
import {
  EXNREF,
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  HEAP,
  I32,
  I64,
  isNullable,
  isRef,
  refTo,
  refType,
  V128,
  type ValType,
  valTypeName,
} from '../decoder/types';
import { SnapshotError } from '../errors';
import { isNull, isRefTag, NULL_WORD, type TypedValue, type TypeTag } from './document';

/** Refuses: the snapshot and the module (or instance) do not go together. */
export function mismatch(message: string): never {
  throw new SnapshotError(message, 'mismatch');
}

const NUMBER_TAGS: Readonly<Record<ValType, TypeTag>> = {
  [I32]: 'i32',
  [I64]: 'i64',
  [F32]: 'f32',
  [F64]: 'f64',
  [V128]: 'v128',
};
const HEAP_TAGS: Readonly<Record<number, TypeTag>> = {
  [HEAP.func]: 'funcref',
  [HEAP.extern]: 'externref',
  [HEAP.exn]: 'exnref',
};

/** The widest type whose values travel in this family. */
export function typeOfTag(tag: TypeTag): ValType {
  if (tag === 'funcref') return FUNCREF;
  if (tag === 'externref') return EXTERNREF;
  if (tag === 'exnref') return EXNREF;
  const number = Object.keys(NUMBER_TAGS).find((type) => NUMBER_TAGS[Number(type)] === tag);
  if (number === undefined) throw new SnapshotError(`a value of type ${tag} in a snapshot`, 'unsupported');
  return Number(number);
}

/** The storage family that values of this type travel in. */
export function tagOf(type: ValType): TypeTag {
  const number = NUMBER_TAGS[type];
  if (number !== undefined) return number;
  const tag = isRef(type) ? HEAP_TAGS[hierarchyOf(type)] : undefined;
  if (tag === undefined)
    throw new SnapshotError(`values of type ${valTypeName(type)} in a snapshot`, 'unsupported');
  return tag;
}

/** Why a value is not one of this type, or undefined. */
export function typeComplaint(value: TypedValue, type: ValType, module: ModuleData): string | undefined {
  const tag = tagOf(type);
  if (value.type !== tag) return `a value of type ${value.type} where ${valTypeName(type)} is due`;
  if (!isRefTag(tag)) return undefined;
  if (isNull(value)) return isNullable(type) ? undefined : `null where ${valTypeName(type)} is due`;
  return referenceComplaint(value.type, value.lo >>> 0, type, module);
}

/** The same for the elements of a table, packed as the document packs them. */
export function elementComplaint(
  elements: Int32Array,
  type: ValType,
  module: ModuleData,
): string | undefined {
  const tag = tagOf(type);
  // Nullable references to any function: nothing but the index to check.
  const plain = type === refType(true, HEAP.func);
  for (let i = 0; i < elements.length; i += 2) {
    const lo = elements[i];
    let complaint: string | undefined;
    if (lo === NULL_WORD && elements[i + 1] === NULL_WORD) {
      if (!isNullable(type)) complaint = `null where ${valTypeName(type)} is due`;
    } else if (!plain || lo >>> 0 >= module.funcTypes.length) {
      complaint = referenceComplaint(tag, lo >>> 0, type, module);
    }
    if (complaint !== undefined) return `element ${i / 2}: ${complaint}`;
  }
  return undefined;
}

function referenceComplaint(tag: TypeTag, id: number, type: ValType, module: ModuleData): string | undefined {
  let actual = refType(false, HEAP.extern);
  if (tag === 'funcref') {
    if (id >= module.funcTypes.length) return `function ${id} is not in the module`;
    actual = refTo(module.types[module.funcTypes[id]]);
  } else if (tag === 'exnref') {
    actual = refType(false, HEAP.exn);
  } else if (tag !== 'externref') {
    throw new SnapshotError(`a value of type ${tag} in a snapshot`, 'unsupported');
  }
  if (matches(actual, type)) return undefined;
  return `${tag} ${tag === 'funcref' ? id : ''} is not of type ${valTypeName(type)}`;
}
