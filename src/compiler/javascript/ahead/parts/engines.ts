// biome-ignore-all lint/complexity/useMathMinMax: what small engines do not have, or have wrong
/** What small engines lack. */

export function own_imul(a: number, b: number): number {
  return ((a & 65535) * b + ((((a >>> 16) * (b & 65535)) << 16) | 0)) | 0;
}
export function own_clz32(x: number): number {
  if (x === 0) return 32;
  let n = 0;
  while (x > 0) {
    x = x << 1;
    n++;
  }
  return n;
}
const single = new Float32Array(1);
export function own_fround(x: number): number {
  single[0] = x;
  return single[0];
}
export function own_trunc(x: number): number {
  return x < 0 ? Math.ceil(x) : Math.floor(x);
}
export function own_min(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === 0 && b === 0) return 1 / a < 0 ? a : b;
  return a < b ? a : b;
}
export function own_max(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  if (a === 0 && b === 0) return 1 / a < 0 ? b : a;
  return a > b ? a : b;
}
/** The square root of an engine that is an unit off in the last place. */
export function own_sqrt(x: number): number {
  const root = Math.sqrt(x);
  return 1 / root > 0 ? (root + x / root) / 2 : root;
}
/** `Object.is(x, -0)` of what numerics.ts asks. */
export function is(x: number, _zero: number): boolean {
  return x === 0 && 1 / x < 0;
}
