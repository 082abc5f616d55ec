/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `vectors.ts`. Nothing validated gets here. */
import { InternalError } from '../errors';

function missing(): never {
  throw new InternalError('SIMD in a bundle without it');
}

export const gathered = (): undefined => undefined;
export { missing as setVector, missing as vectorStore, missing as vectorTest };
