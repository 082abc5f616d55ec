/** Web IDL as far as the namespace needs it: argument conversions, and how interface objects and their members look. */
import type { AddressType } from '../decoder/types';

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** A dictionary argument. Undefined and null are the empty dictionary. */
export function dictionary(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${what} must be an object`);
  return value as Record<string, unknown>;
}

export function enumValue<T extends string>(value: unknown, values: readonly T[], what: string): T {
  const text = `${value as string}`;
  const known = values.find((one) => one === text);
  if (known === undefined) throw new TypeError(`${what} must be one of ${values.join(', ')}, not '${text}'`);
  return known;
}

/** [EnforceRange] unsigned long. */
export function enforceU32(value: unknown, what: string): number {
  const integer = Math.trunc(+(value as number));
  if (!(integer >= 0 && integer <= 0xffff_ffff))
    throw new TypeError(`${what} must be in the range of an unsigned long`);
  return integer + 0;
}

/** AddressValueToU64. The result is a double: exact below 2^53, and anything above is beyond every limit. */
export function addressValue(value: unknown, address: AddressType, what: string): number {
  if (address === 'i32') return enforceU32(value, what);
  // The function that applies ToBigInt: `BigInt(value)` would take numbers. 256 bits are enough to see that a value is out of range.
  const integer = BigInt.asIntN(256, value as bigint);
  if (integer < 0n || integer >= 1n << 64n) throw new TypeError(`${what} must be in the range of a u64`);
  return Number(integer);
}

/** U64ToAddressValue. */
export function toAddressValue(value: number, address: AddressType): number | bigint {
  return address === 'i32' ? value : BigInt(value);
}

/** The getter that throws unless its receiver is of the class, whatever its realm. */
function byteLengthGetter(prototype: object | undefined): ((this: unknown) => number) | undefined {
  return prototype && Object.getOwnPropertyDescriptor(prototype, 'byteLength')?.get;
}
const arrayBufferLength = byteLengthGetter(ArrayBuffer.prototype);
const sharedBufferLength = byteLengthGetter(globalThis.SharedArrayBuffer?.prototype);

function isBuffer(value: object): value is ArrayBuffer {
  for (const byteLength of [arrayBufferLength, sharedBufferLength]) {
    try {
      byteLength?.call(value);
      if (byteLength) return true;
    } catch {
      // Not of this class.
    }
  }
  return false;
}

/** The bytes of an [AllowShared, AllowResizable] buffer source, not copied. */
export function bytesOf(source: unknown): Uint8Array {
  if (isObject(source)) {
    if (ArrayBuffer.isView(source))
      return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    if (isBuffer(source)) return new Uint8Array(source);
  }
  throw new TypeError('the bytes must be an ArrayBuffer or a view of one');
}

type Constructor = (abstract new (...args: never[]) => unknown) & { readonly prototype: object };

function describeMembers(holder: object, keys: readonly string[]): void {
  for (const key of keys) Object.defineProperty(holder, key, { enumerable: true });
}

export function setNameAndLength(fn: object, name: string, length: number): void {
  Object.defineProperty(fn, 'length', { value: length, configurable: true });
  Object.defineProperty(fn, 'name', { value: name, configurable: true });
}

export function setToStringTag(object: object, value: string): void {
  Object.defineProperty(object, Symbol.toStringTag, { value, configurable: true });
}

/** Gives a class the property attributes of a Web IDL interface. The name is set by hand because minifiers change it. */
export function defineInterface(
  type: Constructor,
  name: string,
  length: number,
  statics: readonly string[] = [],
): void {
  setNameAndLength(type, name, length);
  describeMembers(type, statics);
  const members = Object.getOwnPropertyNames(type.prototype).filter((key) => key !== 'constructor');
  describeMembers(type.prototype, members);
  setToStringTag(type.prototype, `WebAssembly.${name}`);
}

/** A property with the attributes of an interface object on a namespace. */
export function defineHidden(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, writable: true, enumerable: false, configurable: true });
}
