/** Brotli (Rust, wasm-bindgen): round trips, and an error that comes back as a JavaScript value. */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

type Brotli = typeof import('brotli-wasm', { with: { 'resolution-mode': 'require' }});

export async function run(): Promise<unknown> {
  // Loaded here and not imported: the package instantiates its module while it is loaded.
  const brotli = createRequire(import.meta.url)('brotli-wasm') as Awaited<Brotli['default']>;
  const text = Array.from({ length: 3000 }, (_, i) => `line ${i}: ${(i * 2654435761) >>> 0}`).join('\n');
  const plain = new TextEncoder().encode(text);
  const sizes: unknown[] = [];
  for (const quality of [1, 5, 9]) {
    const packed = brotli.compress(plain, { quality });
    const hash = createHash('sha256').update(packed).digest('hex');
    sizes.push([quality, packed.length, hash, new TextDecoder().decode(brotli.decompress(packed)) === text]);
  }
  let failure = '';
  try {
    brotli.decompress(new Uint8Array([1, 2, 3, 4]));
  } catch (error) {
    failure = String(error);
  }
  return { sizes, failure };
}
