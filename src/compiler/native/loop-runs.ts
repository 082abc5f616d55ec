/**
 * When a loop is left so that it is entered again: the host's engine replaces no code on its stack, and takes its better code of a function
 * only where that begins (V8; bench/results.md). A loop is one that a slice of fuel ends in when the one before has ended in it as well: one of
 * many short loops in which slices happen to end is not worth a continuation.
 */

/** More than a body has. */
const MOST_POINTS = 2 ** 24;
/** After so many slices of a loop. */
const RISES: ReadonlySet<number> = new Set([1, 5, 17, 53, 161, 485]);
/** The first of them for a frame above others. The machine takes all of these, and lowers their functions for that: milliseconds. */
const FIRST_ABOVE_OTHERS = 17;

export class LoopRuns {
  /** Where the last slice has ended: the body, its loop by the number of the point, and the frame's `sp`. */
  private id = -1;
  private pointidx = -1;
  private sp = -1;
  /** How many whole ones loops have run, by both numbers together. */
  private readonly whole = new Map<number, number>();

  /** A slice has ended there, in an activation's only frame or in one above others. Whether it is time to enter the loop anew. */
  ended(id: number, pointidx: number, sp: number, isAlone: boolean): boolean {
    const isWhole = this.id === id && this.pointidx === pointidx && this.sp === sp;
    this.id = id;
    this.pointidx = pointidx;
    this.sp = sp;
    if (!isWhole) return false;
    const loop = id * MOST_POINTS + pointidx;
    const slices = (this.whole.get(loop) ?? 0) + 1;
    this.whole.set(loop, slices);
    return RISES.has(slices) && (isAlone || slices >= FIRST_ABOVE_OTHERS);
  }

  /** An activation has returned whose first frame had this `sp`: a loop in it has ended. Called again, its function begins in better code. */
  returned(sp: number): void {
    if (this.sp >= sp) this.id = -1;
  }
}
