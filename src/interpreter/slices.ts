/** Between two slices of fuel: whether the execution stops, and if not, in which code it goes on. */
import { unitsOf } from './code';
import { registers } from './registers';
import type { Step } from './step';
import { afterSafepoint, raisedAnyway } from './tiering';
import type { Turn } from './turn';

/**
 * After the last step of a slice: the first one of the next slice. Null when nothing is left to run, or when the execution stops at
 * `registers.yielded`, for the reason that the turn has noted; asked again, the answer is the same.
 */
export function nextSlice(turn: Turn): Step | null {
  const { yielded } = registers;
  if (yielded === null) return null;
  const { reason, isSample } = turn.ended ?? turn.endSlice(unitsOf(yielded));
  if (reason !== undefined) return null;
  registers.yielded = null;
  const step = isSample ? afterSafepoint(yielded) : (raisedAnyway(yielded) ?? yielded.resume);
  turn.meter.pace.found(yielded.code.hot);
  turn.startSlice();
  return step;
}
