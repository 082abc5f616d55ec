/**
 * What native functions hand each other besides values. Behind its own parameters, a function takes the fuel that is left, and its place:
 * where its frame lies on the machine's stack (src/interpreter/tiers.ts). Behind its own results, it gives what it has left of the fuel.
 *
 * A place counts from the first frame of the activation (activations.ts). In its low bits it has the *depth*, how many frames lie below; in
 * the others the *measure*, slots that lie below and a weight for each frame, which bounds both with one number. The measure is raised
 * so that its sign bit is set where there is no more room. A function's *base* is the place of a callee whose arguments are its only
 * operands: its own place, and a step for its frame.
 */
import { I32, type ValType } from '../../decoder';

export const STATE_PARAMS: readonly ValType[] = [I32, I32];
export const STATE_RESULTS: readonly ValType[] = [I32];

export const DEPTH_BITS = 11;
/** What a frame weighs besides its slots: as much as most operand stacks, so that the base of most functions tells where their frames end. */
export const FRAME_WEIGHT = 15;
/**
 * The most that an activation measures: some 2,000 frames without slots, about half of the host's stack, whose frames are longer than ours.
 * A frame that begins there may have as many slots as a function can have: the bits of a measure suffice for that as well.
 */
export const MOST_MEASURE = 30_000;
const SIGN = 2 ** (31 - DEPTH_BITS);

/** From a frame's place to its base. */
export function frameStep(localSlots: number): number {
  return slotStep(localSlots + FRAME_WEIGHT) + 1;
}
/** What operands of so many slots raise a callee's place by. */
export function slotStep(slots: number): number {
  return slots << DEPTH_BITS;
}

/** The measure of a place where nothing more may be measured. */
export const FULL_MEASURE = SIGN - 1;
/** The place of a first frame, where there is room for so much. */
export function firstPlace(most: number): number {
  return slotStep(FULL_MEASURE - most);
}
/** Frames that lie below a place. */
export function depthAt(place: number): number {
  return place & (slotStep(1) - 1);
}
/** Slots that lie between the first place and another. */
export function slotsAt(place: number, first: number): number {
  return (place >>> DEPTH_BITS) - (first >>> DEPTH_BITS) - FRAME_WEIGHT * depthAt(place);
}
