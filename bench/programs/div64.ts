// 64-bit division alone: digits of numbers (small constant divisors), greatest common divisors (large ones).
function digits(x: u64): i32 {
  let sum = 0;
  while (x) {
    sum += <i32>(x % 10);
    x /= 10;
  }
  return sum;
}

function gcd(a: u64, b: u64): u64 {
  while (b) {
    const t = a % b;
    a = b;
    b = t;
  }
  return a;
}

export function run(n: i32): i32 {
  let x: u64 = 88172645463325252;
  let check = 0;
  for (let i = 0; i < n * 50; i++) {
    x = x * 6364136223846793005 + 1442695040888963407;
    check = check * 31 + digits(x) + <i32>gcd(x, (x >> 17) | 1);
  }
  return check;
}
