/** The deterministic random source: xoshiro128** (Blackman and Vigna). Repeatable, not secret. */

export class SeededRandom {
  /** Four words, not all zero. */
  readonly state: Int32Array;

  constructor(seed: number | Int32Array) {
    this.state = typeof seed === 'number' ? expand(seed) : Int32Array.from(seed);
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4) {
      const word = this.next();
      for (let k = 0; k < 4 && i + k < bytes.length; k++) bytes[i + k] = word >>> (8 * k);
    }
  }

  private next(): number {
    const s = this.state;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9);
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

/** Splitmix-like expansion of a 32-bit seed; never all zero. */
function expand(seed: number): Int32Array {
  const state = new Int32Array(4);
  let z = seed | 0;
  for (let i = 0; i < 4; i++) {
    z = (z + 0x9e3779b9) | 0;
    let x = z;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    state[i] = x ^ (x >>> 15);
  }
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}
