/** Words of two i64, and the same as numbers, in engines that have BigInts (../../wide.ts). */
export const X = new Int32Array(4);
export const XS = new BigInt64Array(X.buffer);
export const XU = new BigUint64Array(X.buffer);
