/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `vector-parts.ts`. Nothing validated gets here. */
export { setVector as partsOf } from './vectors.min';
