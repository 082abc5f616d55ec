/* Writes 2000 numbered lines to /data/out.txt through stdio, and says so. guests.ts has the same in AssemblyScript. */
#include <stdint.h>
#include <stdio.h>

int main(void) {
  FILE *file = fopen("/data/out.txt", "w");
  if (!file) return 1;
  for (uint32_t i = 0; i < 2000; i++) {
    uint32_t x = i;
    for (int k = 0; k < 20; k++) x = x * 1664525u + 1013904223u;
    fprintf(file, "line %u has %u\n", i, x);
  }
  if (fclose(file)) return 2;
  puts("written");
  return 0;
}
