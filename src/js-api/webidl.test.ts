import { describe, expect, it } from 'vitest';
import { addressValue, bytesOf, enforceU32, enumValue, toAddressValue } from './webidl';

describe('conversions', () => {
  it('enforces the range of unsigned long', () => {
    expect(enforceU32('0x10', 'x')).toBe(16);
    expect(enforceU32({ valueOf: () => 3.9 }, 'x')).toBe(3);
    expect(Object.is(enforceU32(-0.5, 'x'), 0)).toBe(true);
    expect(enforceU32(0xffff_ffff, 'x')).toBe(0xffff_ffff);
    for (const bad of [undefined, Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 32, 1n, Symbol('s')]) {
      expect(() => enforceU32(bad, 'x')).toThrow(TypeError);
    }
  });

  it('takes BigInts for 64-bit addresses, and what ToBigInt takes', () => {
    expect(addressValue('7', 'i64', 'x')).toBe(7);
    expect(addressValue(true, 'i64', 'x')).toBe(1);
    expect(addressValue(2n ** 64n - 1n, 'i64', 'x')).toBe(2 ** 64);
    for (const bad of [undefined, null, 1, -1n, 2n ** 64n]) {
      expect(() => addressValue(bad, 'i64', 'x')).toThrow(TypeError);
    }
    expect(toAddressValue(5, 'i64')).toBe(5n);
    expect(toAddressValue(5, 'i32')).toBe(5);
  });

  it('compares enumerations as strings', () => {
    expect(enumValue({ toString: () => 'i64' }, ['i32', 'i64'], 'x')).toBe('i64');
    expect(() => enumValue('i32\0', ['i32', 'i64'], 'x')).toThrow(TypeError);
  });

  it('takes the bytes of any buffer or view', () => {
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
    expect([...bytesOf(new DataView(buffer, 1, 2))]).toEqual([2, 3]);
    expect([...bytesOf(buffer)]).toEqual([1, 2, 3, 4]);
    expect(bytesOf(new SharedArrayBuffer(3)).length).toBe(3);
    for (const bad of [undefined, [1], {}, ArrayBuffer.prototype, 'x'])
      expect(() => bytesOf(bad)).toThrow(TypeError);
  });
});
