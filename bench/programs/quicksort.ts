// Quicksort of 4096 i32: data-dependent branches, recursion, swaps in memory.
const SIZE: i32 = 4096;
const data = new StaticArray<i32>(SIZE);

function sort(lo: i32, hi: i32): void {
  while (lo < hi) {
    const pivot = unchecked(data[(lo + hi) >>> 1]);
    let i = lo;
    let j = hi;
    while (i <= j) {
      while (unchecked(data[i]) < pivot) i++;
      while (unchecked(data[j]) > pivot) j--;
      if (i <= j) {
        const t = unchecked(data[i]);
        unchecked((data[i] = data[j]));
        unchecked((data[j] = t));
        i++;
        j--;
      }
    }
    if (j - lo < hi - i) {
      sort(lo, j);
      lo = i;
    } else {
      sort(i, hi);
      hi = j;
    }
  }
}

export function run(n: i32): i32 {
  let seed = 12345;
  let check = 0;
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < SIZE; i++) {
      seed = seed * 1103515245 + 12345;
      unchecked((data[i] = seed >> 8));
    }
    sort(0, SIZE - 1);
    for (let i = 1; i < SIZE; i++) if (unchecked(data[i - 1] > data[i])) return -1;
    check = check * 31 + unchecked(data[r & (SIZE - 1)]);
  }
  return check;
}
