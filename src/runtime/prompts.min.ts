/** For `prompts.ts` in bundles without a tier that calls host functions by itself. */
export function neverWaits(): void {}
export function promptOf(): undefined {}
