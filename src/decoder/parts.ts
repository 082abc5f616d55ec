/** Decoding and validation in parts: each is bounded work, and between them there is time for a look at the clock. */

/** Work in parts: what drives it asks whether to go on after each. */
export type Parts = Generator<undefined, void, undefined>;

/** All of them, one after the other. */
export function runParts<T>(parts: Generator<undefined, T, undefined>): T {
  for (;;) {
    const { done, value } = parts.next();
    if (done) return value;
  }
}
