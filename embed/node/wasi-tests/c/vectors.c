/*
 * Image filters and a hash whose loops clang vectorises: with -msimd128 and without it, they print the same.
 *
 *     vectors KERNEL REPEATS     KERNEL: brighten, blur, gray, saxpy, dot, hash or all
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
  for (int k = 0; k < 3 * PIXELS; k++) {
    int sum = image[k] + by;
    other[k] = sum > 255 ? 255 : sum;
  }
  return fnv(other, sizeof other);
}

/* Weighted sums of three rows, in 16 bits. */
static uint32_t blur(int by) {
  for (int y = 1; y < HEIGHT - 1; y++) {
    const uint8_t *above = image + (y - 1) * WIDTH, *here = above + WIDTH, *below = here + WIDTH;
    uint8_t *to = other + y * WIDTH;
    for (int x = 0; x < WIDTH; x++) to[x] = (uint16_t)(above[x] + 2 * here[x] + below[x] + (by & 3)) >> 2;
  }
  return fnv(other, PIXELS);
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

/* The rounds of xxHash32 on sixteen lanes. */
static uint32_t hash(int by) {
  uint32_t lanes[16];
  for (int k = 0; k < 16; k++) lanes[k] = by + k * 2654435761u;
  for (size_t at = 0; at + 64 <= sizeof image; at += 64) {
    uint32_t words[16];
    memcpy(words, image + at, 64);
    for (int k = 0; k < 16; k++) {
      uint32_t x = lanes[k] + words[k] * 2246822519u;
      lanes[k] = (x << 13 | x >> 19) * 2654435761u;
    }
  }
  uint32_t all = 0;
  for (int k = 0; k < 16; k++) all = (all << 1 | all >> 31) ^ lanes[k];
  return all;
}

static const struct {
  const char *name;
  uint32_t (*run)(int);
} kernels[] = {{"brighten", brighten}, {"blur", blur}, {"gray", gray}, {"saxpy", saxpy}, {"dot", dot}, {"hash", hash}};

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
