/** A small encoder of the binary format, for wrappers and generated modules. Independent of src/decoder on purpose. */

export type Bytes = readonly number[];

export const CODE = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
  exnref: 0x69,
} as const;
export type TypeName = keyof typeof CODE;

export function u32(n: number): number[] {
  const out: number[] = [];
  let rest = n >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    out.push(rest ? byte | 0x80 : byte);
  } while (rest);
  return out;
}

/** Signed LEB128 of any width. */
export function sleb(n: bigint): number[] {
  const out: number[] = [];
  for (;;) {
    const byte = Number(n & 0x7fn);
    n >>= 7n;
    if ((n === 0n && !(byte & 0x40)) || (n === -1n && byte & 0x40)) return [...out, byte];
    out.push(byte | 0x80);
  }
}
export function s32(n: number): number[] {
  return sleb(BigInt(n | 0));
}

/** Little-endian bytes of a bit pattern. */
export function fixed(bits: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
}

export function vec(items: readonly Bytes[]): number[] {
  return [...u32(items.length), ...items.flat()];
}
export function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...u32(bytes.length), ...bytes];
}
export function section(id: number, body: Bytes): number[] {
  return [id, ...u32(body.length), ...body];
}
export function functype(params: readonly TypeName[], results: readonly TypeName[]): number[] {
  return [0x60, ...vec(params.map((t) => [CODE[t]])), ...vec(results.map((t) => [CODE[t]]))];
}
/** A code entry: locals in declaration order, one group each, then the body without its `end`. */
export function code(locals: readonly TypeName[], body: Bytes): number[] {
  const all = [...vec(locals.map((t) => [1, CODE[t]])), ...body, 0x0b];
  return [...u32(all.length), ...all];
}
export function moduleBytes(sections: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...sections.flat()]);
}
