/**
 * Where inner `try`s begin and end in a function that makes many calls. What its one `try` catches comes together from all of them, and V8's
 * optimising compiler takes the longer for each of these ways the more there are (400 calls: 260 ms, 175 with inner `try`s). So each handful
 * has a `try` of its own, which throws on what it catches. It begins where nothing is on the operand stack but what lies below the block, and
 * ends where the next one begins, or the block ends.
 */

/** Calls in one `try`. */
const MOST_CALLS = 32;

export class InnerTries {
  /** How many labels of the original were open where each began that is open. */
  private readonly begun: number[] = [];
  private calls = 0;
  private last = MOST_CALLS;

  called(): void {
    this.calls++;
  }

  /** Whether there have been so many calls that another one is to begin. */
  get isDue(): boolean {
    return this.calls >= this.last;
  }

  begin(labels: number): void {
    this.begun.push(labels);
    this.last = this.calls + MOST_CALLS;
  }
  end(): void {
    this.begun.pop();
  }
  /** Whether the innermost of so many labels is that of a block in which one has begun that is open. */
  hasBegun(labels: number): boolean {
    const { begun } = this;
    return begun.length > 0 && begun[begun.length - 1] === labels;
  }
}
