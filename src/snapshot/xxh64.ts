/**
 * XXH64 with seed 0 (the xxHash specification), streaming, on 32-bit words: no BigInt, so that it runs alike on every engine.
 *
 * A product modulo 2^64 is the whole 64 bits of low by low, plus the two cross products in the high word. The high word of low by low is
 * put together from 16-bit halves, whose partial sums all fit 32 bits.
 */
import type { U64 } from './document';
import { u64 } from './u64';

/** The primes as int32 words: low, high. */
const P1L = 0x85ebca87 | 0;
const P1H = 0x9e3779b1 | 0;
const P2L = 0x27d4eb4f;
const P2H = 0xc2b2ae3d | 0;
const P3L = 0x9e3779f9 | 0;
const P3H = 0x165667b1;
const P4L = 0xc2b2ae63 | 0;
const P4H = 0x85ebca77 | 0;
const P5L = 0x165667c5;
const P5H = 0x27d4eb2f;

const BLOCK = 8192;
const STRIPE = 32;
const LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1;

/** A 64-bit accumulator: int32 words. */
class Word64 {
  lo: number;
  hi: number;

  constructor(lo: number, hi: number) {
    this.lo = lo;
    this.hi = hi;
  }
  add(lo: number, hi: number): void {
    const sum = (this.lo >>> 0) + (lo >>> 0);
    this.hi = (this.hi + hi + (sum > 0xffffffff ? 1 : 0)) | 0;
    this.lo = sum | 0;
  }
  xor(lo: number, hi: number): void {
    this.lo ^= lo;
    this.hi ^= hi;
  }
  multiply(lo: number, hi: number): void {
    const high = mulHigh(this.lo, lo & 0xffff, lo >>> 16);
    this.hi = (high + Math.imul(this.lo, hi) + Math.imul(this.hi, lo)) | 0;
    this.lo = Math.imul(this.lo, lo);
  }
  /** Valid for 1 .. 31. */
  rotateLeft(bits: number): void {
    const { lo, hi } = this;
    this.lo = (lo << bits) | (hi >>> (32 - bits));
    this.hi = (hi << bits) | (lo >>> (32 - bits));
  }
  /** this ^= this >>> bits. Valid for 1 .. 63. */
  xorShiftRight(bits: number): void {
    const { lo, hi } = this;
    if (bits < 32) this.xor((lo >>> bits) | (hi << (32 - bits)), hi >>> bits);
    else this.xor(hi >>> (bits - 32), 0);
  }
  /** The round function of a lane. */
  round(lo: number, hi: number): void {
    const input = new Word64(lo, hi);
    input.multiply(P2L, P2H);
    this.add(input.lo, input.hi);
    this.rotateLeft(31);
    this.multiply(P1L, P1H);
  }
}

/** High word of the unsigned product of `a` and a word given as its 16-bit halves. */
function mulHigh(a: number, bLow: number, bHigh: number): number {
  const low = a & 0xffff;
  const high = a >>> 16;
  const mid = (Math.imul(high, bLow) + (Math.imul(low, bLow) >>> 16)) | 0;
  const mid2 = (Math.imul(low, bHigh) + (mid & 0xffff)) | 0;
  return (Math.imul(high, bHigh) + (mid >>> 16) + (mid2 >>> 16)) | 0;
}

const P1LL = P1L & 0xffff;
const P1LH = P1L >>> 16;
const P2LL = P2L & 0xffff;
const P2LH = P2L >>> 16;

/** Runs lane `lane` over the first `count` words of a block: Word64.round written out, for speed. */
function roundsOf(acc: Word64, words: Int32Array, lane: number, count: number): void {
  let { lo, hi } = acc;
  for (let i = lane * 2; i < count; i += STRIPE / 4) {
    const inLo = words[i];
    const inHigh = mulHigh(inLo, P2LL, P2LH);
    const sum = (lo >>> 0) + (Math.imul(inLo, P2L) >>> 0);
    hi = (hi + inHigh + Math.imul(inLo, P2H) + Math.imul(words[i + 1], P2L) + (sum > 0xffffffff ? 1 : 0)) | 0;
    const rotated = (sum << 31) | (hi >>> 1);
    hi = (hi << 31) | ((sum | 0) >>> 1);
    hi = (mulHigh(rotated, P1LL, P1LH) + Math.imul(rotated, P1H) + Math.imul(hi, P1L)) | 0;
    lo = Math.imul(rotated, P1L);
  }
  acc.lo = lo;
  acc.hi = hi;
}

