/* Lists /data/many with readdir, sums up each name's letters the slow way, and prints names and sum. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

int main(void) {
  DIR *directory = opendir("/data/many");
  if (!directory) return 1;
  uint32_t sum = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    for (int k = 0; k < 200; k++)
      for (const char *c = entry->d_name; *c; c++) sum = sum * 31 + (unsigned char)*c;
    puts(entry->d_name);
  }
  closedir(directory);
  printf("%u\n", sum);
  return 0;
}
