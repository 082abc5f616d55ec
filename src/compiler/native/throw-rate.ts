/**
 * Whether exceptions are most of what a module does. The host's engine takes microseconds for one, and as many tenths for each native frame that
 * it passes: the machine is ten times faster at that, whatever else is slower there.
 */

/** Exceptions after which it is asked, and units of fuel for each of them below which they are too many. */
const MANY = 256;
const FEW_UNITS = 128;

export class ThrowRate {
  private thrown = 0;
  private since = 0;
  /** It will not change any more. */
  isHigh = false;

  /** One more, when native code has used so many units in all. */
  note(used: number): void {
    if (++this.thrown < MANY) return;
    if (used - this.since < FEW_UNITS * MANY) this.isHigh = true;
    this.thrown = 0;
    this.since = used;
  }
}
