/**
 * How much native code of a module may stand on the host's stack at once. What a frame takes there is an estimate, by the length of its function's
 * code: the host's optimising compiler keeps the more on the stack the longer that is, which our slots do not tell. Of short functions the
 * measure in each frame's place tells enough (state.ts). What long ones take beyond that, a global counts, the cell `stack`: a frame takes
 * it at its entry and gives it back at its end. Who enters native code sets the cell; who calls out of it puts back what was there.
 */
import type { ModuleData } from '../../decoder/module';
import { codeSize } from '../limits';
import { FRAME_WEIGHT, MOST_MEASURE } from './state';

/** Bytes for the frames of one activation, and how many bytes of code stand for one of a frame. */
const STACK_BYTES = 600_000;
const CODE_PER_BYTE = 4;
/** Bytes of code of a function of which there may be as many frames as of an empty one. */
const SHORT = (STACK_BYTES * CODE_PER_BYTE * FRAME_WEIGHT) / MOST_MEASURE;
/** The part of those bytes that is for what long functions take beyond that, in a module that has some. */
const PART_OF_LONG = 2 / 3;
/** Bits behind the point of what stands for a unit of measure. */
export const BITS_PER_MEASURE = 8;

/** Bytes that a frame of a function takes beyond what the measure tells. */
export function bytesBeyond(module: ModuleData, funcidx: number): number {
  return Math.ceil(Math.max(0, codeSize(module, funcidx) - SHORT) / CODE_PER_BYTE);
}

/** What an activation may have on the stack. */
export interface Room {
  /** What it may measure. */
  readonly most: number;
  /** Bytes for long functions, for each unit that may be measured: nothing where there are none. */
  readonly perMeasure: number;
}

const MOST_BESIDE_LONG = Math.floor(MOST_MEASURE * (1 - PART_OF_LONG));
const WITHOUT_LONG: Room = { most: MOST_MEASURE, perMeasure: 0 };
const WITH_LONG: Room = {
  most: MOST_BESIDE_LONG,
  perMeasure: Math.floor((STACK_BYTES * PART_OF_LONG * 2 ** BITS_PER_MEASURE) / MOST_BESIDE_LONG),
};
export function roomOf(module: ModuleData): Room {
  const { importedFuncs, funcTypes } = module;
  for (let funcidx = importedFuncs; funcidx < funcTypes.length; funcidx++)
    if (bytesBeyond(module, funcidx) > 0) return WITH_LONG;
  return WITHOUT_LONG;
}
