/** For `unsettled.ts` in bundles without a tier that calls host functions by itself. */
export const unsettled: { settle: (() => void) | undefined } = { settle: undefined };

export function settle(): void {}
