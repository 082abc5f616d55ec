// 64-bit integers: xorshift, multiplication, rotation, signed and unsigned division with large and small divisors.
function xorshift(x: u64): u64 {
  x ^= x << 13;
  x ^= x >> 7;
  return x ^ (x << 17);
}

export function run(n: i32): i32 {
  let x: u64 = 0x9e3779b97f4a7c15;
  let sum: u64 = 0;
  for (let i = 0; i < n * 1000; i++) {
    x = xorshift(x);
    sum += x * 0xff51afd7ed558ccd;
    sum ^= rotl(x, 27) >> 3;
    sum += x / (<u64>i + 3);
    sum -= <u64>(<i64>x % ((<i64>sum >> 40) | 1));
    if (<i64>sum < <i64>x) sum += x % 1000000007;
  }
  return <i32>sum ^ <i32>(sum >> 32);
}
