/** Words of two i64, and the same as numbers, in engines that have BigInts (../../wide.ts). */
export const L = new Int32Array(4);
export const LS = new BigInt64Array(L.buffer);
export const LU = new BigUint64Array(L.buffer);
