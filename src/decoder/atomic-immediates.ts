/** Immediates of atomic instructions as the validator reads them (rules.ts has the others). A part that a bundle can go without. */
import { invalid, malformed } from '../errors';
import type { Instruction } from './instructions';
import type { ValType } from './types';
import { BOTTOM } from './types';
import type { Validator } from './validator';

type ReadImmediates = (v: Validator, row: Instruction) => ValType;

export const readAtomicImmediates = (readMemarg: ReadImmediates) => ({
  memargAtomic: (v: Validator, row: Instruction): ValType => {
    const { pos, bytes } = v.reader;
    const address = readMemarg(v, row);
    if (8 << (bytes[pos] & ALIGNMENT) !== row.width) throw invalid('atomic alignment must be natural', pos);
    return address;
  },
  fence: (v: Validator): ValType => {
    if (v.reader.u8() !== 0) throw malformed('zero byte expected', v.reader.pos - 1);
    return BOTTOM;
  },
});
/** Of the flags of a memarg that has been read. */
const ALIGNMENT = 0x3f;
