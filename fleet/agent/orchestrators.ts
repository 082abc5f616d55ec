/** Where a device's orchestrator may be: several can serve a fleet, one at a time. */
export class Orchestrators {
  private turn = 0;

  constructor(readonly urls: readonly string[]) {}

  /** The one that is asked now. */
  get url(): string {
    return this.urls[this.turn];
  }

  /** That one does not answer, or does not lead. */
  next(): void {
    this.turn = (this.turn + 1) % this.urls.length;
  }
}
