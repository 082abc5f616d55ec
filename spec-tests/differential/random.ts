/** A seeded generator of numbers (sfc32): the same module for the same seed on every host. */
import type { TypeName } from '../binary';

export class Random {
  private a: number;
  private b = 0x9e3779b9;
  private c = 0x243f6a88;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t >>> 0;
  }
  /** 0 <= n < bound. */
  below(bound: number): number {
    return this.u32() % bound;
  }
  /** low <= n <= high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
  /** One of the choices by weight; choices of weight 0 never. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let at = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (at < weight) return choice;
      at -= weight;
    }
    throw new Error('no choice');
  }
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
}

const F32_BITS = [
  0x00000000n,
  0x80000000n,
  0x00000001n,
  0x80000001n,
  0x007fffffn,
  0x00800000n,
  0x3f800000n,
  0xbf800000n,
  0x3f000000n,
  0x40490fdbn,
  0x4b000000n,
  0x4b7fffffn,
  0x4f000000n,
  0x4effffffn,
  0x4f7fffffn,
  0xcf000000n,
  0x5f000000n,
  0x5effffffn,
  0xdf000000n,
  0x5f800000n,
  0x7f7fffffn,
  0xff7fffffn,
  0x7f800000n,
  0xff800000n,
  0x7fc00000n,
  0xffc00000n,
  0x7fa00000n,
  0x7f800001n,
  0xffffffffn,
];
const F64_BITS = [
  0x0000000000000000n,
  0x8000000000000000n,
  0x0000000000000001n,
  0x8000000000000001n,
  0x000fffffffffffffn,
  0x0010000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x3fe0000000000000n,
  0x400921fb54442d18n,
  0x4330000000000000n,
  0x433fffffffffffffn,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0xc1e0000000200000n,
  0x41efffffffe00000n,
  0x41f0000000000000n,
  0x43dfffffffffffffn,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x43efffffffffffffn,
  0x43f0000000000000n,
  0x36a0000000000000n,
  0x369fffffffffffffn,
  0x47efffffe0000000n,
  0x47effffff0000000n,
  0x7fefffffffffffffn,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff4000000000000n,
  0x7ff0000000000001n,
  0xffffffffffffffffn,
];

/** Bits of a number: often an edge case, often small, sometimes anything. */
export function interestingBits(random: Random, type: TypeName): bigint {
  const width = type === 'i32' || type === 'f32' ? 32 : 64;
  const kind = random.below(10);
  if (type === 'f32' || type === 'f64') {
    if (kind < 5) return random.pick(type === 'f32' ? F32_BITS : F64_BITS);
    if (kind < 8) return smallFloat(random, type);
  } else {
    if (kind < 4) return BigInt.asUintN(width, BigInt(random.between(-4, 40)));
    if (kind < 6)
      return BigInt.asUintN(width, (1n << BigInt(random.below(width + 1))) - BigInt(random.below(3)));
    if (kind < 8) return BigInt(random.u32() >>> random.below(32));
  }
  return BigInt.asUintN(width, random.u64());
}

function smallFloat(random: Random, type: 'f32' | 'f64'): bigint {
  const view = new DataView(new ArrayBuffer(8));
  const value = random.between(-2000, 2000) / random.pick([1, 2, 4, 3, 10, 1000]);
  if (type === 'f64') {
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}
