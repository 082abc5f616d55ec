/*
 * A blur, a threshold, a hash and a sum of products, in loops that clang vectorises with -O3 -msimd128. Without a C library: `run` takes the
 * number of rounds and gives one number of all that was computed.
 */
typedef unsigned char byte;
typedef unsigned int word;

#define WIDTH 64
#define HEIGHT 32

static byte image[WIDTH * HEIGHT], blurred[WIDTH * HEIGHT];
static float weights[WIDTH], sums[WIDTH];
static short samples[WIDTH];

static void paint(word seed) {
  for (int k = 0; k < WIDTH * HEIGHT; k++) {
    seed = seed * 1664525u + 1013904223u;
    image[k] = seed >> 24;
  }
  for (int k = 0; k < WIDTH; k++) {
    weights[k] = image[k] * 0.25f;
    samples[k] = image[k + WIDTH] * 3 - 300;
  }
}

static void blur(void) {
  for (int y = 1; y < HEIGHT - 1; y++) {
    const byte *above = image + (y - 1) * WIDTH, *here = above + WIDTH, *below = here + WIDTH;
    for (int x = 0; x < WIDTH; x++) blurred[y * WIDTH + x] = (above[x] + 2 * here[x] + below[x] + 2) >> 2;
  }
}

static void threshold(byte limit) {
  for (int k = 0; k < WIDTH * HEIGHT; k++) blurred[k] = blurred[k] > limit ? 255 : blurred[k] / 2;
}

static word hash(void) {
  word lanes[4] = {1, 2, 3, 4};
  const word *words = (const word *)blurred;
  for (int k = 0; k < WIDTH * HEIGHT / 4; k += 4) {
    for (int lane = 0; lane < 4; lane++) {
      word x = lanes[lane] + words[k + lane] * 2246822519u;
      lanes[lane] = (x << 13 | x >> 19) * 2654435761u;
    }
  }
  return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3];
}

static word products(int round) {
  int sum = 0;
  for (int k = 0; k < WIDTH; k++) sum += samples[k] * samples[WIDTH - 1 - k];
  for (int k = 0; k < WIDTH; k++) sums[k] = sums[k] * 0.5f + weights[k] * round;
  return sum + (word)(int)sums[round % WIDTH];
}

__attribute__((export_name("run"))) word run(int rounds) {
  word all = 0;
  for (int round = 0; round < rounds; round++) {
    paint(round);
    blur();
    threshold(60 + round);
    all = all * 31 + hash() + products(round);
  }
  return all;
}
