/*
 * Counts lines, words and bytes of the files it is given, or of standard input: an ordinary C program for WASI.
 *
 *   apt install clang lld wasi-libc libclang-rt-dev-wasm32
 *   clang --target=wasm32-wasi -O2 -o wc.wasm examples/c/wc.c
 *   npx tswasm run --dir .::. wc.wasm README.md
 *   echo some words | npx tswasm run wc.wasm
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>

static int count(FILE *in, const char *name) {
  unsigned long lines = 0, words = 0, bytes = 0;
  int c, inside = 0;
  while ((c = getc(in)) != EOF) {
    bytes++;
    if (c == '\n') lines++;
    if (isspace(c)) inside = 0;
    else if (!inside) inside = 1, words++;
  }
  if (ferror(in)) {
    fprintf(stderr, "wc: %s: %s\n", name, strerror(errno));
    return 1;
  }
  printf("%7lu %7lu %7lu %s\n", lines, words, bytes, name);
  return 0;
}

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 2) return count(stdin, "");
  for (int i = 1; i < argc; i++) {
    FILE *in = fopen(argv[i], "rb");
    if (!in) {
      fprintf(stderr, "wc: %s: %s\n", argv[i], strerror(errno));
      status = 1;
      continue;
    }
    status |= count(in, argv[i]);
    fclose(in);
  }
  return status;
}
