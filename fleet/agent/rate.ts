/** So much a second, with a second's worth saved up at most (a token bucket). */
export class Rate {
  private left: number;
  private since: number;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
  ) {
    this.left = perSecond;
    this.since = now();
  }

  /** What may be taken at once. */
  available(): number {
    const time = this.now();
    // A clock that went back gives nothing.
    const passed = Math.max(0, time - this.since);
    this.left = Math.min(this.perSecond, this.left + (passed / 1000) * this.perSecond);
    this.since = time;
    return this.left;
  }

  /** Takes it, even if that is more than there is; the debt is worked off before anything is available. */
  take(amount: number): void {
    this.left = this.available() - amount;
  }

  /** Milliseconds until so much is available. */
  wait(amount: number): number {
    const missing = Math.min(amount, this.perSecond) - this.available();
    return missing <= 0 ? 0 : Math.ceil((missing / this.perSecond) * 1000);
  }
}
