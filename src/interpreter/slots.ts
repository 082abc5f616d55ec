/** Values in the slots of the machine's stack. */
import { isRef, type ValType } from '../decoder';
import { type Value, wordsOf, writeWords } from '../runtime';
import { stack } from './registers';
import { savedValues } from './saved';

/** Writes values to the machine's stack, from a word index on. */
export function writeValues(values: readonly Value[], base: number): void {
  const { ints, refs } = stack();
  let word = base;
  for (const value of values) {
    if (isRef(value.type)) {
      while (refs.length <= word >> 1) refs.push(null);
      refs[word >> 1] = value.ref;
    } else writeWords(value, ints, word);
    word += wordsOf(value.type);
  }
}

/** Reads values off the machine's stack. */
export function readValues(types: readonly ValType[], base: number): Value[] {
  return savedValues(stack(), types, base);
}
