/** Bits of floats as BigInt and back. Only for values that the JS boundary has not changed. */
const view = new DataView(new ArrayBuffer(8));

export function f32FromBits(bits: bigint): number {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
}
export function f32ToBits(value: number): bigint {
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}
export function f64FromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}
export function f64ToBits(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}
