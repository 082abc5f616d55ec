/** A compiled piece of code. It runs to the next place where the trampoline must choose, and returns what to run there, or null to stop. */
export type Step = (fp: number) => Step | null;
