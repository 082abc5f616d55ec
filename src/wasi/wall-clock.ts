/** For hosts: the wall clock in fine steps. */
import type { U64 } from './host';
import { fromMilliseconds } from './words';

/** How far, in milliseconds, the clock may be from the middle of what the host's shows: within the same millisecond, or nearly. */
const WITHIN = 0.55;
/** And before it is set again: the host has been set, or slept. */
const ASTRAY = 2;

/**
 * The host's wall clock, which shows whole milliseconds, in the steps of a clock that shows parts of them.
 * @param wall milliseconds since 1970 (`Date.now`)
 * @param steps milliseconds since some moment (`performance.now`)
 * @param origin that moment, in milliseconds since 1970 (`performance.timeOrigin`), asked for once. Where it is not known the clock may be off
 *   by half a millisecond, and so it is where that is not what the wall clock shows: a program would see it jump later.
 */
export function wallClock(
  wall: () => number,
  steps: () => number,
  origin?: () => number | undefined,
): () => U64 {
  let offset: number | undefined;
  const read = (): U64 => {
    // Hosts load the finer clock when it is first asked, for milliseconds: so before the other.
    const passed = steps();
    // The middle of the millisecond that the wall clock shows.
    const now = wall() + 0.5;
    const most = offset === undefined ? WITHIN : ASTRAY;
    offset ??= origin?.() ?? Number.NaN;
    if (!(Math.abs(passed + offset - now) <= most)) offset = now - passed;
    return fromMilliseconds(passed + offset);
  };
  return () => {
    // What has never run is compiled first, for a tenth of a millisecond: not between the reading and what a program measures.
    if (offset === undefined) read();
    return read();
  };
}
