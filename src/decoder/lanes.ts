/** Immediates of SIMD instructions as the validator reads them (rules.ts has the others). A part that a bundle can go without. */
import { invalid } from '../errors';
import type { Instruction } from './instructions';
import type { ValType } from './types';
import { BOTTOM } from './types';
import type { Validator } from './validator';

type ReadImmediates = (v: Validator, row: Instruction) => ValType;

function checkLane(v: Validator, lanes: number): void {
  const lane = v.reader.u8();
  if (lane >= lanes) throw invalid(`invalid lane index: ${lane} of ${lanes}`, v.at);
}

export const readVectorImmediates = (readMemarg: ReadImmediates) => ({
  v128: (v: Validator): ValType => {
    v.reader.skip(16);
    return BOTTOM;
  },
  lane: (v: Validator, row: Instruction): ValType => {
    checkLane(v, 128 / row.width);
    return BOTTOM;
  },
  memargLane: (v: Validator, row: Instruction): ValType => {
    const address = readMemarg(v, row);
    checkLane(v, 128 / row.width);
    return address;
  },
  shuffle: (v: Validator): ValType => {
    for (let k = 0; k < 16; k++) checkLane(v, 32);
    return BOTTOM;
  },
});
