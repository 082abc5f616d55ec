/**
 * How many safepoints may be passed between two looks at deadline, signal and heat. Between two safepoints may be a few instructions or
 * thousands, on an engine that compiles or one that does not; with a clock, a slice is as long as it has lately been found to take half
 * a millisecond.
 */

/** Safepoints of a slice: at least SLICE, below twice that. */
const SLICE = 2048;
const LONGEST_OF_TIERS = 2 * SLICE;
/**
 * Where nothing is left to make better, slices get up to 2^LONGEST times as long: leaving the code that the host has compiled and coming
 * back takes about a microsecond, which is a tenth of a slice of a tight loop. Not when there is a deadline or a signal: what is tight
 * now may be slow soon.
 */
const LONGEST = 4;
/** Slices in a row that must end in hot code for the next ones to be twice as long: what takes less time than one in so many does not get hot. */
const CALM = 256;
/** With a clock, the first slice of an execution: what is cold is slow. */
const FIRST = 16;
/** Milliseconds that a slice should take. */
const TARGET = 0.5;

/** Safepoints since somebody was last found running: of executions that ended before a slice did, and of slices too short to count. */
let unseen = 0;

let seed = 1;
/** Slices differ in length, so that samples do not fall in step with a program's own period. */
function sliceLength(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return SLICE + ((seed >>> 16) % SLICE);
}

/** Of a call that has no pace yet: the first slice. With a clock it is short. */
export function firstSlice(hasClock: boolean): number {
  const length = Math.max(1, sliceLength() - unseen);
  return hasClock ? Math.min(length, FIRST) : length;
}
/** A call has ended in its first slice. */
export function endedEarly(passed: number): void {
  unseen += passed;
}

export class Pace {
  private now: (() => number) | undefined;
  /**
   * With a clock, the longest slice of the interpreter, and of tiers: what is half a millisecond there may be thirty in the interpreter,
   * where an execution goes on after each stop.
   */
  private readonly limits = [FIRST, FIRST];
  /** Which of them bounds the slice. */
  private runner = 0;
  private started = 0;
  private length = 0;
  /** Slices in a row that ended in hot code. */
  private calm = 0;
  private mayGrow = false;

  /** `asked`: whether a deadline or signal is looked at between slices. */
  begin(now: (() => number) | undefined, asked = true): void {
    this.mayGrow = !asked;
    this.now = now;
    if (now !== undefined) this.started = now();
  }

  /** `haste`: log2 of how many times as long it may be where nobody looks in between, or a clock does (tiers.ts). */
  slice(haste = 0): number {
    this.runner = Math.min(haste, 1);
    const calm = this.mayGrow ? Math.min(this.calm / CALM, LONGEST) : 0;
    this.length = sliceLength() << (calm + (this.mayGrow || this.now !== undefined ? haste : 0));
    this.length = Math.max(1, this.length - unseen);
    if (this.now !== undefined) this.length = Math.min(this.length, this.limits[this.runner]);
    return this.length;
  }

  /** What the interpreter gets of a slice that a tier has begun: that one may be many times as long, and nothing would be found running. */
  get restOfTiers(): number {
    return Math.min(LONGEST_OF_TIERS, this.now === undefined ? LONGEST_OF_TIERS : this.limits[0]);
  }

  /** An execution has ended in the middle of a slice. Functions that are called again and again get hot, however short their calls are. */
  left(passed: number): void {
    endedEarly(passed);
  }

  /**
   * After a slice in which so many safepoints were passed, which may be fewer than it had: whether what was found running there is worth
   * counting, so that short slices do not make code hot too early.
   */
  ended(passed: number): boolean {
    const { length, now, limits, runner } = this;
    unseen += passed;
    if (now === undefined) {
      unseen = 0;
      return true;
    }
    const before = this.started;
    this.started = now();
    const took = this.started - before;
    if (took > TARGET) limits[runner] = Math.max(1, Math.ceil((passed * TARGET) / took));
    // A loop that counts by the handful leaves what is less than one: of the shortest slices, half.
    else if (took < TARGET / 2 && 2 * passed >= length) limits[runner] = Math.max(limits[runner], length * 2);
    if (took <= TARGET / 4 && unseen < SLICE) return false;
    unseen = 0;
    return true;
  }

  /** What was found after a slice: hot code, or some that may still become it. */
  found(hot: boolean): void {
    this.calm = hot ? this.calm + 1 : 0;
  }
}
