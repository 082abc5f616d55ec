/** For bundles that would rather be small than run exceptions: scripts/small-parts.mjs puts it for `exceptions.ts`. */
export const EXCEPTION_ROWS = [] as const;
