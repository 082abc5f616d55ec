/*
 * Loops that compilers make vectors of, and a few that are written with them. Compiled with -msimd128 and without it, both compute the same.
 * Each kernel is exported by its name and repeats its work n times.
 */
#include <stdint.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define KERNEL(name) __attribute__((export_name(#name), noinline)) uint32_t name(uint32_t n)
#define SIZE 8192

static uint8_t image[3 * SIZE], other[3 * SIZE];
static int16_t as[SIZE], bs[SIZE];
static int32_t is[SIZE], js[SIZE];
static float xs[SIZE], ys[SIZE];
static double ds[SIZE], es[SIZE];

__attribute__((export_name("prepare"))) void prepare(void) {
  uint32_t noise = 12345;
  for (int k = 0; k < 3 * SIZE; k++) {
    noise = noise * 1664525u + 1013904223u;
    image[k] = noise >> 24;
    other[k] = noise >> 16;
  }
  for (int k = 0; k < SIZE; k++) {
    xs[k] = image[k] / 16.0f;
    ys[k] = image[k + SIZE];
    ds[k] = image[k] / 8.0;
    es[k] = image[k + SIZE];
    as[k] = image[k] * 100;
    bs[k] = image[k + SIZE] - 128;
    is[k] = image[k] * 7919;
    js[k] = image[k + SIZE] << 8;
  }
}

static uint32_t fnv(const void *data, uint32_t size) {
  const uint8_t *bytes = data;
  uint32_t hash = 2166136261u;
  for (uint32_t k = 0; k < size; k += 509) hash = (hash ^ bytes[k]) * 16777619u;
  return hash;
}

/* Saturating sums of bytes. */
KERNEL(brighten) {
  for (uint32_t r = 0; r < n; r++) {
#ifdef __wasm_simd128__
    v128_t more = wasm_u8x16_splat(r);
    for (int k = 0; k < 3 * SIZE; k += 16)
      wasm_v128_store(other + k, wasm_u8x16_add_sat(wasm_v128_load(image + k), more));
#else
    for (int k = 0; k < 3 * SIZE; k++) {
      int sum = image[k] + (uint8_t)r;
      other[k] = sum > 255 ? 255 : sum;
    }
#endif
  }
  return fnv(other, sizeof other);
}

/* Averages of three rows, and the difference to the middle one. */
KERNEL(blur) {
  for (uint32_t r = 0; r < n; r++) {
    for (int y = 1; y < 3 * SIZE / 256 - 1; y++) {
      const uint8_t *above = image + (y - 1) * 256, *here = above + 256, *below = here + 256;
      uint8_t *to = other + y * 256;
#ifdef __wasm_simd128__
      for (int x = 0; x < 256; x += 16) {
        v128_t middle = wasm_v128_load(here + x);
        v128_t mean = wasm_u8x16_avgr(wasm_u8x16_avgr(wasm_v128_load(above + x), wasm_v128_load(below + x)), middle);
        v128_t edge = wasm_i8x16_sub(wasm_u8x16_max(mean, middle), wasm_u8x16_min(mean, middle));
        wasm_v128_store(to + x, wasm_v128_xor(wasm_i8x16_add(mean, edge), wasm_i8x16_splat(r)));
      }
#else
      for (int x = 0; x < 256; x++) {
        int middle = here[x];
        int mean = (((above[x] + below[x] + 1) >> 1) + middle + 1) >> 1;
        int edge = mean > middle ? mean - middle : middle - mean;
        to[x] = (uint8_t)(mean + edge) ^ (uint8_t)r;
      }
#endif
    }
  }
  return fnv(other, sizeof other);
}

/* Three interleaved bytes to one. */
KERNEL(gray) {
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k++) {
      const uint8_t *pixel = image + 3 * k;
      other[k] = (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + r) >> 8;
    }
  }
  return fnv(other, SIZE);
}

/* One picture over another. */
KERNEL(blend) {
  for (uint32_t r = 0; r < n; r++) {
    uint32_t alpha = r & 255;
    for (int k = 0; k < 3 * SIZE; k++) other[k] = (image[k] * alpha + other[k] * (255 - alpha)) >> 8;
  }
  return fnv(other, sizeof other);
}

/* Sums of absolute differences, as searches for motion compute them. */
KERNEL(differences) {
  uint32_t sum = 0;
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k++) {
      int d = image[k] - image[k + SIZE + (r & 15)];
      sum += d < 0 ? -d : d;
    }
  }
  return sum;
}

KERNEL(saxpy) {
  for (uint32_t r = 0; r < n; r++) {
    float a = r * 0.125f;
    for (int k = 0; k < SIZE; k++) ys[k] = a * xs[k] + ys[k] * 0.5f;
  }
  return fnv(ys, sizeof ys);
}

