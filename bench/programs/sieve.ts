// Sieve of Eratosthenes over bytes: strided i32.store8, i32.load8_u.
const SIZE: i32 = 65536;
const flags: usize = memory.data(65536);

function sieve(): i32 {
  memory.fill(flags, 1, SIZE);
  let count = 0;
  for (let i = 2; i < SIZE; i++) {
    if (load<u8>(flags + i)) {
      count++;
      for (let k = i + i; k < SIZE; k += i) store<u8>(flags + k, 0);
    }
  }
  return count;
}

export function run(n: i32): i32 {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = sum * 31 + sieve();
  return sum;
}
