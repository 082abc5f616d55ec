/** Numbers and vectors in words: of the slots of frames, and of globals. Slots are eight bytes; a v128 takes two. */
import { F32, I32, slotsOf, V128, type ValType } from '../decoder';
import type { Value } from './values';
import { readVector, writeVector } from './vector-values';

/** Words of a value of this type. */
export function wordsOf(type: ValType): number {
  return 2 * slotsOf(type);
}

/** The word at which value k of a row begins. */
export function wordOf(types: readonly ValType[], k: number): number {
  let words = 0;
  for (let before = 0; before < k; before++) words += wordsOf(types[before]);
  return words;
}

/** The words of values of these types in a row. */
export function wordsOfAll(types: readonly ValType[]): number {
  return wordOf(types, types.length);
}

/** The value of a type of numbers or vectors that begins at a word. */
export function readWords(type: ValType, ints: Int32Array, word: number): Value {
  if (type !== V128) {
    const isNarrow = type === I32 || type === F32;
    return { type, lo: ints[word], hi: isNarrow ? 0 : ints[word + 1], ref: null };
  }
  return { type, lo: 0, hi: 0, ref: null, bytes: readVector(ints, word) };
}

/** The words of a number or a vector. */
export function writeWords({ type, lo, hi, bytes }: Value, ints: Int32Array | number[], word: number): void {
  if (type === V128) writeVector(bytes!, ints, word);
  else {
    ints[word] = lo;
    ints[word + 1] = hi;
  }
}
