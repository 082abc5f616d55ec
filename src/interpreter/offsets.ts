/**
 * Things by a byte offset in a body, or by a block. In pages: when a map of a million entries grows it is copied as a whole, which takes
 * longer than an execution may be late that somebody stops.
 */
const LOG_PAGE = 12;

export class ByOffset<T> {
  private readonly pages: (Map<number, T> | undefined)[] = [];

  get(offset: number): T | undefined {
    return this.pages[offset >> LOG_PAGE]?.get(offset);
  }

  set(offset: number, value: T): void {
    const page = offset >> LOG_PAGE;
    let known = this.pages[page];
    if (known === undefined) {
      known = new Map();
      this.pages[page] = known;
    }
    known.set(offset, value);
  }

  /** All of them, in no order. */
  *[Symbol.iterator](): Generator<[offset: number, value: T]> {
    for (const page of this.pages) if (page !== undefined) yield* page;
  }
}
