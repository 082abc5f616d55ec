/** How much native code of a module may stand on the host's stack at once. */
import { codeReader, countLocals, funcTypeOf } from '../../decoder/body';
import type { ModuleData } from '../../decoder/module';
import { codeSize } from '../limits';
import { FRAME_WEIGHT, MOST_MEASURE } from './state';

/**
 * What the host's optimising compiler keeps on the stack grows with the code, not with our slots: bytes that the frames of one function may
 * have together, and how many bytes of its code stand for one of its frame.
 */
const STACK_BYTES = 400_000;
const CODE_PER_BYTE = 4;
const LEAST_FRAMES = 16;
/** Bytes of code of a function of which there may be as many frames as of an empty one. */
const SHORT = (STACK_BYTES * CODE_PER_BYTE * FRAME_WEIGHT) / MOST_MEASURE;

/** What an activation may measure (state.ts): so little that there is room for frames of that alone, whichever function they are of. */
export function mostMeasure(module: ModuleData): number {
  let most = MOST_MEASURE;
  for (let funcidx = module.importedFuncs; funcidx < module.funcTypes.length; funcidx++) {
    const size = codeSize(module, funcidx);
    if (size <= SHORT) continue;
    const frames = Math.max(LEAST_FRAMES, Math.floor((STACK_BYTES * CODE_PER_BYTE) / size));
    most = Math.min(most, frames * (FRAME_WEIGHT + leastSlots(module, funcidx)));
  }
  return most;
}

/** Slots that a frame has at least. */
function leastSlots(module: ModuleData, funcidx: number): number {
  return funcTypeOf(module, funcidx).params.length + countLocals(codeReader(module, funcidx), module);
}
