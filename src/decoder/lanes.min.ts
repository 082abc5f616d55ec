/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `lanes.ts`. */
export const readVectorImmediates = () => ({});