export class Xxh64 {
  private readonly lanes: Word64[];
  private readonly block = new Uint8Array(BLOCK);
  private readonly words = new Int32Array(this.block.buffer);
  private used = 0;
  private total = 0;

  constructor() {
    const first = new Word64(P1L, P1H);
    first.add(P2L, P2H);
    const last = new Word64(~P1L, ~P1H);
    last.add(1, 0);
    this.lanes = [first, new Word64(P2L, P2H), new Word64(0, 0), last];
  }

  update(bytes: Uint8Array): void {
    this.total += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(BLOCK - this.used, bytes.length - at);
      this.block.set(bytes.subarray(at, at + taken), this.used);
      this.used += taken;
      at += taken;
      if (this.used === BLOCK) {
        this.rounds(BLOCK);
        this.used = 0;
      }
    }
  }

  /** The hash of all bytes so far. Ends the stream. */
  digest(): U64 {
    const stripes = this.used - (this.used % STRIPE);
    this.rounds(stripes);
    const h = this.total < STRIPE ? new Word64(P5L, P5H) : this.merged();
    h.add(this.total | 0, Math.floor(this.total / 0x100000000));
    this.finishTail(h, stripes);
    h.xorShiftRight(33);
    h.multiply(P2L, P2H);
    h.xorShiftRight(29);
    h.multiply(P3L, P3H);
    h.xorShiftRight(32);
    return u64(h.lo, h.hi);
  }

  private rounds(length: number): void {
    if (!LITTLE_ENDIAN) for (let i = 0; i < length; i += 4) this.block.subarray(i, i + 4).reverse();
    for (let lane = 0; lane < 4; lane++) roundsOf(this.lanes[lane], this.words, lane, length / 4);
  }

  private merged(): Word64 {
    const h = new Word64(0, 0);
    [1, 7, 12, 18].forEach((bits, i) => {
      const lane = new Word64(this.lanes[i].lo, this.lanes[i].hi);
      lane.rotateLeft(bits);
      h.add(lane.lo, lane.hi);
    });
    for (const lane of this.lanes) {
      const mixed = new Word64(0, 0);
      mixed.round(lane.lo, lane.hi);
      h.xor(mixed.lo, mixed.hi);
      h.multiply(P1L, P1H);
      h.add(P4L, P4H);
    }
    return h;
  }

  private finishTail(h: Word64, from: number): void {
    let at = from;
    for (; at + 8 <= this.used; at += 8) {
      const mixed = new Word64(0, 0);
      mixed.round(this.word(at), this.word(at + 4));
      h.xor(mixed.lo, mixed.hi);
      h.rotateLeft(27);
      h.multiply(P1L, P1H);
      h.add(P4L, P4H);
    }
    if (at + 4 <= this.used) {
      const product = new Word64(this.word(at), 0);
      product.multiply(P1L, P1H);
      h.xor(product.lo, product.hi);
      h.rotateLeft(23);
      h.multiply(P2L, P2H);
      h.add(P3L, P3H);
      at += 4;
    }
    for (; at < this.used; at++) {
      const product = new Word64(this.block[at], 0);
      product.multiply(P5L, P5H);
      h.xor(product.lo, product.hi);
      h.rotateLeft(11);
      h.multiply(P1L, P1H);
    }
  }

  private word(at: number): number {
    const { block } = this;
    return block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24);
  }
}

export function xxh64(bytes: Uint8Array): U64 {
  const hash = new Xxh64();
  hash.update(bytes);
  return hash.digest();
}
