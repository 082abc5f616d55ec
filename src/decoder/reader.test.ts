import { describe, expect, it } from 'vitest';
import { Reader } from './reader';
import { messageOf } from './testing';

type Read = (r: Reader) => unknown;
const u32: Read = (r) => r.u32();
const s32: Read = (r) => r.s32();
const s33: Read = (r) => r.s33();
const s64: Read = (r) => {
  r.s64();
  return [r.lo, r.hi];
};
const u64: Read = (r) => r.u64AsNumber();

function read(how: Read, ...bytes: number[]): unknown {
  const reader = new Reader(Uint8Array.from(bytes));
  let value: unknown;
  const message = messageOf(() => {
    value = how(reader);
  });
  if (message === undefined) expect(reader.pos).toBe(bytes.length);
  return message ?? value;
}

const TOO_LONG = expect.stringContaining('integer representation too long');
const TOO_LARGE = expect.stringContaining('integer too large');
const UNEXPECTED_END = expect.stringContaining('unexpected end');

describe('LEB128', () => {
  it('reads unsigned 32 bits', () => {
    expect(read(u32, 0x00)).toBe(0);
    expect(read(u32, 0xe5, 0x8e, 0x26)).toBe(624485);
    expect(read(u32, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(4294967295);
    expect(read(u32, 0x80, 0x80, 0x80, 0x80, 0x00)).toBe(0);
    expect(read(u32, 0xff, 0xff, 0xff, 0xff, 0x1f)).toEqual(TOO_LARGE);
    expect(read(u32, 0x80, 0x80, 0x80, 0x80, 0x80)).toEqual(TOO_LONG);
    expect(read(u32, 0x80, 0x80)).toEqual(UNEXPECTED_END);
    expect(read(u32)).toEqual(UNEXPECTED_END);
  });

  it('reads signed 32 and 33 bits', () => {
    for (const how of [s32, s33]) {
      expect(read(how, 0x7f)).toBe(-1);
      expect(read(how, 0x40)).toBe(-64);
      expect(read(how, 0xff, 0x7e)).toBe(-129);
      expect(read(how, 0x80, 0x7f)).toBe(-128);
      expect(read(how, 0x80, 0x80, 0x80, 0x80, 0x78)).toBe(-2147483648);
      expect(read(how, 0xff, 0xff, 0xff, 0xff, 0x07)).toBe(2147483647);
      expect(read(how, 0xff, 0xff, 0xff, 0xff, 0xff)).toEqual(TOO_LONG);
    }
    expect(read(s32, 0xff, 0xff, 0xff, 0xff, 0x0f)).toEqual(TOO_LARGE);
    expect(read(s33, 0xff, 0xff, 0xff, 0xff, 0x0f)).toBe(4294967295);
    expect(read(s33, 0x80, 0x80, 0x80, 0x80, 0x70)).toBe(-4294967296);
    expect(read(s33, 0xff, 0xff, 0xff, 0xff, 0x1f)).toEqual(TOO_LARGE);
  });

  it('reads 64 bits in two words', () => {
    expect(read(s64, 0x7f)).toEqual([-1, -1]);
    expect(read(s64, 0x80, 0x80, 0x80, 0x80, 0x78)).toEqual([-2147483648, -1]);
    expect(read(s64, 0x80, 0x80, 0x80, 0x80, 0x08)).toEqual([-2147483648, 0]);
    expect(read(s64, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)).toEqual([0, 8]);
    expect(read(s64, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40)).toEqual([0, -512]);
    const ones = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    expect(read(s64, ...ones, 0x00)).toEqual([-1, 0x7fffffff]);
    expect(read(s64, ...ones, 0x7f)).toEqual([-1, -1]);
    expect(read(s64, ...ones, 0x01)).toEqual(TOO_LARGE);
    expect(read(s64, ...ones, 0xff)).toEqual(TOO_LONG);
    expect(read(u64, ...ones, 0x01)).toBe(2 ** 64);
    expect(read(u64, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)).toBe(2 ** 35);
    expect(read(u64, ...ones, 0x03)).toEqual(TOO_LARGE);
    expect(read(u64, ...ones, 0x80)).toEqual(TOO_LONG);
  });
});

describe('other values', () => {
  it('reads words, little endian', () => {
    expect(read((r) => r.word(), 0x01, 0x02, 0x03, 0x84)).toBe(0x84030201 | 0);
    expect(read((r) => r.word(), 0x01, 0x02, 0x03)).toEqual(UNEXPECTED_END);
  });

  it('reads names, and never more of anything than there are bytes', () => {
    expect(read((r) => r.name(), 0x02, 0xc3, 0xa9)).toBe('é');
    expect(read((r) => r.name(), 0x01, 0xc3)).toMatch('malformed UTF-8 encoding (at offset 0x1)');
    expect(read((r) => r.name(), 0x05, 0x41)).toMatch('length out of bounds (at offset 0x0)');
    expect(read((r) => r.count(), 0xff, 0xff, 0xff, 0xff, 0x0f)).toMatch('length out of bounds');
  });

  it('stops at its end, not at that of the bytes', () => {
    const reader = new Reader(Uint8Array.from([1, 2, 3, 4, 5]), 1, 3);
    expect([reader.u8(), reader.u8()]).toEqual([2, 3]);
    expect(messageOf(() => reader.u8())).toMatch('unexpected end of section or function (at offset 0x3)');
  });
});
