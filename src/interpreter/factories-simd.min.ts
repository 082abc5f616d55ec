/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `factories-simd.generated.js`. */
import type { Factories } from './factories';

export const vectorFunctions = {};
export function createVectorFactories(): Factories {
  return {};
}
