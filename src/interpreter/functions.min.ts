/** For `functions.ts` in bundles with the compact set of factories alone, which imports what it calls. */
export const FUNCTIONS = {};
