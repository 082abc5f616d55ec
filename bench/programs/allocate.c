// Allocations of 1 KB that are never given back, and the program's own time for them in milliseconds: start-up and translation of what runs
// before `main` are not in it.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char *volatile sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 100000;
  double begun = now();
  long sum = 0;
  for (int i = 0; i < count; i++) {
    sink = malloc(1024);
    if (sink == NULL) return 1;
    sink[0] = i;
    sum += sink[0];
  }
  double took = now() - begun;
  printf("%ld %.3f\n", sum, took);
  return 0;
}