KERNEL(daxpy) {
  for (uint32_t r = 0; r < n; r++) {
    double a = r * 0.125;
    for (int k = 0; k < SIZE; k++) es[k] = a * ds[k] + es[k] * 0.5;
  }
  return fnv(es, sizeof es);
}

/* Bytes to floats and back. */
KERNEL(scale) {
  for (uint32_t r = 0; r < n; r++) {
    float by = 1.0f / (1 + (r & 7));
    for (int k = 0; k < SIZE; k++) xs[k] = image[k] * by;
    for (int k = 0; k < SIZE; k++) is[k] = xs[k];
  }
  return fnv(is, sizeof is);
}

/* Products of 16 bits, summed in 32. */
KERNEL(dot) {
  int32_t sum = 0;
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k++) sum += as[k] * bs[k];
  }
  return sum;
}

/* The rounds of xxHash32 on four lanes. */
KERNEL(hash) {
  uint32_t lanes[4] = {1, 2, 3, 4};
  for (uint32_t r = 0; r < n; r++) {
#ifdef __wasm_simd128__
    v128_t all = wasm_v128_load(lanes);
    for (uint32_t at = 0; at + 16 <= sizeof image; at += 16) {
      v128_t x = wasm_i32x4_add(all, wasm_i32x4_mul(wasm_v128_load(image + at), wasm_i32x4_splat(2246822519u)));
      x = wasm_v128_or(wasm_i32x4_shl(x, 13), wasm_u32x4_shr(x, 19));
      all = wasm_i32x4_mul(x, wasm_i32x4_splat(2654435761u));
    }
    wasm_v128_store(lanes, all);
#else
    for (uint32_t at = 0; at + 16 <= sizeof image; at += 16) {
      uint32_t words[4];
      __builtin_memcpy(words, image + at, 16);
      for (int k = 0; k < 4; k++) {
        uint32_t x = lanes[k] + words[k] * 2246822519u;
        lanes[k] = (x << 13 | x >> 19) * 2654435761u;
      }
    }
#endif
  }
  return lanes[0] ^ lanes[1] << 1 ^ lanes[2] << 2 ^ lanes[3] << 3;
}

/* The largest of 32-bit numbers, and where two arrays differ. */
KERNEL(largest) {
  int32_t most = 0;
  uint32_t apart = 0;
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k++) {
      most = is[k] > most ? is[k] : most;
      apart += is[k] != js[k];
    }
  }
  return most + apart;
}

/* Words turned, mixed and written again. */
KERNEL(mix) {
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k++) {
      uint32_t x = is[k] + js[k];
      x ^= x << 13;
      x ^= x >> 17;
      js[k] = x ^ x << 5;
    }
  }
  return fnv(js, sizeof js);
}

/* Looks for a byte that is not there. */
KERNEL(find) {
  uint32_t found = 0;
  for (uint32_t r = 0; r < n; r++) {
    const uint8_t *from = (const uint8_t *)js;
    uint8_t wanted = 77;
#ifdef __wasm_simd128__
    for (uint32_t k = 0; k < 4 * SIZE; k += 16) {
      uint32_t bits = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(from + k), wasm_i8x16_splat(wanted)));
      if (bits != 0) found += __builtin_ctz(bits);
    }
#else
    for (uint32_t k = 0; k < 4 * SIZE; k++) {
      if (from[k] == wanted) {
        found += k & 15;
        k |= 15;
      }
    }
#endif
  }
  return found;
}

/* Digits of sixteen to text: a table that is looked up by a swizzle. */
KERNEL(hexadecimal) {
  for (uint32_t r = 0; r < n; r++) {
#ifdef __wasm_simd128__
    v128_t digits = wasm_i8x16_make('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
    for (int k = 0; k < SIZE; k += 16) {
      v128_t bytes = wasm_v128_load(image + k);
      v128_t high = wasm_i8x16_swizzle(digits, wasm_u8x16_shr(bytes, 4));
      v128_t low = wasm_i8x16_swizzle(digits, wasm_v128_and(bytes, wasm_i8x16_splat(15)));
      wasm_v128_store(other + 2 * k, wasm_i8x16_shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      wasm_v128_store(other + 2 * k + 16,
                      wasm_i8x16_shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    }
#else
    static const char digits[] = "0123456789abcdef";
    for (int k = 0; k < SIZE; k++) {
      other[2 * k] = digits[image[k] >> 4];
      other[2 * k + 1] = digits[image[k] & 15];
    }
#endif
  }
  return fnv(other, 2 * SIZE);
}

/* Matrices of four by four, times vectors. */
KERNEL(transform) {
  for (uint32_t r = 0; r < n; r++) {
    for (int k = 0; k < SIZE; k += 4) {
      float x = xs[k], y = xs[k + 1], z = xs[k + 2], w = xs[k + 3];
      for (int j = 0; j < 4; j++) ys[k + j] = x * 0.5f + y * 0.25f * (j + 1) + z * 0.125f + w;
    }
  }
  return fnv(ys, sizeof ys);
}
