/** What v128 adds to values: sixteen bytes, no form in JavaScript, four words in a frame. A part that a bundle can go without. */
import { type FuncType, V128 } from '../decoder';

const BYTES = 16;
export const ZERO_VECTOR = new Uint8Array(BYTES);

/** A copy of the bytes. Throws a TypeError for what is not sixteen of them. */
export function vectorBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array && bytes.length === BYTES) return bytes.slice();
  throw new TypeError('a v128 is a Uint8Array of 16 bytes');
}

export function readVector(ints: Int32Array, word: number): Uint8Array {
  return new Uint8Array(ints.slice(word, word + 4).buffer);
}
export function writeVector(bytes: Uint8Array, ints: Int32Array | number[], word: number): void {
  for (let at = 0; at < BYTES; at += 4) {
    ints[word + at / 4] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  }
}

export function hasVectors({ params, results }: FuncType): boolean {
  return params.includes(V128) || results.includes(V128);
}

export function noJsForm(): never {
  throw new TypeError('values of type v128 have no JavaScript form');
}
/** Throws a TypeError for a function that JavaScript cannot call, or be called as (JS API). */
export function checkJsForm(type: FuncType): void {
  if (hasVectors(type)) noJsForm();
}
