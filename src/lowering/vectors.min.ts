/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `vectors.ts`. */
import type { Handler } from './builder';

export const VECTOR: Readonly<Record<string, Handler>> = {};
