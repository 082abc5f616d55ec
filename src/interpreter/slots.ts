/** Values in the slots of the machine's stack. */
import { F32, I32, isRef, slotsOf, type ValType } from '../decoder';
import type { Value } from '../runtime';
import { stack } from './registers';

/** Writes values to the machine's stack, from a word index on. */
export function writeValues(values: readonly Value[], base: number): void {
  const { ints, refs } = stack();
  let word = base;
  for (const { type, lo, hi, ref } of values) {
    ints[word] = lo;
    ints[word + 1] = hi;
    if (isRef(type)) {
      while (refs.length <= word >> 1) refs.push(null);
      refs[word >> 1] = ref;
    }
    word += 2 * slotsOf(type);
  }
}

/** Reads values off the machine's stack. */
export function readValues(types: readonly ValType[], base: number): Value[] {
  const { ints, refs } = stack();
  let word = base;
  return types.map((type) => {
    const isWide = slotsOf(type) > 1 || !isNarrow(type);
    const value = {
      type,
      lo: isRef(type) ? 0 : ints[word],
      hi: isWide && !isRef(type) ? ints[word + 1] : 0,
      ref: isRef(type) ? refs[word >> 1] : null,
    };
    word += 2 * slotsOf(type);
    return value;
  });
}

/** Types whose high word means nothing. */
function isNarrow(type: ValType): boolean {
  return type === I32 || type === F32;
}
