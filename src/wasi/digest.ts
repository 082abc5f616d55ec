/** SHA-256 (FIPS 180-4), for telling whether a file on another host is still the same file. */

/** The first 32 bits of the fractional parts of the n-th roots of the first primes. */
function primeRoots(count: number, root: number): Int32Array {
  const words = new Int32Array(count);
  for (let n = 2, found = 0; found < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
    if (!prime) continue;
    const value = n ** (1 / root);
    words[found++] = Math.floor((value - Math.floor(value)) * 0x1_0000_0000);
  }
  return words;
}

const K = primeRoots(64, 3);
const INITIAL = primeRoots(8, 2);
const BLOCK = 64;

export class Sha256 {
  private readonly h = INITIAL.slice();
  private readonly block = new Uint8Array(BLOCK);
  private readonly w = new Int32Array(64);
  private length = 0;

  update(bytes: Uint8Array): this {
    let at = 0;
    while (at < bytes.length) {
      const filled = this.length % BLOCK;
      const part = bytes.subarray(at, at + BLOCK - filled);
      this.block.set(part, filled);
      this.length += part.length;
      at += part.length;
      if (this.length % BLOCK === 0) this.compress();
    }
    return this;
  }

  /** 32 bytes. The object is used up. */
  digest(): Uint8Array {
    const length = this.length;
    const room = BLOCK - (length % BLOCK);
    const tail = new Uint8Array(room < 9 ? room + BLOCK : room);
    tail[0] = 0x80;
    const view = new DataView(tail.buffer);
    view.setUint32(tail.length - 8, Math.floor(length / 0x2000_0000));
    view.setUint32(tail.length - 4, (length * 8) % 0x1_0000_0000);
    this.update(tail);
    const out = new Uint8Array(32);
    const result = new DataView(out.buffer);
    for (let i = 0; i < 8; i++) result.setInt32(i * 4, this.h[i]);
    return out;
  }

  private compress(): void {
    const { w, h, block } = this;
    for (let i = 0; i < 16; i++) {
      const at = i * 4;
      w[i] = (block[at] << 24) | (block[at + 1] << 16) | (block[at + 2] << 8) | block[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const s0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
      const s1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, last] = h;
    for (let i = 0; i < 64; i++) {
      const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
      const t1 = (last + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      last = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, last].forEach((value, i) => {
      h[i] += value;
    });
  }
}

function rotr(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Sha256().update(bytes).digest();
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16);
  return text;
}
