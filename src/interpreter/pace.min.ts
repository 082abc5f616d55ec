/** Slices of one length, for bundles that would rather be small (scripts/min.ts puts it for `pace.ts`). */

/** Safepoints of a slice, and with a clock. */
const SLICE = 2048;
const TIMED = 128;

export class Pace {
  private timed = false;

  begin(now: (() => number) | undefined): void {
    this.timed = now !== undefined;
  }
  slice(): number {
    return this.timed ? TIMED : SLICE;
  }
  ended(): boolean {
    return true;
  }
  found(): void {}
}
