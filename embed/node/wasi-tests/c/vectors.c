/*
 * Image filters and a hash. With -msimd128 the first ones use vectors of bytes, and clang vectorises the others; without it they are the
 * loops below. Both print the same.
 *
 *     vectors KERNEL REPEATS     KERNEL: brighten, blur, hash, gray, saxpy, dot or all
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#define WIDTH 256
#define HEIGHT 96
#define PIXELS (WIDTH * HEIGHT)

static uint8_t image[3 * PIXELS], other[3 * PIXELS];
static float xs[PIXELS], ys[PIXELS];
static int16_t as[PIXELS], bs[PIXELS];

static uint32_t fnv(const void *data, size_t size) {
  const uint8_t *bytes = data;
  uint32_t hash = 2166136261u;
  for (size_t k = 0; k < size; k += 61) hash = (hash ^ bytes[k]) * 16777619u;
  return hash;
}

/* Saturating sums of bytes. */
static uint32_t brighten(int by) {
#ifdef __wasm_simd128__
  v128_t more = wasm_u8x16_splat(by);
  for (int k = 0; k < 3 * PIXELS; k += 16) wasm_v128_store(other + k, wasm_u8x16_add_sat(wasm_v128_load(image + k), more));
#else
  for (int k = 0; k < 3 * PIXELS; k++) {
    int sum = image[k] + (uint8_t)by;
    other[k] = sum > 255 ? 255 : sum;
  }
#endif
  return fnv(other, sizeof other);
}

/* Averages of three rows, and the difference to the middle one. */
static uint32_t blur(int by) {
  for (int y = 1; y < 3 * HEIGHT - 1; y++) {
    const uint8_t *above = image + (y - 1) * WIDTH, *here = above + WIDTH, *below = here + WIDTH;
    uint8_t *to = other + y * WIDTH;
#ifdef __wasm_simd128__
    for (int x = 0; x < WIDTH; x += 16) {
      v128_t middle = wasm_v128_load(here + x);
      v128_t mean = wasm_u8x16_avgr(wasm_u8x16_avgr(wasm_v128_load(above + x), wasm_v128_load(below + x)), middle);
      v128_t edge = wasm_i8x16_sub(wasm_u8x16_max(mean, middle), wasm_u8x16_min(mean, middle));
      wasm_v128_store(to + x, wasm_v128_xor(wasm_i8x16_add(mean, edge), wasm_i8x16_splat(by)));
    }
#else
    for (int x = 0; x < WIDTH; x++) {
      int middle = here[x];
      int mean = (((above[x] + below[x] + 1) >> 1) + middle + 1) >> 1;
      int edge = mean > middle ? mean - middle : middle - mean;
      to[x] = (uint8_t)(mean + edge) ^ by;
    }
#endif
  }
  return fnv(other, sizeof other);
}

/* Three interleaved bytes to one. */
static uint32_t gray(int by) {
  for (int k = 0; k < PIXELS; k++) {
    const uint8_t *pixel = image + 3 * k;
    other[k] = (77 * pixel[0] + 150 * pixel[1] + 29 * pixel[2] + by) >> 8;
  }
  return fnv(other, PIXELS);
}

static uint32_t saxpy(int by) {
  float a = by * 0.125f;
  for (int k = 0; k < PIXELS; k++) ys[k] = a * xs[k] + ys[k] * 0.5f;
  return fnv(ys, sizeof ys);
}

/* Products of 16 bits, summed in 32. */
static uint32_t dot(int by) {
  int32_t sum = by;
  for (int k = 0; k < PIXELS; k++) sum += as[k] * bs[k];
  return sum;
}

/* The rounds of xxHash32 on four lanes. */
static uint32_t hash(int by) {
  uint32_t lanes[4] = {by, by + 1, by + 2, by + 3};
#ifdef __wasm_simd128__
  v128_t all = wasm_v128_load(lanes);
  for (size_t at = 0; at + 16 <= sizeof image; at += 16) {
    v128_t x = wasm_i32x4_add(all, wasm_i32x4_mul(wasm_v128_load(image + at), wasm_i32x4_splat(2246822519u)));
    x = wasm_v128_or(wasm_i32x4_shl(x, 13), wasm_u32x4_shr(x, 19));
    all = wasm_i32x4_mul(x, wasm_i32x4_splat(2654435761u));
  }
  wasm_v128_store(lanes, all);
#else
  for (size_t at = 0; at + 16 <= sizeof image; at += 16) {
    uint32_t words[4];
    memcpy(words, image + at, 16);
    for (int k = 0; k < 4; k++) {
      uint32_t x = lanes[k] + words[k] * 2246822519u;
      lanes[k] = (x << 13 | x >> 19) * 2654435761u;
    }
  }
#endif
  return lanes[0] ^ lanes[1] << 1 ^ lanes[2] << 2 ^ lanes[3] << 3;
}

static const struct {
  const char *name;
  uint32_t (*run)(int);
} kernels[] = {{"brighten", brighten}, {"blur", blur}, {"hash", hash}, {"gray", gray}, {"saxpy", saxpy}, {"dot", dot}};

int main(int argc, char **argv) {
  const char *wanted = argc > 1 ? argv[1] : "all";
  int repeats = argc > 2 ? atoi(argv[2]) : 3;
  uint32_t noise = 12345;
  for (int k = 0; k < 3 * PIXELS; k++) {
    noise = noise * 1664525u + 1013904223u;
    image[k] = noise >> 24;
  }
  for (int k = 0; k < PIXELS; k++) {
    xs[k] = image[k] / 16.0f;
    ys[k] = image[k + PIXELS];
    as[k] = image[k] * 100;
    bs[k] = image[k + PIXELS] - 128;
  }
  for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
    if (strcmp(wanted, "all") != 0 && strcmp(wanted, kernels[k].name) != 0) continue;
    uint32_t result = 0;
    for (int n = 0; n < repeats; n++) result = result * 31 + kernels[k].run(n);
    printf("%s %08x\n", kernels[k].name, result);
    fflush(stdout);
  }
  return 0;
}
