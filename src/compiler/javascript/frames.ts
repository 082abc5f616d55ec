/**
 * How many frames an activation has, and of how many words on the machine's stack together: about half of a host's stack of a megabyte, where a
 * frame may be three of the host's: the function, who goes on with it, and the continuation.
 *
 * Entries count how much deeper they may lead (activations.ts). Only large frames ask for words too: half of what the execution has left is theirs, and the other half
 * has room for as many small frames as the depth allows. So whoever is not told to look closer has room, and near the limits of the
 * execution activations become short.
 */

/** Frames of at most so many words are small. */
export const SMALL_FRAME = 24;
const MOST_FRAMES = 800;
const MOST_WIDE_FRAMES = 40;
/** Of large frames. */
const MOST_WORDS = 16_000;
/** Nested activations get half as many each, but no fewer than this part of that. */
export const LEAST_SHARE = 1 / 64;

/** How many frames there may be above the first one, behind whose words the execution has `room`. Negative: no first one either. */
export function framesAbove(room: number, share: number): number {
  return Math.floor(Math.min(MOST_FRAMES * share, room / 2 / SMALL_FRAME)) - 1;
}

/** Above which depth a function with many variables leaves: V8's slow code has had ten kilobytes of stack for such a frame. */
export function wideFramesAbove(share: number): number {
  return Math.floor(MOST_WIDE_FRAMES * share);
}

/** How many words large frames may have, with those of the first one. */
export function wordsFor(first: number, room: number, share: number): number {
  return Math.floor(Math.min(MOST_WORDS * share, first + room / 2));
}
