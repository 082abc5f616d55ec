/** For bundles that would rather be small than run SIMD: scripts/small-parts.mjs puts it for `vector-values.ts`. */
export const ZERO_VECTOR = undefined;

export function noJsForm(): never {
  throw new TypeError('no SIMD in this bundle');
}
export { noJsForm as readVector, noJsForm as vectorBytes, noJsForm as writeVector };

export function hasVectors(): boolean {
  return false;
}
export function checkJsForm(): void {}
