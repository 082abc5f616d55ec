/** An image codec with SIMD (libwebp, Emscripten): pictures are encoded with and without loss, and decoded again. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The parts of the codec's modules that are used here. */
interface Encoder {
  encode(pixels: Uint8Array, width: number, height: number, options: object): Uint8Array;
}
interface Decoder {
  decode(file: Uint8Array): { data: Uint8ClampedArray; width: number; height: number };
}
type Factory<Codec> = (options: { wasmBinary: Uint8Array }) => Promise<Codec>;

const [WIDTH, HEIGHT] = [40, 24];
const require = createRequire(import.meta.url);

async function codec<Codec>(name: string): Promise<Codec> {
  const { default: factory } = (await import(`@jsquash/webp/codec/${name}.js`)) as {
    default: Factory<Codec>;
  };
  const wasmBinary = readFileSync(require.resolve(`@jsquash/webp/codec/${name}.wasm`));
  return await factory({ wasmBinary: new Uint8Array(wasmBinary) });
}

function picture(): Uint8Array {
  const pixels = new Uint8Array(4 * WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const ring = Math.floor(Math.hypot(x - 20, y - 15)) % 8 < 4 ? 90 : 0;
      pixels.set([(x * 255) / WIDTH, (y * 4) & 255, ring + (x ^ y), 255], 4 * (y * WIDTH + x));
    }
  }
  return pixels;
}

export async function run(): Promise<unknown> {
  // The decoder makes one.
  Object.assign(globalThis, {
    ImageData: class {
      constructor(
        readonly data: Uint8ClampedArray,
        readonly width: number,
        readonly height: number,
      ) {}
    },
  });
  const encoder = await codec<Encoder>('enc/webp_enc_simd');
  const decoder = await codec<Decoder>('dec/webp_dec');
  const { defaultOptions } = (await import('@jsquash/webp/meta.js')) as { defaultOptions: object };
  const pixels = picture();
  return [{}, { quality: 30, method: 6 }, { lossless: 1 }].map((options) => {
    const file = encoder.encode(pixels, WIDTH, HEIGHT, { ...defaultOptions, ...options });
    const hash = createHash('sha256').update(file).digest('hex');
    const { data, width, height } = decoder.decode(file);
    const worst = data.reduce((most, value, k) => Math.max(most, Math.abs(value - pixels[k])), 0);
    return { hash, length: file.length, width, height, worst };
  });
}
