/**
 * Things by a byte offset in a body, or by a block. In pages: when a map of a million entries grows it is copied as a whole, which takes
 * longer than an execution may be late that somebody stops.
 */
const LOG_PAGE = 12;
const NO_PAGES: readonly never[] = [];

export class ByOffset<T> {
  private pages: readonly (Map<number, T> | undefined)[] = NO_PAGES;

  get(offset: number): T | undefined {
    return this.pages[offset >> LOG_PAGE]?.get(offset);
  }

  set(offset: number, value: T): void {
    const page = offset >> LOG_PAGE;
    const known = this.pages[page];
    if (known !== undefined) known.set(offset, value);
    else {
      // No longer than it must be: most have one page, or none.
      const pages = this.pages.concat(new Array(Math.max(0, page + 1 - this.pages.length)));
      pages[page] = new Map([[offset, value]]);
      this.pages = pages;
    }
  }

  /** All of them, in no order. */
  *[Symbol.iterator](): Generator<[offset: number, value: T]> {
    for (const page of this.pages) if (page !== undefined) yield* page;
  }
}
