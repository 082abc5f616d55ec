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

/**
 * Told how much of a module has been decoded and validated: bytes, of so many. At most some hundred times, each time with more than before;
 * at the end of a module that is valid with all of it.
 */
export type DecodeProgress = (done: number, total: number) => void;

/** So many times it is told: a bar has no finer steps, and what is told costs the host some microseconds. */
const STEPS = 100;

/** What is told between parts: nothing until there is a step more. */
export function steps(tell: DecodeProgress | undefined, total: number): (done: number) => void {
  if (tell === undefined) return () => {};
  let told = 0;
  return (done) => {
    if (done < total ? done < told + total / STEPS : told === total) return;
    told = done;
    tell(done, total);
  };
}
