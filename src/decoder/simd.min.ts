/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `simd.ts`. */
export const SIMD_ROWS = [] as const;
