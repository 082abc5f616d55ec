/**
 * Which functions one is likely to call each time that it is called: what stands in no short piece of code that it may pass by. Such a piece
 * begins at an `if` or behind a branch, and ends where that leads to. Who passes by most of a function is another matter: there its loop ends.
 */

/** The part of a function's code from which on a piece is no short one. */
const LONG = 1 / 2;

export class LikelyCalls {
  private readonly long: number;
  private readonly callees: number[] = [];
  private readonly offsets: number[] = [];

  /** `bytes`: of the function's code. */
  constructor(bytes: number) {
    this.long = LONG * bytes;
  }

  /** They are told in their order. */
  add(callee: number, offset: number): void {
    this.callees.push(callee);
    this.offsets.push(offset);
  }

  /** From each of these places, in their order, the function may go on at `end`, where it has come to. */
  passBy(places: readonly number[], end: number): void {
    const first = places.find((place) => end - place < this.long);
    if (first === undefined) return;
    const { callees, offsets } = this;
    while (offsets.length > 0 && offsets[offsets.length - 1] > first) {
      offsets.pop();
      callees.pop();
    }
  }

  get all(): ReadonlySet<number> {
    return new Set(this.callees);
  }
}
